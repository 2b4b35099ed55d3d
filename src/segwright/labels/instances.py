"""The objects in one image, each with its own shape; they may overlap, have holes and pieces."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import Any

import numpy as np

from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Shape, region_of


@dataclass(frozen=True, eq=False)
class Instance:
    """One object.

    Attributes:
        class_id: Its class; `classes.ignore_index` for what nobody should learn from.
        shape: Its polygons, run lengths, or box alone, as they were drawn.
        is_crowd: Whether it stands for many objects that were not drawn one by one.
        score: How sure a model was, 0 … 1; None for what a person drew.
        name: Its id or name in the file it came from, for messages.
        attributes: What else the file says about it, as plain JSON values.
        layer: Objects of a higher layer lie on top of those of a lower one, whatever their size;
            for formats that declare an order.
    """

    class_id: int
    shape: Shape
    is_crowd: bool = False
    score: float | None = None
    name: str = ""
    attributes: Mapping[str, Any] = field(default_factory=dict)
    layer: int = 0


@dataclass(frozen=True, eq=False)
class Instances:
    """The objects in one image.

    Attributes:
        size_hw: Height and width of the image in pixels.
        objects: The objects, in the order of the file.
        classes: What their class ids mean.
        crowds_are_exact: Whether crowds are drawn to the pixel, as those of Cityscapes are, so that
            a label map holds their class; rough ones, as those of COCO, are ignored there.
    """

    size_hw: tuple[int, int]
    objects: tuple[Instance, ...]
    classes: Classes
    crowds_are_exact: bool = False

    @classmethod
    def with_regions(
        cls,
        size_hw: tuple[int, int],
        objects: tuple[Instance, ...],
        classes: Classes,
        regions: tuple[RunLengths, ...],
    ) -> Instances:
        """Objects whose pixels are known already, so that nobody turns them into pixels again."""
        instances = cls(size_hw, objects, classes)
        vars(instances)["regions"] = regions  # where `cached_property` keeps it
        return instances

    def with_objects(
        self, objects: Iterable[Instance], *, classes: Classes | None = None
    ) -> Instances:
        """Other objects in the same picture; the pixels of shapes that stay are not drawn again.

        Args:
            objects: The objects.
            classes: What their class ids mean; None for the classes as they are.

        Raises:
            LabelError: As `regions`, for shapes that are new.
        """
        others = tuple(objects)
        changed = replace(self, objects=others, classes=classes or self.classes)
        if "regions" in vars(self):
            shapes = (id(one.shape) for one in self.objects)
            known = dict(zip(shapes, self.regions, strict=True))
            vars(changed)["regions"] = tuple(
                known[id(one.shape)]
                if id(one.shape) in known
                else region_of(one.shape, self.size_hw)
                for one in others
            )
        return changed

    @cached_property
    def regions(self) -> tuple[RunLengths, ...]:
        """The pixels of every object.

        Raises:
            LabelError: A shape with unusable coordinates or of another size.
        """
        return tuple(region_of(one.shape, self.size_hw) for one in self.objects)

    def label_map(self) -> LabelMap:
        """The objects drawn into one class id per pixel.

        Within a layer larger objects are drawn first and smaller ones over them; of equal ones the
        later wins. Crowds become ignored wherever no object lies on them; exact ones are drawn like
        objects. What no object covers is background, or ignored where the classes have none.

        Raises:
            LabelError: As `regions`.
        """
        ignore = self.classes.ignore_index
        nothing = ignore if self.classes.background is None else self.classes.background
        rough = not self.crowds_are_exact
        values = [ignore if one.is_crowd and rough else one.class_id for one in self.objects]
        return LabelMap(self._drawn(values, nothing, self.classes.dtype), self.classes)

    def numbers(self) -> np.ndarray:
        """Which object each pixel shows, drawn as in `label_map`.

        Returns:
            (Y, X) int32: 1 for the first of `objects`, 2 for the second …; 0 where there is none.
        """
        return self._drawn(range(1, len(self.objects) + 1), 0, np.dtype(np.int32))

    def drawing_order(self) -> list[int]:
        """Positions of the objects from the lowest to the topmost, as `label_map` draws them."""
        rough = not self.crowds_are_exact

        def rank(position: int) -> tuple[bool, int, int]:
            one, region = self.objects[position], self.regions[position]
            return not (one.is_crowd and rough), one.layer, -region.area_px

        return sorted(range(len(self.objects)), key=rank)

    def _drawn(self, values: Sequence[int], nothing: int, dtype: np.dtype) -> np.ndarray:
        """(Y, X) picture of one value an object."""
        height, width = self.size_hw
        picture = np.full((width, height), nothing, dtype=dtype)  # (X, Y): column-major
        flat = picture.reshape(-1)
        for position in self.drawing_order():
            flat[self.regions[position].positions()] = values[position]
        return np.ascontiguousarray(picture.T)


Labels = LabelMap | Instances
"""What is known about the pixels of an image: a class for each, or objects."""


def as_label_map(labels: Labels) -> LabelMap:
    """One class id per pixel; objects are drawn (see `Instances.label_map`)."""
    return labels if isinstance(labels, LabelMap) else labels.label_map()


def as_instances(labels: Labels) -> Instances:
    """Objects; of a label map every class that occurs becomes one, the background none.

    Ignored pixels become an object of class `ignore_index`.
    """
    if isinstance(labels, Instances):
        return labels
    classes = labels.classes
    present = np.flatnonzero(np.bincount(labels.ids.ravel())).tolist()
    objects = [
        Instance(value, RunLengths.from_mask(labels.ids == value))
        for value in present
        if value != classes.background
    ]
    return Instances(labels.size_hw, tuple(objects), classes)
