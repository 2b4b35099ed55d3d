"""Masks whose values tell objects or regions apart and say nothing of their class.

The class is that of a second mask of the picture if there is one (lanes: one mask says lane or not,
the other which lane); otherwise all are of one class.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from segwright.errors import LabelError
from segwright.formats.entry import listed
from segwright.formats.faults import Fault, Report, refuse
from segwright.formats.masks.of_objects import OBJECT
from segwright.formats.masks.survey import MaskSurvey
from segwright.formats.masks.values import MaskFile, ignored_around, packed, read_mask
from segwright.formats.naming import name_classes
from segwright.formats.settings import DatasetSettings, DeclaredClass
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances
from segwright.labels.rle import RunLengths

REGION = "region"
"""What regions are called that fill the picture and have no class."""

_MOST_CLASSES = 32


@dataclass(frozen=True)
class NumberedMask:
    """The objects of one picture, numbered in a mask.

    Attributes:
        path: The mask; 0 is no object.
        classes: What class ids mean.
        class_id: The class of all objects; not looked at if `of_classes` is given.
        of_classes: The mask that says the class of each pixel.
        ignored: Values that nobody should learn from.
        around: A field of view and an ignore mask, if there are any (see `masks.MaskFile`).
        key: The picture's key, for reports.
    """

    path: Path
    classes: Classes
    class_id: int = 0
    of_classes: MaskFile | None = None
    ignored: frozenset[int] = frozenset()
    around: tuple[Path | None, Path | None] = (None, None)
    key: str | None = None

    @property
    def paths(self) -> tuple[Path, ...]:
        of_classes = () if self.of_classes is None else self.of_classes.paths
        return (self.path, *of_classes, *(p for p in self.around if p is not None))

    def read(self, report: Report = refuse) -> Instances:
        """Reads the mask: an object for each number, or for each number and class together."""
        stored = read_mask(self.path, report=report, key=self.key)
        numbers = packed(stored, where=self.path, is_colour=False)
        size_hw = (numbers.shape[0], numbers.shape[1])
        ids = self._class_ids(numbers, report)
        objects = [
            Instance(class_id, RunLengths.from_mask(mask), name=str(number) if number else "")
            for class_id, number, mask in _regions(ids, numbers)
            if class_id != self.classes.background
        ]
        objects += ignored_around(size_hw, self.classes, *self.around, report=report, key=self.key)
        return Instances(size_hw, tuple(objects), self.classes)

    def _class_ids(self, numbers: np.ndarray, report: Report) -> np.ndarray:
        """The class of every pixel, (Y, X); what is no object has the background's or is ignored.

        Raises:
            LabelError: The two masks differ in size.
        """
        classes = self.classes
        nothing = classes.ignore_index if classes.background is None else classes.background
        if self.of_classes is None:
            ids = np.where(numbers != 0, self.class_id, nothing)
            ids[np.isin(numbers, list(self.ignored))] = classes.ignore_index
            return ids
        ids = self.of_classes.read(report).ids
        if ids.shape != numbers.shape:
            raise LabelError(
                f"is {numbers.shape[0]}×{numbers.shape[1]}, but {self.of_classes.path} is "
                f"{ids.shape[0]}×{ids.shape[1]} (height × width)",
                where=self.path,
                remedy="Give both the size of the picture",
            )
        astray = (numbers != 0) & (ids == classes.background)
        if astray.any():
            y, x = np.argwhere(astray)[0]
            problem = (
                f"{int(astray.sum())} pixels have the number of an object, the first at row {y}, "
                f"column {x}, but no class in {self.of_classes.path}; they are taken as background"
            )
            remedy = "Correct one of the two masks"
            report(Fault("masks-disagree", problem, str(self.path), remedy, self.key))
        return ids


def _regions(ids: np.ndarray, numbers: np.ndarray) -> Iterator[tuple[int, int, np.ndarray]]:
    """Class id, number and mask of every pair of the two that occurs, in their order."""
    pairs = ids.astype(np.int64) << 32 | numbers
    for pair in np.unique(pairs).tolist():
        yield pair >> 32, pair & 0xFFFFFFFF, pairs == pair


def numbers_regions(found: MaskSurvey) -> bool:
    """Whether every mask numbers its regions from 1 on without gaps, each mask up to another one.

    So no value can be a class: class numbers are the same in all masks.
    """
    full = all(low == 1 and high == number for low, high, number in found.spans)
    return full and not found.is_colour and len({high for _, high, _ in found.spans}) > 1


def numbers_objects(found: MaskSurvey, settings: DatasetSettings) -> bool:
    """Whether masks without any declared class number their objects: 0, 1 … to more than 32."""
    if settings.classes or settings.values or settings.threshold or found.is_colour:
        return False
    if numbers_regions(found):
        return True
    full = all(low == 0 and high == number - 1 for low, high, number in found.spans)
    highest = {high for _, high, _ in found.spans}
    return full and len(highest) > 1 and max(highest) > _MOST_CLASSES


def one_class(
    found: MaskSurvey, settings: DatasetSettings, *, where: Path
) -> tuple[Classes, int, frozenset[int]]:
    """The classes of objects that all are of one, its id, and the values that are ignored.

    It is "object" and what lies around it background, or "region" where every pixel is in one, or
    what dataset.yaml declares.

    Raises:
        LabelError: Several classes are declared, so that it is unclear which one the objects have.
    """
    filled = all(low > 0 for low, _, _ in found.spans)
    declared = settings.classes or (DeclaredClass(name=REGION if filled else OBJECT),)
    if len(declared) == 1 and not filled and settings.background is not False:
        declared = (DeclaredClass(name=str(settings.background or "background")), *declared)
        settings = settings.model_copy(update={"background": declared[0].name})
    naming = name_classes(declared, settings, where=where)
    things = [i for i in range(len(naming.classes)) if i != naming.classes.background]
    if len(things) != 1:
        raise LabelError(
            f"the masks number single objects, but {len(things)} classes are declared: "
            f"{listed(naming.classes.names)}",
            where=where,
            remedy="Declare one class, or name a folder of masks that say the class of every "
            "pixel as 'masks: FOLDER' beside 'instances: FOLDER'",
        )
    ignored = frozenset(value for value in settings.ignore if isinstance(value, int))
    return naming.classes, things[0], ignored
