"""The labels of one picture in Pascal VOC: a mask of classes, a mask of objects, and an XML file.

The mask of classes says what a pixel is, the mask of objects which object it belongs to. An object
has the class of most of its pixels. The n-th object of the XML file is the one with the number n;
where a picture has no masks, its boxes are all that is known.

Source: the development kit of http://host.robots.ox.ac.uk/pascal/VOC/voc2012/.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element

import numpy as np

from segwright.errors import LabelError
from segwright.formats.drawing import Drawing
from segwright.formats.drawn import DrawnLabels
from segwright.formats.faults import Fault, Report, fault_of, give_up, refuse
from segwright.formats.masks.values import MaskFile, differs_in_channels, packed, read_mask
from segwright.formats.pascal_voc.classes import BORDER, BORDER_COLOUR
from segwright.formats.strict_xml import read_xml
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances, Labels
from segwright.labels.label_map import LabelMap
from segwright.labels.rle import RunLengths, regions_by_id
from segwright.labels.shapes import Box

_WHOLE = re.compile(r"[0-9]{1,9}")
_FLAGS = ("truncated", "difficult", "occluded")
_STEP = 1 << 16  # (object, class) as one number: more than there are class ids


@dataclass(frozen=True)
class VocLabels:
    """The labels of one picture that has masks.

    Attributes:
        mask: The mask of classes.
        objects: The mask of objects; None if there is none: then the classes are all.
        annotation: The XML file, if there is one.
        key: The picture's key.
    """

    mask: MaskFile
    objects: Path | None
    annotation: Path | None
    key: str

    @property
    def paths(self) -> tuple[Path, ...]:
        further = (path for path in (self.objects, self.annotation) if path is not None)
        return (*self.mask.paths, *further)

    def read(self, report: Report = refuse) -> Labels:
        """The classes, or the objects and what is ignored.

        Raises:
            LabelError: A file that cannot be read, or what `report` raises.
        """
        labels = self.mask.read(report)
        if self.objects is None:
            return labels
        numbers = _numbers(self.objects, report, self.key)
        if numbers.shape != labels.size_hw:
            height, width = labels.size_hw
            problem = f"is {numbers.shape[0]}×{numbers.shape[1]}, but the mask of classes "
            problem += f"{self.mask.path} is {height}×{width} (height × width)"
            remedy = "Give both the size of the picture"
            give_up(Fault("size-differs", problem, str(self.objects), remedy, self.key), report)
        numbers[labels.ids == labels.classes.ignore_index] = 0
        instances = tuple(self._instances(numbers, labels, report))
        return Instances(labels.size_hw, instances, labels.classes)

    def _instances(
        self, numbers: np.ndarray, labels: LabelMap, report: Report
    ) -> Iterator[Instance]:
        """What is ignored, what is of no object, then the objects in the order of their numbers."""
        pieces: dict[int, dict[int, RunLengths]] = {}
        for code, region in regions_by_id(numbers * _STEP + labels.ids).items():
            pieces.setdefault(code // _STEP, {})[code % _STEP] = region
        classes = labels.classes
        for class_id, region in pieces.pop(0, {}).items():
            if class_id == classes.ignore_index:
                yield Instance(class_id, region, name="border")
            elif class_id != classes.background:
                self._disagree(f"{region.area_px:,} pixels of {classes.names[class_id]!r} belong "
                               "to no object", report)  # fmt: skip
                yield Instance(class_id, region, name=f"{classes.names[class_id]} of no object")
        records = self._records(report)
        order = sorted(pieces)
        said = records if len(records) == len(order) else []
        for place, number in enumerate(order):
            record = said[place] if said else None
            instance = self._object(number, pieces[number], record, classes, report)
            if instance is not None:
                yield instance

    def _object(
        self,
        number: int,
        regions: Mapping[int, RunLengths],
        record: Element | None,
        classes: Classes,
        report: Report,
    ) -> Instance | None:
        areas = {c: region.area_px for c, region in regions.items() if c != classes.background}
        if not areas:
            self._disagree(f"object {number} lies on background alone", report)
            return None
        class_id = max(areas, key=lambda c: areas[c])
        name = classes.names[class_id]
        if len(regions) > 1:
            others = sum(region.area_px for region in regions.values()) - areas[class_id]
            text = f"object {number} is {name!r} on {areas[class_id]:,} pixels and something else "
            self._disagree(f"{text}on {others:,}", report)
        said = None if record is None else _text(record, "name")
        if said is not None and said in classes.names and said != name:
            self._disagree(f"object {number} is {name!r}, but {said!r:.60} in the XML file", report)
        region, *rest = regions.values()
        for other in rest:
            region |= other
        attributes = {} if record is None else attributes_of(record)
        return Instance(class_id, region, name=f"object {number}", attributes=attributes)

    def _disagree(self, problem: str, report: Report) -> None:
        remedy = "Correct one of the masks; the classes are taken from SegmentationClass"
        report(Fault("masks-disagree", problem, str(self.objects), remedy, self.key))

    def _records(self, report: Report) -> list[Element]:
        if self.annotation is None:
            return []
        try:
            return read_xml(self.annotation).findall("object")
        except LabelError as error:
            report(fault_of(error, "unreadable-labels", where=self.annotation, key=self.key))
            return []


@dataclass(frozen=True)
class VocBoxes(DrawnLabels):
    """The labels of one picture of which only boxes are known."""

    def draw(self, drawing: Drawing) -> None:
        content = read_xml(self.path)
        self.require_size(_size_of(content), drawing)
        for number, record in enumerate(content.findall("object"), start=1):
            name, said = f"object {number}", _text(record, "name")
            box = _box(record)
            if said is None or said not in self.id_of:
                problem = f"the class {said!r:.60} is not one of the dataset's"
                drawing.fault("unknown-class", problem, "Name it, or correct it", name=name)
            elif box is None:
                problem = "has no 'bndbox' of xmin, ymin, xmax and ymax"
                drawing.fault("bad-record", problem, "Complete it, or remove it", name=name)
            else:
                text = "is a box without outline"
                drawing.fault("box-only", text, "Draw its outline", name=name)
                attributes = attributes_of(record)
                drawing.add(Instance(self.id_of[said], box, name=name, attributes=attributes))


def names_in(annotation: Path) -> list[str]:
    """The class names in an XML file.

    Raises:
        LabelError: It cannot be read.
    """
    records = read_xml(annotation).findall("object")
    return [name for name in (_text(one, "name") for one in records) if name]


def attributes_of(record: Element) -> dict[str, Any]:
    """What an object's record says besides its class and box."""
    said: dict[str, Any] = {flag: True for flag in _FLAGS if _text(record, flag) == "1"}
    pose = _text(record, "pose")
    return {**said, "pose": pose} if pose and pose != "Unspecified" else said


