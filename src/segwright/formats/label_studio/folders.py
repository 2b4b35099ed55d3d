"""Datasets that are pictures and an export of Label Studio ("JSON" or "JSON-MIN").

Accepted layouts:

    DATA/ANY.json, or DATA/SPLIT.json      DATA/images/…, or the pictures anywhere below DATA
    DATA/label_config.xml (or config.xml)  the labelling setup with classes and colours, if known

Tasks tell their pictures by name; folders decide only where several pictures have that name.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from segwright.errors import LabelError
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
from segwright.formats.label_studio.results import Region, labels_of, read_shape, regions_of
from segwright.formats.label_studio.tasks import Task, named, picture_of, read_tasks
from segwright.formats.label_studio.writing import write_label_studio
from segwright.formats.objects import name_objects
from segwright.formats.references import Pictures, in_order, key_of, split_of_parts
from segwright.formats.strict_xml import read_xml
from segwright.labels.instances import Instance

_SNIFFED_BYTES = 65_536
_LOOKED_AT = 5
_TELLING = tuple(
    f'"{key}"'.encode()
    for key in ("annotations", "completions", "predictions", "original_width", "annotation_id")
)
_SETUPS = ("label_config.xml", "config.xml")
_NO_AREA_TAGS = frozenset({"KeyPointLabels", "VectorLabels"})
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")

Colour = tuple[int, int, int]


def has_label_studio_files(root: Path) -> bool:
    """Whether one of the first JSON files of a folder is a list of tasks."""
    return any(map(_is_export, sorted(root.glob("[!.]*.json"))[:_LOOKED_AT]))


def _is_export(path: Path) -> bool:
    try:
        with path.open("rb") as file:
            start = file.read(_SNIFFED_BYTES)
    except OSError:
        return False
    is_list = start.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"[")
    return is_list and any(key in start for key in _TELLING)


@dataclass(frozen=True)
class LabelStudioLabels(DrawnLabels):
    """The labels of one picture in an export.

    Attributes:
        task: What the export says about the picture.
    """

    task: Task

    @property
    def where(self) -> str:
        return f"{self.path}, {self.task.name}"

    def draw(self, drawing: Drawing) -> None:
        regions = regions_of(self.task.results or ())
        for region in regions:
            self.require_size(region.size_hw, drawing)
        if any(region.record.get("image_rotation") for region in regions):
            drawing.fault(
                "turned-picture",
                "the picture was turned while it was annotated; coordinates are taken for those "
                "of the picture as it is stored",
                "Look whether the objects lie where they should",
            )
        for region in regions:
            self._draw(region, drawing)

    def _draw(self, region: Region, drawing: Drawing) -> None:
        """Adds one object, or reports what is wrong with it."""
        shape = read_shape(region, drawing)
        if shape is None:
            return
        if len(region.labels) != 1:
            drawing.fault(
                "bad-record",
                f"a region with {len(region.labels)} labels: {listed(region.labels) or 'none'}",
                "Give every region one label",
                name=region.name,
            )
        elif (class_id := self.class_of(region.labels[0], region.name, drawing)) is not None:
            drawing.add(
                Instance(class_id, shape, name=region.name, attributes=dict(region.attributes))
            )


def open_label_studio(opening: Opening) -> Collection:
    """Reads the exports of a dataset and finds their pictures.

    Classes are those of the labelling setup, otherwise those that are used outside a test split. Of
    several annotations of a task the first that was not cancelled is read; predictions never are.

    Raises:
        DataError: No class at all; what `report` raises.
    """
    root = opening.root
    pictures = Pictures.below(root)
    tasks: dict[Path, tuple[Path, Task]] = {}
    for path in filter(_is_export, sorted(root.glob("[!.]*.json"))):
        try:
            _pair(path, read_tasks(path), pictures, tasks, opening.report)
        except LabelError as error:
            opening.report(fault_of(error, "unreadable-labels", where=path))
    pictures.report_unmentioned(tasks, opening.report, what="export of Label Studio")
    _report_bare(tasks, opening)
    labelled = {image: pair for image, pair in tasks.items() if pair[1].results is not None}
    entries = opening.assign(
        with_unique_keys(in_order(_entry(i, p, root) for i, (p, _) in labelled.items()))
    )
    colours = _setup(opening)
    names = list(colours) or _used(entries, labelled)
    naming = name_objects(
        names,
        opening.settings,
        where=root,
        colours={name: colour for name, colour in colours.items() if colour},
    )
    notes = _notes([task for _, task in labelled.values()])
    if naming.ignored:
        notes.append(f"Ignored: {listed(naming.ignored)}.")
    finished = []
    for entry in entries:
        path, task = labelled[entry.image]
        labels = LabelStudioLabels(path, entry.image, naming.classes, naming.id_of, entry.key, task)
        finished.append(replace(entry, labels=labels))
    return Collection(naming.classes, tuple(finished), tuple(notes))


def _pair(
    path: Path,
    tasks: Sequence[Task],
    pictures: Pictures,
    found: dict[Path, tuple[Path, Task]],
    report: Report,
) -> None:
    """Finds the picture of every task of an export; reports those without one, or with several."""
    images = [picture_of(task, pictures) for task in tasks]
    faults = (
        ("labels-without-image", "have no picture", 0, "Add the pictures under their names"),
        ("layout", "may mean several pictures", 2, "Give the pictures different names"),
    )
    for kind, problem, number, remedy in faults:
        odd = [t for t, i in zip(tasks, images, strict=True) if min(len(i), 2) == number]
        if odd:
            text = f"{len(odd)} of {len(tasks)} tasks {problem}: {listed(named(odd))}"
            where = f"{remedy} below {pictures.root}, or remove the tasks"
            report(Fault(kind, text, str(path), where))
    for task, candidates in zip(tasks, images, strict=True):
        if len(candidates) != 1:
            continue
        other = found.get(candidates[0])
        if other is None or (other[1].results is None and task.results is not None):
            found[candidates[0]] = path, task
        elif other[0] == path and other[1].name == task.name:  # rows of one task
            further = replace(other[1], others=other[1].others + 1)
            found[candidates[0]] = path, further
        else:
            report(
                Fault(
                    "name-twice",
                    f"{task.name} has the same picture as {other[1].name} of {other[0].name}: "
                    f"{candidates[0].name}",
                    str(path),
                    "Remove one of them",
                    key_of(candidates[0].relative_to(pictures.root)),
                )
            )


def _report_bare(tasks: Mapping[Path, tuple[Path, Task]], opening: Opening) -> None:
    """Reports tasks that nobody annotated, and those that people passed over."""
    bare = [task for _, task in tasks.values() if task.results is None and not task.skipped]
    skipped = [task for _, task in tasks.values() if task.results is None and task.skipped]
    where = str(opening.root)
    if bare:
        text = f"{len(bare)} of {len(tasks)} tasks have no annotation: {listed(named(bare))}"
        remedy = "Annotate them (submit an empty annotation if nothing is on them), or remove them"
        opening.report(Fault("image-without-labels", text, where, remedy))
    if skipped:
        text = f"{len(skipped)} of {len(tasks)} tasks were skipped: {listed(named(skipped))}"
        remedy = "Nothing needs to be done if their pictures are of no use"
        opening.report(Fault("image-without-labels", text, where, remedy, severity="warning"))


def _entry(image: Path, path: Path, root: Path) -> Entry:
    place = image.relative_to(root)
    split = split_of_name(path.stem) or split_of_parts(place.parts[:-1])
    return Entry(key_of(place), image, Undecided((path,)), split, place.parent.as_posix())


def _setup(opening: Opening) -> dict[str, Colour | None]:
    """The labels of areas in the labelling setup, with their colours; none if it is not there."""
    path = next((p for name in _SETUPS if (p := opening.root / name).is_file()), None)
    if path is None:
        return {}
    try:
        content = read_xml(path)
    except LabelError as error:
        opening.report(fault_of(error, "unreadable-labels", where=path))
        return {}
    labels: dict[str, Colour | None] = {}
    for tag in content.iter():
        if not tag.tag.endswith("Labels") or tag.tag in _NO_AREA_TAGS:
            continue
        for label in tag.iterfind("Label"):
            name, colour = label.get("alias") or label.get("value"), label.get("background", "")
            if name and not labels.get(name):
                labels[name] = None
                if _COLOUR.fullmatch(colour):
                    red, green, blue = bytes.fromhex(colour[1:])
                    labels[name] = red, green, blue
    return labels


def _used(entries: Sequence[Entry], tasks: Mapping[Path, tuple[Path, Task]]) -> list[str]:
    """The labels that records outside a test split have."""
    records: list[Mapping[str, Any]] = [
        record
        for entry in entries
        if entry.split != "test"
        for record in tasks[entry.image][1].results or ()
    ]
    return sorted({label for record in records for label in labels_of(record)})


def _notes(tasks: Sequence[Task]) -> list[str]:
    """What was found and left out."""
    notes = [f"{len(tasks)} annotated tasks; smaller objects lie over larger ones."]
    if others := sum(task.others for task in tasks):
        several = sum(task.others > 0 for task in tasks)
        notes.append(
            f"{several} tasks have several annotations: the first that was not cancelled is read, "
            f"{others} others are left out."
        )
    if predictions := sum(task.predictions for task in tasks):
        notes.append(f"{predictions} predictions are left out.")
    if empty := sum(not task.results for task in tasks):
        notes.append(f"{empty} pictures have an empty annotation and are background throughout.")
    return notes


LABEL_STUDIO = Format(
    title="Label Studio (JSON export)",
    layout="ANY.json or SPLIT.json (a list of tasks) + images/",
    found_in=has_label_studio_files,
    open=open_label_studio,
    write=write_label_studio,
    loses={
        "vertices": "objects with holes or of several pieces are written as brush masks, as are "
        "polygons whose pixels would change with the last digit of a percentage",
        "rounding": "vertices may move by less than 1e-9 pixels; no pixel changes",
        "crowds": "crowds are written as ignored regions where no object lies on them",
        "scores": "left out",
        "layers": "smaller objects lie over larger ones",
        "attributes": "left out",
        "groups": "left out",
    },
    source="https://labelstud.io/guide/task_format",
)
