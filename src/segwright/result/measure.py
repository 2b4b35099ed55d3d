"""How large the regions are and where they lie."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from segwright.labels.components import components
from segwright.labels.label_map import LabelMap


@dataclass(frozen=True)
class RegionMeasure:
    """Size and place of a region: all pixels of a class, or a connected part of them.

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


def measured(
    labels: LabelMap, spacing_mm: tuple[float, ...] | None, per: Literal["class", "region"]
) -> list[RegionMeasure]:
    """Measures every class that occurs, or every connected region.

    Args:
        labels: Ignored pixels count for nothing.
        spacing_mm: Height and width of a pixel; None if unknown.
        per: What one measure is of, see `Result.measure`.
    """
    members = labels.ids.astype(np.int64) if per == "class" else components(labels.ids)[0]
    areas = np.bincount(members.ravel())
    class_ids = np.zeros(len(areas), np.int64)
    class_ids[members] = labels.ids
    boxes = _boxes(members, len(areas))
    counted = (areas > 0) & (class_ids != labels.classes.ignore_index)
    total = int(areas[counted].sum())
    pixel_mm2 = None if spacing_mm is None else float(np.prod(spacing_mm))
    return [
        RegionMeasure(
            class_id=int(class_ids[one]),
            class_name=labels.classes.names[class_ids[one]],
            area_px=int(areas[one]),
            fraction=int(areas[one]) / total,
            area_mm2=None if pixel_mm2 is None else int(areas[one]) * pixel_mm2,
            box_xyxy=tuple(boxes[one].tolist()),
        )
        for one in np.flatnonzero(counted)
    ]


def _boxes(members: np.ndarray, count: int) -> np.ndarray:
    """Left, top, right, bottom of every member, (count, 4); arbitrary where it has no pixel."""
    height, width = members.shape
    boxes = np.empty((count, 4), np.int64)
    boxes[:] = width, height, 0, 0
    rows = np.broadcast_to(np.arange(height)[:, None], members.shape)
    columns = np.broadcast_to(np.arange(width), members.shape)
    np.minimum.at(boxes[:, 0], members, columns)
    np.minimum.at(boxes[:, 1], members, rows)
    np.maximum.at(boxes[:, 2], members, columns + 1)
    np.maximum.at(boxes[:, 3], members, rows + 1)
    return boxes