def _size_of(content: Element) -> tuple[object, object]:
    """Height and width that an XML file gives; None and None where it gives none, or 0."""
    said = [(content.findtext(f"size/{side}") or "").strip() for side in ("height", "width")]
    if all(side in ("", "0") for side in said):  # as programs write that never saw the picture
        return None, None
    height, width = (int(side) if _WHOLE.fullmatch(side) else side for side in said)
    return height, width


def _box(record: Element) -> Box | None:
    """VOC counts pixels from 1 and names the last one inside."""
    corners = record.find("bndbox")
    if corners is None:
        return None
    try:
        left, top, right, bottom = (
            float(_text(corners, side) or "") for side in ("xmin", "ymin", "xmax", "ymax")
        )
    except ValueError:
        return None
    return Box(left - 1, top - 1, right, bottom)


def _text(record: Element, tag: str) -> str | None:
    found = record.findtext(tag)
    return None if found is None else found.strip()


def _numbers(path: Path, report: Report, key: str) -> np.ndarray:
    """The object that each pixel belongs to, (Y, X) int64; 0 for none and for borders."""
    stored = read_mask(path, report=report, key=key)
    is_colour = differs_in_channels(stored)
    values = packed(stored, where=path, is_colour=is_colour).astype(np.int64)
    border = int.from_bytes(bytes(BORDER_COLOUR), "big") if is_colour else BORDER
    if stored.dtype == np.uint16:  # so many objects that 255 is one of them
        border = 0xFFFF
    values[values == border] = 0
    return values
