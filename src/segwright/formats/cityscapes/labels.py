"""The labels of one picture in Cityscapes: masks of labels and of objects, or polygons alone.

In instanceIds an object is its label times 1000 plus its number; the label alone stands for what is
not told apart: stuff, or a group of things (cars that nobody could separate), which is a crowd
drawn to the pixel. In polygons.json later polygons lie on earlier ones.

Source: https://github.com/mcordts/cityscapesScripts.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from segwright.errors import LabelError
from segwright.formats.cityscapes.classes import Meaning
from segwright.formats.drawing import Drawing
from segwright.formats.drawn import DrawnLabels
from segwright.formats.faults import Fault, Report, give_up, refuse
from segwright.formats.masks.values import MaskFile, packed, read_mask
from segwright.formats.strict_json import read_json
from segwright.formats.vertices import vertices
from segwright.labels.instances import Instance, Instances, Labels
from segwright.labels.label_map import LabelMap
from segwright.labels.rle import regions_by_id
from segwright.labels.shapes import Polygon, Polygons

STEP = 1000
"""An object is its label times this, plus its number."""

GROUP = "group"
"""What is put behind a label in polygons.json for a group of its objects."""

STUFF = {"isthing": False}
_IGNORED = -1


@dataclass(frozen=True)
class CityscapesLabels:
    """The labels of one picture that has masks.

    Attributes:
        mask: The mask of labels.
        instances: The mask of objects; None if there is none: then the classes are all.
        meaning: What the labels mean.
        key: The picture's key.
    """

    mask: MaskFile
    instances: Path | None
    meaning: Meaning
    key: str

    @property
    def paths(self) -> tuple[Path, ...]:
        return self.mask.paths if self.instances is None else (*self.mask.paths, self.instances)

    def read(self, report: Report = refuse) -> Labels:
        """The classes; or objects, groups, stuff, and what is ignored.

        Raises:
            LabelError: A file that cannot be read, or what `report` raises.
        """
        labels = self.mask.read(report)
        if self.instances is None:
            return labels
        stored = read_mask(self.instances, report=report, key=self.key)
        numbers = packed(stored, where=self.instances, is_colour=False).astype(np.int64)
        if numbers.shape != labels.size_hw:
            height, width = labels.size_hw
            problem = f"is {numbers.shape[0]}×{numbers.shape[1]}, but the mask of labels "
            problem += f"{self.mask.path} is {height}×{width} (height × width)"
            remedy = "Give both the size of the picture"
            give_up(Fault("size-differs", problem, str(self.instances), remedy, self.key), report)
        self._compare(numbers, labels, report)
        numbers[labels.ids == labels.classes.ignore_index] = _IGNORED
        objects = tuple(self._objects(numbers, labels))
        return Instances(labels.size_hw, objects, labels.classes, crowds_are_exact=True)

    def _objects(self, numbers: np.ndarray, labels: LabelMap) -> Iterator[Instance]:
        meaning, ignore = self.meaning, labels.classes.ignore_index
        for number, region in regions_by_id(numbers).items():
            label = number // STEP if number >= STEP else number
            class_id = meaning.id_of.get(label, ignore)
            name = meaning.name_of.get(label, "")
            if number == _IGNORED:
                yield Instance(ignore, region, name="ignored")
            elif number >= STEP:
                yield Instance(class_id, region, name=f"{name} {number % STEP}")
            elif label in meaning.groups:
                yield Instance(class_id, region, is_crowd=True, name=f"{name}{GROUP}")
            elif class_id != labels.classes.background:
                yield Instance(class_id, region, name=name, attributes=STUFF)

    def _compare(self, numbers: np.ndarray, labels: LabelMap, report: Report) -> None:
        """Reports pixels that are of one label in one mask and of another in the other."""
        ignore = labels.classes.ignore_index
        table = np.full(max(1 << 16, int(numbers.max()) + 1), ignore, np.int64)
        for label, class_id in self.meaning.id_of.items():
            table[label] = class_id
            if label:
                table[label * STEP : (label + 1) * STEP] = class_id
        differ = (table[numbers] != labels.ids) & (labels.ids != ignore)
        if differ.any():
            y, x = np.argwhere(differ)[0]
            problem = (
                f"{int(differ.sum()):,} pixels are of another label than in {self.mask.path.name}, "
                f"the first at row {y}, column {x} ({numbers[y, x]})"
            )
            self._tell("masks-disagree", problem, "Correct one of the two masks", report)

    def _tell(self, kind: str, problem: str, remedy: str, report: Report) -> None:
        report(Fault(kind, problem, str(self.instances), remedy, self.key))


@dataclass(frozen=True)
class CityscapesPolygons(DrawnLabels):
    """The labels of one picture that has polygons alone, each a layer above the one before it.

    Attributes:
        groups: Labels of which a polygon may stand for a group, and of which none is stuff.
    """

    groups: frozenset[str]

    def read(self, report: Report = refuse) -> Instances:
        """As `DrawnLabels.read`; groups are crowds that are drawn to the pixel."""
        return replace(super().read(report), crowds_are_exact=True)

    def draw(self, drawing: Drawing) -> None:
        content = read_json(self.path)
        records = content.get("objects") if isinstance(content, dict) else None
        if not isinstance(records, list):
            drawing.give_up("bad-record", "holds no list of 'objects'", "Is it of Cityscapes?")
        self.require_size((content.get("imgHeight"), content.get("imgWidth")), drawing)
        for place, record in enumerate(records):
            self._add(record, place, drawing)

    def _add(self, record: Any, place: int, drawing: Drawing) -> None:
        name = f"object {place}"
        said = record.get("label") if isinstance(record, dict) else None
        if not isinstance(record, Mapping) or not isinstance(said, str):
            drawing.fault("bad-record", "has no 'label'", "Add it, or remove it", name=name)
            return
        if record.get("deleted"):
            return
        is_crowd = said not in self.id_of and said.endswith(GROUP)
        label = said.removesuffix(GROUP) if is_crowd else said
        if label not in self.id_of:
            if label != "license plate":  # lies on cars and is not drawn
                remedy = "Correct it, or add it to 'values' in dataset.yaml"
                text = f"the label {said!r:.60} is not one of the dataset's"
                drawing.fault("unknown-class", text, remedy, name=name)
            return
        try:
            ring = vertices(record.get("polygon"))
        except LabelError as error:
            drawing.fault("bad-record", error.problem, error.remedy or "Correct it", name=name)
            return
        attributes = {} if is_crowd or label in self.groups else STUFF
        shape = Polygons((Polygon(ring),))
        class_id = self.id_of[label]
        drawing.add(
            Instance(class_id, shape, is_crowd, name=name, attributes=attributes, layer=place)
        )
