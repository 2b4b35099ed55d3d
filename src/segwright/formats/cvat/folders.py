"""Datasets in CVAT's own XML: "CVAT for images 1.1".

Accepted layouts:

    DATA/annotations.xml (or ANY.xml)      DATA/images/…, or the pictures anywhere below DATA
    DATA/SPLIT.xml, DATA/SPLIT/annotations.xml

A picture belongs to the split that its `subset` names, otherwise to that of its file or folder.
Shapes of a higher z_order lie over those of a lower one; those of the same as everywhere, smaller
over larger.

Source: https://docs.cvat.ai/docs/other/xml_format (version 1.1).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from xml.etree.ElementTree import Element

from segwright.errors import LabelError
from segwright.formats.cvat.shapes import AREAS, read_attributes, read_shape, whole_number
from segwright.formats.cvat.writing import write_cvat
from segwright.formats.drawing import Drawing
from segwright.formats.drawn import DrawnLabels
from segwright.formats.entry import (
    Collection,
    Entry,
    Undecided,
    listed,
    split_of_name,
    with_unique_keys,
)
from segwright.formats.faults import Fault, Report, fault_of
from segwright.formats.format import Format, Opening
from segwright.formats.objects import name_objects
from segwright.formats.references import Pictures, in_order, key_of, parts_of, split_of_parts
from segwright.formats.strict_xml import read_xml
from segwright.labels.instances import Instance

_ROOT_ELEMENT = re.compile(rb"<annotations[\s>]")
_SNIFFED_BYTES = 4096
_LOOKED_AT = 5
_NO_AREA_TYPES = frozenset({"points", "polyline", "cuboid", "skeleton", "tag"})
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")

Colour = tuple[int, int, int]


def has_cvat_files(root: Path) -> bool:
    """Whether one of the first XML files of a folder, or below it, is of CVAT."""
    return any(_is_cvat(path) for path in islice(_xml_files(root), _LOOKED_AT))


def _xml_files(root: Path) -> Iterator[Path]:
    """XML files in a folder, then those one level below."""
    yield from sorted(root.glob("[!.]*.xml"))
    yield from sorted(root.glob("[!.]*/[!.]*.xml"))


def _is_cvat(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            return bool(_ROOT_ELEMENT.search(file.read(_SNIFFED_BYTES)))
    except OSError:
        return False


@dataclass(frozen=True)
class CvatLabels(DrawnLabels):
    """The labels of one picture in a CVAT file, on the layers of their z_order.

    Attributes:
        element: What the file says about the picture.
    """

    element: Element

    @property
    def where(self) -> str:
        return f"{self.path}, {self.element.get('name')}"

    def draw(self, drawing: Drawing) -> None:
        try:
            said = (
                whole_number(self.element, "height", default=drawing.size_hw[0]),
                whole_number(self.element, "width", default=drawing.size_hw[1]),
            )
        except LabelError as error:
            drawing.give_up("bad-record", error.problem, error.remedy or "Correct it")
        self.require_size(said, drawing)
        for number, element in enumerate(self.element):
            self._draw(element, f"{element.tag} {number}", drawing)

    def _draw(self, element: Element, name: str, drawing: Drawing) -> None:
        """Adds one object, or reports what is wrong with it."""
        shape = read_shape(element, name, drawing)
        if shape is None:
            return
        class_id = self.class_of(element.get("label", ""), name, drawing)
        if class_id is None:
            return
        try:
            layer = whole_number(element, "z_order", default=0)
        except LabelError as error:
            drawing.fault("bad-record", error.problem, error.remedy or "Correct it", name=name)
            return
        attributes = read_attributes(element)
        drawing.add(Instance(class_id, shape, name=name, attributes=attributes, layer=layer))


@dataclass
class _Found:
    """What the CVAT files of a dataset say, while they are opened."""

    colours: dict[str, Colour | None] = field(default_factory=dict)
    records: dict[Path, tuple[Path, Element]] = field(default_factory=dict)


def open_cvat(opening: Opening) -> Collection:
    """Reads the CVAT files of a dataset and finds their pictures.

    Labels are those that the files declare; where they declare none, those that are used outside a
    test split.

    Raises:
        DataError: No label at all; what `report` raises.
    """
    root = opening.root
    pictures = Pictures.below(root)
    found = _Found()
    for path in filter(_is_cvat, _xml_files(root)):
        try:
            content = _read_cvat(path)
        except LabelError as error:
            opening.report(fault_of(error, "unreadable-labels", where=path))
            continue
        found.colours |= {n: c for n, c in _labels_of(content).items() if n not in found.colours}
        _pair(path, content, pictures, found, opening.report)
    pictures.report_unmentioned(found.records, opening.report, what="CVAT file")
    entries = opening.assign(
        with_unique_keys(in_order(_entry(i, p, e, root) for i, (p, e) in found.records.items()))
    )
    names = list(found.colours) or _used(entries, found)
    colours = {name: colour for name, colour in found.colours.items() if colour}
    naming = name_objects(names, opening.settings, where=root, colours=colours)
    notes = ["Shapes of a higher z_order lie over lower ones; otherwise smaller over larger."]
    if naming.ignored:
        notes.append(f"Ignored: {listed(naming.ignored)}.")
    if empty := sum(len(element) == 0 for _, element in found.records.values()):
        notes.append(f"{empty} pictures have no shape and are background throughout.")
    finished = []
    for entry in entries:
        path, element = found.records[entry.image]
        labels = CvatLabels(path, entry.image, naming.classes, naming.id_of, entry.key, element)
        finished.append(replace(entry, labels=labels))
    return Collection(naming.classes, tuple(finished), tuple(notes))


def _read_cvat(path: Path) -> Element:
    content = read_xml(path)
    if content.tag != "annotations":
        raise LabelError(f"not a CVAT file: it holds <{content.tag}>", where=path)
    if content.find("track") is not None and content.find("image") is None:
        raise LabelError(
            "is of the kind 'CVAT for video', without pictures",
            where=path,
            remedy="Export it as 'CVAT for images 1.1'",
        )
    return content


def _labels_of(content: Element) -> dict[str, Colour | None]:
    """The declared labels of areas with their colours; parts of skeletons are left out."""
    labels: dict[str, Colour | None] = {}
    for label in content.iterfind("meta/*/labels/label"):
        name, colour = label.findtext("name"), label.findtext("color", "")
        if not name or label.findtext("parent") or label.findtext("type") in _NO_AREA_TYPES:
            continue
        labels[name] = None
        if _COLOUR.fullmatch(colour):
            red, green, blue = bytes.fromhex(colour[1:])
            labels[name] = red, green, blue
    return labels


def _pair(path: Path, content: Element, pictures: Pictures, found: _Found, report: Report) -> None:
    """Finds the picture of every record of a file; reports those that have none, or share one."""
    records = content.findall("image")
    missing: list[str] = []
    for element in records:
        name = element.get("name", "")
        images = _candidates(path, element, pictures)
        if len(images) != 1:
            missing.append(name)
        elif images[0] in found.records:
            report(
                Fault(
                    "name-twice",
                    f"the picture {name!r:.80} stands twice",
                    str(path),
                    "Remove one of its records",
                    key_of(images[0].relative_to(pictures.root)),
                )
            )
        else:
            found.records[images[0]] = path, element
    if missing:
        report(
            Fault(
                "labels-without-image",
                f"{len(missing)} of {len(records)} pictures are missing or not told apart by their "
                f"names: {listed(missing)}",
                str(path),
                f"Put them below {pictures.root / 'images'} under these names, or remove them from "
                "the file",
            )
        )


def _candidates(path: Path, element: Element, pictures: Pictures) -> Sequence[Path]:
    """The pictures that a record may mean: one, if the folders that its name lacks tell it."""
    images = pictures.ending_in(parts_of(element.get("name", "")))
    subset = element.get("subset")
    in_subset = [i for i in images if subset in i.relative_to(pictures.root).parts[:-1]]
    images = in_subset or images
    images = [image for image in images if path.parent in image.parents] or images
    depth = min((len(image.parts) for image in images), default=0)
    return [image for image in images if len(image.parts) == depth]


def _entry(image: Path, path: Path, element: Element, root: Path) -> Entry:
    place = image.relative_to(root)
    of_file = path.relative_to(root).with_suffix("").parts
    split = split_of_name(element.get("subset", "")) or split_of_parts(
        (*of_file, *place.parts[:-1])
    )
    return Entry(key_of(place), image, Undecided((path,)), split, place.parent.as_posix())


def _used(entries: Sequence[Entry], found: _Found) -> list[str]:
    """The labels that shapes outside a test split have."""
    elements = [found.records[entry.image][1] for entry in entries if entry.split != "test"]
    shapes = (one for element in elements for one in element if one.tag in AREAS)
    labels = {shape.get("label") for shape in shapes}
    return sorted(label for label in labels if label)


CVAT = Format(
    title="CVAT for images 1.1 (XML)",
    layout="annotations.xml + images/, with the split as subset",
    found_in=has_cvat_files,
    open=open_cvat,
    write=write_cvat,
    loses={
        "vertices": "objects with holes or of several pieces are written as masks of their pixels",
        "crowds": "crowds are written as ignored regions where no object lies on them",
        "scores": "left out",
        "attributes": "those that are no text, number or truth value are left out",
        "groups": "left out",
    },
    source="https://docs.cvat.ai/docs/other/xml_format",
)
