"""The regions of one Label Studio annotation to what is drawn.

Coordinates are percentages of the picture's width and height, angles are in degrees clockwise; a
rectangle turns about its upper left corner, an ellipse about its middle. A region may stand in
several records of the same id: its shape in one, its labels or other answers in others.

Source: https://labelstud.io/guide/task_format and the pages of its tags.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from segwright.errors import LabelError
from segwright.formats.drawing import Drawing
from segwright.formats.label_studio.brush_rle import decode_brush
from segwright.formats.vertices import numbers, vertices
from segwright.labels.curves import box_ring, ellipse_ring, turned
from segwright.labels.shapes import Box, Polygon, Polygons, Shape

_DECIMALS = 9
_NOISE_ULP = 4
"""A place is taken for the nearest one of so many decimals if it differs from it by the noise of
calculating with percentages alone, which would move vertices across the centres of pixels."""


@dataclass(frozen=True)
class Region:
    """One region of an annotation.

    Attributes:
        name: What it is called in messages.
        record: The record that holds its shape.
        labels: Its labels, of all its records.
        attributes: What else is said about it.
    """

    name: str
    record: Mapping[str, Any]
    labels: tuple[str, ...]
    attributes: Mapping[str, Any]

    @property
    def size_hw(self) -> tuple[object, object]:
        """Height and width that the picture had, as they stand there."""
        return self.record.get("original_height"), self.record.get("original_width")


def regions_of(results: Sequence[Mapping[str, Any]]) -> list[Region]:
    """The regions among the records of an annotation; answers about the whole picture are not."""
    groups: dict[object, list[Mapping[str, Any]]] = {}
    for number, record in enumerate(results):
        key = record.get("id")
        groups.setdefault(key if isinstance(key, str) else number, []).append(record)
    found = []
    for key, records in groups.items():
        shaped = next((record for record in records if _kind(record) is not None), None)
        if shaped is None:
            continue
        labels = dict.fromkeys(label for record in records for label in labels_of(record))
        found.append(Region(f"region {key}", shaped, tuple(labels), _attributes(records)))
    return found


def labels_of(record: Mapping[str, Any]) -> list[str]:
    """The labels in a record, which stand under the name of the tag that they were chosen from."""
    value = _value(record)
    lists = (v for k, v in value.items() if k.endswith("labels") and isinstance(v, list))
    return [label for labels in lists for label in labels if isinstance(label, str)]


def _value(record: Mapping[str, Any]) -> Mapping[str, Any]:
    value = record.get("value")
    return value if isinstance(value, dict) else {}


def _kind(record: Mapping[str, Any]) -> str | None:
    """What a record draws, by the keys of its value; None if it draws nothing."""
    value = _value(record)
    for key, kind in {
        "rle": "brush",
        "points": "polygon",
        "radiusX": "ellipse",
        "imageDataURL": "bitmask",
        "vertices": "vector",
        "sequence": "video region",
    }.items():
        if key in value:
            return kind
    if "x" in value and "y" in value:
        return "rectangle" if "height" in value else "key point"
    return None


def _attributes(records: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """Answers about a region, and what a person or a model noted with it."""
    found: dict[str, Any] = {}
    for record in records:
        kind = record.get("type")
        if isinstance(kind, str) and not kind.endswith("labels") and kind in _value(record):
            found[str(record.get("from_name", kind))] = _value(record)[kind]
        found |= {key: record[key] for key in ("score", "meta") if record.get(key)}
    return found


def read_shape(region: Region, drawing: Drawing) -> Shape | None:
    """The shape of a region, or None after a report."""
    kind = _kind(region.record)
    if kind in ("key point", "vector"):
        drawing.fault(
            "not-an-area", f"a {kind}", "Draw its outline if it is an area", name=region.name
        )
        return None
    try:
        if region.record.get("item_index"):
            raise LabelError(
                "a region on another picture of its task", remedy="Export one picture a task"
            )
        if kind == "brush":
            return _brush(region, drawing)
        if kind is None or kind not in _READERS:
            raise LabelError(f"a {kind}", remedy="Accepted are polygons, brushes, boxes, ellipses")
        shape = _READERS[kind](_value(region.record), drawing.size_hw)
    except LabelError as error:
        drawing.fault("bad-record", error.problem, error.remedy or "Redraw it", name=region.name)
        return None
    if kind == "ellipse" and isinstance(shape, Polygons):
        drawing.fault(
            "approximated",
            f"an ellipse becomes a polygon of {shape.num_vertices} vertices",
            "Nothing needs to be done",
            name=region.name,
        )
    return shape


def _brush(region: Region, drawing: Drawing) -> Shape:
    value = _value(region.record)
    code = value["rle"]
    if value.get("format", "rle") != "rle" or not isinstance(code, list):
        raise LabelError(
            f"a brush mask of format {value.get('format')!r:.40}", remedy="Accepted is 'rle'"
        )
    if not all(type(byte) is int and 0 <= byte <= 255 for byte in code):
        raise LabelError("a brush mask of something else than bytes", remedy="Export it again")
    mask, soft = decode_brush(bytes(code), drawing.size_hw)
    if soft:
        drawing.fault(
            "soft-brush",
            "its edge is soft; pixels from half on are taken",
            "Nothing needs to be done",
            name=region.name,
        )
    return mask


def pixels_of_percent(percent: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """(P, 2) of (x, y) in percent to pixels."""
    with np.errstate(over="ignore", invalid="ignore"):  # infinities are found when it is drawn
        pixels = percent * np.array(size_hw[::-1]) / 100
        plain = np.round(pixels, _DECIMALS)
        return np.where(
            np.abs(plain - pixels) <= _NOISE_ULP * np.spacing(np.abs(pixels)), plain, pixels
        )


def percent_of_pixels(pixels: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """(P, 2) of (x, y) in pixels to percent."""
    return pixels * 100 / np.array(size_hw[::-1])


def _polygon(value: Mapping[str, Any], size_hw: tuple[int, int]) -> Shape:
    return Polygons((Polygon(pixels_of_percent(vertices(value["points"]), size_hw)),))


def _rectangle(value: Mapping[str, Any], size_hw: tuple[int, int]) -> Shape:
    x, y, width, height = numbers(value, "x", "y", "width", "height")
    corners = pixels_of_percent(np.array([(x, y), (x + width, y + height)]), size_hw)
    (left, top), (right, bottom) = corners.tolist()
    if not (angle := _angle(value)):
        return Box(left, top, right, bottom)
    ring = turned(box_ring(left, top, right, bottom), about_xy=(left, top), degrees=angle)
    return Polygons((Polygon(ring),))


def _ellipse(value: Mapping[str, Any], size_hw: tuple[int, int]) -> Shape:
    middle_and_radii = np.array(numbers(value, "x", "y", "radiusX", "radiusY")).reshape(2, 2)
    (x, y), (across, down) = pixels_of_percent(middle_and_radii, size_hw).tolist()
    return Polygons((Polygon(ellipse_ring((x, y), (across, down), degrees=_angle(value))),))


def _angle(value: Mapping[str, Any]) -> float:
    return numbers(value, "rotation")[0] if value.get("rotation") is not None else 0.0


_READERS: Mapping[str, Callable[[Mapping[str, Any], tuple[int, int]], Shape]] = {
    "polygon": _polygon,
    "rectangle": _rectangle,
    "ellipse": _ellipse,
}
