"""What an object's annotation can be: polygons, run lengths, or a box alone.

Coordinates are (x, y) in pixels, x to the right and y down from the image's upper left corner, so
that pixel (row r, column c) covers the square [c, c+1) × [r, r+1). Shapes keep what was drawn:
polygons keep their vertices until someone asks for pixels.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segwright.errors import LabelError
from segwright.labels.polygon import rasterise
from segwright.labels.rle import RunLengths


@dataclass(frozen=True, eq=False)
class Polygon:
    """One piece of an object: an outer ring and the holes in it.

    Attributes:
        exterior: (P, 2) float64 of (x, y) in pixels, P at least 3, closed by itself: the first
            vertex is not repeated at the end.
        holes: Rings like the exterior, inside it.
    """

    exterior: np.ndarray
    holes: tuple[np.ndarray, ...] = ()


@dataclass(frozen=True, eq=False)
class Polygons:
    """An object drawn as one or more pieces, which are united."""

    parts: tuple[Polygon, ...]

    @property
    def rings(self) -> list[np.ndarray]:
        """Every ring: of each piece its exterior, then its holes."""
        return [ring for part in self.parts for ring in (part.exterior, *part.holes)]

    @property
    def num_holes(self) -> int:
        return sum(len(part.holes) for part in self.parts)

    @property
    def num_vertices(self) -> int:
        return sum(len(ring) for ring in self.rings)


@dataclass(frozen=True)
class Box:
    """An object of which only a box is known: its sides in pixels, x to the right and y down."""

    left: float
    top: float
    right: float
    bottom: float

    def polygons(self) -> Polygons:
        """The box as a polygon of four vertices, clockwise on the screen."""
        x, y = (self.left, self.right), (self.top, self.bottom)
        corners = [(x[0], y[0]), (x[1], y[0]), (x[1], y[1]), (x[0], y[1])]
        return Polygons((Polygon(np.array(corners, dtype=np.float64)),))


Shape = Polygons | RunLengths | Box


def region_of(shape: Shape, size_hw: tuple[int, int]) -> RunLengths:
    """The pixels that a shape covers in an image of the given height and width.

    A box covers all pixels whose centres lie in it.

    Raises:
        LabelError: Coordinates that are not usable (see `labels.polygon.rasterise`), or run
            lengths of another size.
    """
    if isinstance(shape, RunLengths):
        if shape.size_hw != size_hw:
            raise LabelError(
                f"run lengths are of size {list(shape.size_hw)}, the picture is "
                f"{list(size_hw)} (height, width)",
                remedy="Give 'size' as [height, width] of the picture",
            )
        return shape
    if isinstance(shape, Box):
        shape = shape.polygons()
    holed = [part for part in shape.parts if part.holes]
    plain = [part.exterior for part in shape.parts if not part.holes]
    regions = [rasterise(plain, size_hw)] if plain or not holed else []
    regions += [_with_holes(part, size_hw) for part in holed]
    region = regions[0]
    for other in regions[1:]:
        region |= other
    return region


def _with_holes(part: Polygon, size_hw: tuple[int, int]) -> RunLengths:
    return rasterise([part.exterior], size_hw) - rasterise(part.holes, size_hw, thin=False)
