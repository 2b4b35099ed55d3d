"""Holes in the regions of a class."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from segwright.images.image import Image
from segwright.refine.labelling import Labelling
from segwright.refine.opencv import opencv
from segwright.refine.step import AreaStep


class FillHoles(AreaStep):
    """Gives holes in a class, up to an area, to that class.

    A hole is all that one class encloses: pixels of other classes that are connected along their
    sides and do not reach the border of the image. Where a hole lies inside another that is filled,
    the outer class gets both.

    Attributes:
        area_px: Largest hole to be filled, in pixels.
        area_mm2: The same in mm².
    """

    step: Literal["fill_holes"] = "fill_holes"
    search: ClassVar[Mapping[str, tuple[Any, ...]]] = {"area_px": (8, 30, 120, 500, 2000)}

    def apply(self, labelling: Labelling, image: Image) -> Labelling:
        cv2, limit = opencv(self.step), self.limit_px(image)
        holes: list[tuple[int, int, np.ndarray, tuple[slice, slice]]] = []
        height, width = labelling.ids.shape
        for one in self.chosen(labelling.labels.classes):
            outside = (labelling.ids != one).astype(np.uint8)
            if outside.all():
                continue
            count, regions, boxes, _ = cv2.connectedComponentsWithStats(outside, connectivity=4)
            for number in range(1, count):
                left, top, wide, high, area = map(int, boxes[number])
                inside = left and top and left + wide < width and top + high < height
                if inside and area <= limit:
                    box = slice(top, top + high), slice(left, left + wide)
                    holes.append((area, one, regions[box] == number, box))
        ids = labelling.ids.copy()
        for _, one, hole, box in sorted(holes, key=lambda hole: hole[:2]):
            ids[box][hole] = one
        return labelling.relabelled(ids)
