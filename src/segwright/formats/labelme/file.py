"""One LabelMe file to the objects that are drawn in it.

Coordinates are in pixels from the picture's upper left corner. Files of all versions are read: old
ones have no shape types (all are polygons), no sizes, no groups.

Source: what labelme (https://github.com/wkentaro/labelme) documents and writes, versions 2 to 6.
"""

from __future__ import annotations

import base64
import math
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segwright.errors import LabelError, SegwrightError
from segwright.formats.drawing import Drawing
from segwright.formats.drawn import DrawnLabels
from segwright.formats.faults import Fault
from segwright.formats.naming import means_ignored
from segwright.formats.references import parts_of
from segwright.formats.strict_json import read_json
from segwright.formats.vertices import vertices
from segwright.formats.writing import IGNORED_NAME
from segwright.images import ReadLimits, decode_image
from segwright.labels.cropped import Cropped
from segwright.labels.curves import ellipse_ring
from segwright.labels.instances import Instance
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box, Polygon, Polygons, Shape, region_of

_OF_LABELME = {"__ignore__": IGNORED_NAME, "_background_": "background"}
_WITHOUT_AREA = frozenset({"point", "points", "line", "linestrip"})
_KINDS = ("polygon", "rectangle", "oriented_rectangle", "circle", "mask")


def plain_name(label: str) -> str:
    """A label's name; LabelMe's own "__ignore__" and "_background_" become the usual words."""
    return _OF_LABELME.get(label, label)


@dataclass(frozen=True)
class LabelMeFile:
    """What one LabelMe file says.

    Attributes:
        path: The file.
        shapes: Its shapes as they stand in it.
        image_path: The picture's file as seen from this one, unchecked; empty if not said.
        size_hw: Height and width of the picture when it was annotated; None if not said.
        holds_picture: Whether a copy of the picture is in it.
    """

    path: Path
    shapes: tuple[Mapping[str, Any], ...]
    image_path: str
    size_hw: tuple[int, int] | None
    holds_picture: bool

    @property
    def names(self) -> set[str]:
        """The names of all shapes."""
        labels = (shape.get("label") for shape in self.shapes)
        return {plain_name(label) for label in labels if isinstance(label, str)}


def read_labelme(path: Path) -> LabelMeFile:
    """Reads one LabelMe file; shapes are looked at when they are wanted.

    Raises:
        LabelError: No JSON, or not a LabelMe file.
    """
    content = read_json(path)
    shapes = content.get("shapes") if isinstance(content, dict) else None
    if not isinstance(shapes, list) or not all(isinstance(shape, dict) for shape in shapes):
        raise LabelError(
            "not a LabelMe file: 'shapes' is no list of records",
            where=path,
            remedy="Give 'shapes', 'imagePath', 'imageHeight' and 'imageWidth'",
        )
    image_path = content.get("imagePath")
    sides = content.get("imageHeight"), content.get("imageWidth")
    size_hw = None
    if sides != (None, None):
        if not all(type(side) is int and side > 0 for side in sides):
            raise LabelError(
                f"says imageHeight {sides[0]!r:.20} and imageWidth {sides[1]!r:.20}",
                where=path,
                remedy="Give both in whole pixels",
            )
        size_hw = (int(sides[0] or 0), int(sides[1] or 0))
    return LabelMeFile(
        path,
        tuple(shapes),
        image_path if isinstance(image_path, str) else "",
        size_hw,
        bool(content.get("imageData")),
    )


@dataclass(frozen=True)
class LabelMeLabels(DrawnLabels):
    """The labels of one picture in a LabelMe file of its own.

    Shapes of one label and group are one object.
    """

    def draw(self, drawing: Drawing) -> None:
        file = read_labelme(self.path)
        self._check_picture(file, drawing)
        self.require_size(file.size_hw or (None, None), drawing)
        for label, shapes in _objects(file.shapes):
            self._draw(label, shapes, drawing)

    def _check_picture(self, file: LabelMeFile, drawing: Drawing) -> None:
        """Reports a file that says it belongs to another picture."""
        parts = parts_of(file.image_path)
        if not parts or Path(parts[-1]).stem == self.image.stem:
            return
        problem = f"is taken for the labels of {self.image.name}, but its imagePath is "
        problem += f"{file.image_path!r:.80}"
        remedy = "Give the picture, the file and its imagePath the same name"
        if os.path.isfile(self.image.with_name(parts[-1])):  # False for a name too long
            drawing.give_up("unknown-image", f"{problem}, which is there as well", remedy)
        fault = Fault("unknown-image", problem, drawing.where, remedy, self.key, "warning")
        drawing.report(fault)

    def _draw(
        self, label: object, shapes: Sequence[tuple[str, Mapping[str, Any]]], drawing: Drawing
    ) -> None:
        """Adds one object, or reports what is wrong with it."""
        name = shapes[0][0]
        if not isinstance(label, str):
            drawing.fault("bad-record", f"label {label!r:.40}", "Name its class", name=name)
            return
        drawn = [
            shape for name, one in shapes if (shape := _read_shape(one, name, drawing)) is not None
        ]
        if not drawn:
            return
        class_id = self._class_id(plain_name(label))
        if class_id is None:
            drawing.fault(
                "unknown-class",
                f"label {label!r}, but the classes are {', '.join(self.id_of)}",
                "Correct the label, or add the class",
                name=name,
            )
            return
        try:
            shape = _joined(drawn, drawing.size_hw)
        except LabelError as error:
            drawing.fault("bad-coordinates", error.problem, error.remedy or "Redraw it", name=name)
            return
        drawing.add(Instance(class_id, shape, name=name, attributes=_attributes(shapes)))

    def _class_id(self, name: str) -> int | None:
        if name not in self.id_of and means_ignored(name):
            return self.classes.ignore_index
        if name not in self.id_of and name == "background":
            return self.classes.background
        return self.id_of.get(name)


