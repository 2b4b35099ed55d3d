"""Collects the objects of one picture and holds each against the picture.

All formats of drawn objects read into a `Drawing`, so that all find the same faults. Every object
is turned into pixels here, once.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import NoReturn

import numpy as np

from segwright.errors import LabelError
from segwright.formats.faults import Fault, Report, give_up, refuse
from segwright.labels.classes import Classes
from segwright.labels.crossing import crossing
from segwright.labels.instances import Instance, Instances
from segwright.labels.polygon import rasterise
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box, Polygons, Shape, region_of

_ROUNDING_PX = 0.5
"""Who counts pixel centres from 0 is half a pixel outside at the upper left."""


class _Unusable(Exception):
    """What makes a shape unusable: kind of fault, problem, remedy."""


@dataclass
class Drawing:
    """The objects of one picture while they are read.

    Attributes:
        size_hw: Height and width of the picture in pixels.
        classes: What class ids mean.
        where: The file, and the picture in it if there are several, to name in messages.
        report: Is told of every fault.
        key: The picture's key, for reports.
    """

    size_hw: tuple[int, int]
    classes: Classes
    where: str
    report: Report = refuse
    key: str | None = None
    _objects: list[Instance] = field(default_factory=list)
    _regions: list[RunLengths] = field(default_factory=list)

    def add(self, instance: Instance) -> None:
        """Takes an object in, or reports why it cannot be; then, what is doubtful about it.

        A shape that reaches outside the picture is kept as it is drawn, its pixels end there.
        """
        try:
            region = self._region(instance.shape)
        except _Unusable as fault:
            self._tell(instance, *fault.args)
            return
        self._objects.append(instance)
        self._regions.append(region)
        # `refuse` hears of errors alone, so training does not wait for what is only doubtful.
        if self.report is not refuse:
            for doubt in _doubts(instance.shape, region, self.size_hw):
                self._tell(instance, *doubt)

    def fault(self, kind: str, problem: str, remedy: str, *, name: str = "") -> None:
        """Reports what is wrong with a record of this picture.

        Args:
            kind: Its key in `faults.KINDS`.
            problem: What is wrong, with the offending value.
            remedy: What to do.
            name: The object's id or name in the file.
        """
        where = f"{self.where}, {name}" if name else self.where
        self.report(Fault(kind, problem, where, remedy, self.key))

    def give_up(self, kind: str, problem: str, remedy: str) -> NoReturn:
        """Reports what leaves nothing of this picture's labels; the arguments are as in `fault`.

        Raises:
            UnusableLabels: Always, unless `report` raises something else.
        """
        give_up(Fault(kind, problem, self.where, remedy, self.key), self.report)

    def instances(self) -> Instances:
        """Everything that was taken in."""
        return Instances.with_regions(
            self.size_hw, tuple(self._objects), self.classes, tuple(self._regions)
        )

    def _tell(self, instance: Instance, kind: str, problem: str, remedy: str) -> None:
        self.fault(kind, problem, remedy, name=instance.name)

    def _region(self, shape: Shape) -> RunLengths:
        """The pixels of a shape; raises `_Unusable`."""
        if isinstance(shape, RunLengths):
            _check_size(shape, self.size_hw)
        elif isinstance(shape, Box):
            _check_box(shape)
            _check_polygons(shape.polygons(), self.size_hw)
        else:
            _check_polygons(shape, self.size_hw)
        try:
            region = region_of(shape, self.size_hw)
        except LabelError as error:
            raise _Unusable("bad-coordinates", error.problem, error.remedy or "Redraw it") from None
        if not region.area_px:
            raise _Unusable("empty-shape", "covers no pixel", "Remove it or draw it again")
        return region


def _check_size(region: RunLengths, size_hw: tuple[int, int]) -> None:
    if region.size_hw != size_hw:
        (height, width), (rows, columns) = size_hw, region.size_hw
        raise _Unusable(
            "bad-rle",
            f"run lengths of a mask of {rows}×{columns}, but the picture has {height}×{width} "
            "(height × width)",
            "Give 'size' as [height, width] of the picture, and run lengths of that very picture",
        )


def _check_box(box: Box) -> None:
    width, height = box.right - box.left, box.bottom - box.top
    if min(width, height) <= 0:  # NaN is found among the coordinates
        raise _Unusable(
            "bad-box",
            f"a box of width {width:g} and height {height:g} at x={box.left:g}, y={box.top:g}",
            "Give the smaller coordinates first, and sides above 0",
        )


def _check_polygons(drawn: Polygons, size_hw: tuple[int, int]) -> None:
    if not drawn.parts:
        raise _Unusable("empty-shape", "a polygon without any vertex", "Remove it or draw it")
    outside = [_lies_outside(part.exterior, size_hw) for part in drawn.parts]
    for part in drawn.parts:
        for hole in part.holes:
            _lies_outside(hole, size_hw)
    if all(outside):
        (left, top), (right, bottom) = _bounds(drawn)
        raise _Unusable(
            "wholly-outside",
            f"x {left:g} … {right:g}, y {top:g} … {bottom:g} lies wholly outside the picture of "
            f"{size_hw[0]}×{size_hw[1]} (height × width)",
            "Check that it belongs to this picture, or remove it",
        )


def _bounds(drawn: Polygons) -> tuple[np.ndarray, np.ndarray]:
    """Least and greatest (x, y) of all outer rings."""
    vertices = np.concatenate([part.exterior for part in drawn.parts])
    return vertices.min(axis=0), vertices.max(axis=0)


def _lies_outside(ring: np.ndarray, size_hw: tuple[int, int]) -> bool:
    """Whether a ring lies wholly outside the picture; raises `_Unusable` for bad vertices."""
    height, width = size_hw
    if len(ring) == 0:
        raise _Unusable("too-few-vertices", "a polygon of 0 vertices", "Draw at least 3")
    low, high = ring.min(axis=0), ring.max(axis=0)
    # Written so that NaN is found too.
    if not (low[0] >= -width and low[1] >= -height and high[0] <= 2 * width
            and high[1] <= 2 * height):  # fmt: skip
        side_xy = np.array((width, height))
        vertex = int(np.argmin(((ring >= -side_xy) & (ring <= 2 * side_xy)).all(axis=1)))
        raise _Unusable(
            "bad-coordinates",
            f"vertex {vertex} is at x={ring[vertex, 0]:g}, y={ring[vertex, 1]:g}, far outside "
            f"the picture of {height}×{width} (height × width)",
            "Give finite coordinates in pixels of this very picture",
        )
    if (distinct := _distinct(ring)) < 3:
        raise _Unusable(
            "too-few-vertices",
            f"a polygon of {len(ring)} vertices, {distinct} of them distinct, near "
            f"x={ring[0, 0]:g}, y={ring[0, 1]:g}",
            "Draw at least 3 vertices, or remove it",
        )
    return bool(high[0] <= 0 or high[1] <= 0 or low[0] >= width or low[1] >= height)


def _distinct(ring: np.ndarray) -> int:
    """How many different vertices a ring has, up to 3."""
    others = ring[(ring != ring[0]).any(axis=1)]
    return 1 + (2 if (others != others[:1]).any() else min(len(others), 1))


def _doubts(
    shape: Shape, region: RunLengths, size_hw: tuple[int, int]
) -> Iterator[tuple[str, str, str]]:
    """What is doubtful about a usable shape: kind, problem, remedy."""
    if isinstance(shape, RunLengths):
        return
    drawn = shape.polygons() if isinstance(shape, Box) else shape
    yield from _reaches_outside(drawn, size_hw)
    exteriors = [part.exterior for part in drawn.parts]
    if region.area_px <= len(exteriors) and not rasterise(exteriors, size_hw, thin=False).area_px:
        x, y = exteriors[0].mean(axis=0)
        yield (
            "tiny-shape",
            f"near x={x:g}, y={y:g} it covers no pixel's centre and becomes a single pixel",
            "Check that it is an object, and that coordinates are in pixels",
        )
    for ring in drawn.rings if isinstance(shape, Polygons) else ():
        yield from _crosses(ring)
    for part in drawn.parts:
        for hole in part.holes:
            spill = rasterise([hole], size_hw, thin=False) - rasterise([part.exterior], size_hw)
            if spill.area_px:
                yield (
                    "hole-outside",
                    f"{spill.area_px:,} pixels of a hole near x={hole[0, 0]:g}, y={hole[0, 1]:g} "
                    "lie outside its outer ring",
                    "Check which ring the hole belongs to",
                )


def _reaches_outside(drawn: Polygons, size_hw: tuple[int, int]) -> Iterator[tuple[str, str, str]]:
    (left, top), (right, bottom) = _bounds(drawn)
    height, width = size_hw
    beyond = max(-left, -top, right - width, bottom - height)
    if beyond > _ROUNDING_PX:
        yield (
            "outside-image",
            f"x {left:g} … {right:g}, y {top:g} … {bottom:g} reaches {beyond:.4g} pixels outside "
            f"the picture of {height}×{width} (height × width) and is cut off there",
            "Check that it belongs to this picture",
        )


def _crosses(ring: np.ndarray) -> Iterator[tuple[str, str, str]]:
    remedy = "Redraw it there; what is encircled twice counts as outside"
    try:
        found = crossing(ring)
    except OverflowError:
        text = f"a polygon of {len(ring):,} vertices is too tangled to be followed"
        yield "self-crossing", text, remedy
        return
    if found is not None:
        x, y = found
        yield "self-crossing", f"a polygon crosses itself at x={x:g}, y={y:g}", remedy
