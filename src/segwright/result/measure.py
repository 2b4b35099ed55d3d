"""How large the regions are and where they lie."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segwright.labels.label_map import LabelMap


@dataclass(frozen=True)
class RegionMeasure:
    """Size and place of the region of one class.

    Attributes:
        class_id: Id of the class.
        class_name: Its name.
        area_px: Pixels.
        fraction: Share of the pixels that have a class, 0 … 1.
        area_mm2: Area in square millimetres; None where the size of a pixel is unknown.
        box_xyxy: Smallest box around it: left, top, right, bottom in pixel edges, so that
            right - left is its width.
    """

    class_id: int
    class_name: str
    area_px: int
    fraction: float
    area_mm2: float | None
    box_xyxy: tuple[int, int, int, int]


def measured(labels: LabelMap, spacing_mm: tuple[float, ...] | None) -> list[RegionMeasure]:
    """Measures every class that occurs, in the order of the class ids.

    Args:
        labels: Ignored pixels count for nothing.
        spacing_mm: Height and width of a pixel; None if unknown.
    """
    areas = labels.area_px()
    total = int(areas.sum())
    pixel_mm2 = None if spacing_mm is None else float(np.prod(spacing_mm))
    return [
        RegionMeasure(
            class_id=int(class_id),
            class_name=labels.classes.names[class_id],
            area_px=int(areas[class_id]),
            fraction=int(areas[class_id]) / total,
            area_mm2=None if pixel_mm2 is None else int(areas[class_id]) * pixel_mm2,
            box_xyxy=_box(labels.ids == class_id),
        )
        for class_id in np.flatnonzero(areas)
    ]


def _box(mask: np.ndarray) -> tuple[int, int, int, int]:
    """Box around the True pixels of a mask that has some."""
    rows = np.flatnonzero(mask.any(1))
    columns = np.flatnonzero(mask.any(0))
    return int(columns[0]), int(rows[0]), int(columns[-1]) + 1, int(rows[-1]) + 1