def _objects(
    shapes: Sequence[Mapping[str, Any]],
) -> list[tuple[object, list[tuple[str, Mapping[str, Any]]]]]:
    """The shapes of every object, with its label; each shape with a name for messages."""
    objects: dict[object, tuple[object, list[tuple[str, Mapping[str, Any]]]]] = {}
    for number, shape in enumerate(shapes):
        label, group = shape.get("label"), shape.get("group_id")
        joins = isinstance(label, str) and type(group) in (int, str)
        key = (label, group) if joins else number
        objects.setdefault(key, (label, []))[1].append((f"shape {number}", shape))
    return list(objects.values())


def _attributes(shapes: Sequence[tuple[str, Mapping[str, Any]]]) -> dict[str, Any]:
    """What the first shapes of an object say beside label and place."""
    found: dict[str, Any] = {}
    for key in ("group_id", "flags", "description"):
        value = next((one[key] for _, one in shapes if one.get(key) not in (None, "", {})), None)
        if value is not None:
            found[key] = value
    return found


def _read_shape(record: Mapping[str, Any], name: str, drawing: Drawing) -> Shape | None:
    """One shape, or None after a report."""
    kind = record.get("shape_type") or "polygon"
    if isinstance(kind, str) and kind in _WITHOUT_AREA:
        drawing.fault("not-an-area", f"a {kind}", "Draw its outline if it is an area", name=name)
        return None
    try:
        points = vertices(record.get("points"))
        if kind in ("polygon", "oriented_rectangle", "rotation"):
            return Polygons((Polygon(points),))
        if not isinstance(kind, str) or kind not in _KINDS:
            raise LabelError(f"shape_type {kind!r:.40}", remedy=f"Accepted are {', '.join(_KINDS)}")
        if kind == "rectangle" and len(points) == 4:
            return Polygons((Polygon(points),))
        if len(points) != 2:
            raise LabelError(f"a {kind} of {len(points)} points", remedy="Give 2 points")
        if kind == "rectangle":
            (left, top), (right, bottom) = points.min(axis=0).tolist(), points.max(axis=0).tolist()
            return Box(left, top, right, bottom)
        if kind == "mask":
            return _read_mask(record.get("mask"), points, drawing.size_hw)
    except LabelError as error:
        drawing.fault("bad-record", error.problem, error.remedy or "Redraw it", name=name)
        return None
    return _circle(points, name, drawing)


def _circle(points: np.ndarray, name: str, drawing: Drawing) -> Shape:
    """A circle by its centre and a point on its rim."""
    (x, y), rim = points[0].tolist(), points[1].tolist()
    radius = math.dist((x, y), rim)
    ring = ellipse_ring((x, y), (radius, radius))
    drawing.fault(
        "approximated",
        f"a circle of radius {radius:.4g} becomes a polygon of {len(ring)} vertices",
        "Nothing needs to be done",
        name=name,
    )
    return Polygons((Polygon(ring),))


def _read_mask(text: object, corners: np.ndarray, size_hw: tuple[int, int]) -> RunLengths:
    """A mask that is a picture of the box between two pixels, both of them included."""
    if not isinstance(text, str):
        raise LabelError(f"a mask that is {text!r:.40}", remedy="Give it as a PNG in base64")
    try:
        limits = ReadLimits(max_pixels=size_hw[0] * size_hw[1])
        pixels = decode_image(base64.b64decode(text, validate=True), limits=limits).pixels
    except ValueError as error:  # binascii.Error is one; so is what letters beyond ASCII raise
        raise LabelError(f"a mask that is no base64 ({error})", remedy="Export it again") from None
    except SegwrightError as error:
        raise LabelError(f"a mask of which {error.problem}", remedy=error.remedy) from None
    if pixels.ndim != 3:
        raise LabelError("a mask of several pictures", remedy="Give a single one")
    left, top = (math.floor(side + 0.5) for side in corners.min(axis=0).tolist())
    width, height = (corners.max(axis=0) - corners.min(axis=0) + 1).tolist()
    mask = (pixels != 0).any(axis=-1)
    if abs(mask.shape[0] - height) > 1 or abs(mask.shape[1] - width) > 1:
        raise LabelError(
            f"a mask of {mask.shape[0]}×{mask.shape[1]} between corners that are {height:g}×"
            f"{width:g} apart (height × width)",
            remedy="Give the first and the last pixel of the mask as its points",
        )
    return Cropped(mask, left, top).placed(size_hw)


def _joined(shapes: Sequence[Shape], size_hw: tuple[int, int]) -> Shape:
    """One shape of several; pixels if any of them is pixels.

    Raises:
        LabelError: A polygon among pixels is unusable.
    """
    if len(shapes) == 1:
        return shapes[0]
    if not any(isinstance(shape, RunLengths) for shape in shapes):
        drawn = [one.polygons() if isinstance(one, Box) else one for one in shapes]
        return Polygons(tuple(p for one in drawn if isinstance(one, Polygons) for p in one.parts))
    region = region_of(shapes[0], size_hw)
    for shape in shapes[1:]:
        region |= region_of(shape, size_hw)
    return region
