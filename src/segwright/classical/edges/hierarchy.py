"""From the strength of contours to a hierarchy of regions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segwright.classical.edges.gradient import Gradients
from segwright.classical.regions.flooding import LEVELS, as_relief, flooded, markers
from segwright.labels.ultrametric import UltrametricMap

_PIECE_PX = 8  # side of the cells in which contours are taken for straight


@dataclass(frozen=True, eq=False)
class Hierarchy:
    """Regions that are joined two by two, until one is left.

    Attributes:
        finest: (Y, X) int32 regions 0 … n - 1.
        pairs: (n - 1, 2) int32, in the order of joining: a region of either side.
        heights: (n - 1,) float64, ascending: how strong the contour between the two is.
    """

    finest: np.ndarray
    pairs: np.ndarray
    heights: np.ndarray

    def regions(self, level: float) -> np.ndarray:
        """(Y, X) int32: regions from 0 that no contour stronger than `level` divides."""
        from segwright.classical.edges.hierarchy_kernels import cut

        joined = int(np.searchsorted(self.heights, level, side="right"))
        return cut(self.pairs[:joined], len(self.pairs) + 1)[self.finest]

    def contours(self) -> UltrametricMap:
        """How strong the contour between any two neighbouring pixels is."""
        pairs = [(int(one), int(other)) for one, other in self.pairs]
        return UltrametricMap.joining(self.finest, pairs, self.heights.tolist())


def watershed_hierarchy(gradients: Gradients, *, depth: float) -> Hierarchy:
    """Joins the basins of the gradient, the two with the weakest contour between them first.

    The strength of a contour is the mean over its length of how fast colours change across it: at
    each point along the normal of the piece of watershed it lies on, so that a watershed that runs
    across an edge nearby is not taken for it. Contours that come to lie between the same two
    regions are one contour from then on. A contour that is weaker than one that is gone already
    counts as strong as that.

    Source: Arbeláez, Maire, Fowlkes and Malik 2011, section 4: oriented watershed transform and
    ultrametric contour map.

    Args:
        gradients: Of the image.
        depth: Least depth of a basin, in the unit of the gradient.
    """
    from segwright.classical.regions.joining_kernels import join

    relief = as_relief(gradients.strength())
    finest = flooded(relief, markers(relief, depth=round(depth * LEVELS)))
    sides = _Sides.of(finest)
    contours, numbers = np.unique(sides.contour, return_inverse=True)
    lengths = np.bincount(numbers, minlength=len(contours)).astype(np.float64)
    sums = np.bincount(numbers, _across(gradients, sides), minlength=len(contours))
    count = int(finest.max()) + 1
    pairs = np.stack([contours // count, contours % count], axis=1).astype(np.int32)
    # Only contours count: regions have no size and no colour.
    alike, colours = np.ones(count), np.zeros((count, 0))
    return Hierarchy(finest, *join(pairs, sums, lengths, alike, colours, 0.0, 0.0))


@dataclass(frozen=True, eq=False)
class _Sides:
    """The sides of pixels that part two regions.

    Attributes:
        contour: (S,) int64, lower region times number of regions plus higher region.
        near: (S,) int64 pixel above or left of the side, counted by rows.
        far: (S,) int64 pixel below or right of it.
        normal: (2, S) float64, the Y and X part of the step from the lower region to the higher.
        piece: (S,) int64 number of the contour's piece within a cell of the image.
    """

    contour: np.ndarray
    near: np.ndarray
    far: np.ndarray
    normal: np.ndarray
    piece: np.ndarray

    @classmethod
    def of(cls, regions: np.ndarray) -> _Sides:
        height, width = regions.shape
        pixels = np.arange(height * width).reshape(height, width)
        count = int(regions.max()) + 1
        near, far, contour, normal = [], [], [], []
        for axis, here, there in ((0, np.s_[:-1], np.s_[1:]), (1, np.s_[:, :-1], np.s_[:, 1:])):
            apart = regions[here] != regions[there]
            one, other = regions[here][apart], regions[there][apart]
            contour.append(np.minimum(one, other).astype(np.int64) * count + np.maximum(one, other))
            near.append(pixels[here][apart])
            far.append(pixels[there][apart])
            step = np.zeros((2, len(one)))
            step[axis] = np.where(one < other, 1, -1)
            normal.append(step)
        contours, first = np.concatenate(contour), np.concatenate(near)
        across = -(-width // _PIECE_PX)
        cells = first // width // _PIECE_PX * across + first % width // _PIECE_PX
        order = np.lexsort((cells, contours))
        begins = np.ones(len(order), bool)
        begins[1:] = (np.diff(contours[order]) != 0) | (np.diff(cells[order]) != 0)
        piece = np.empty(len(order), np.int64)
        piece[order] = np.cumsum(begins) - 1
        return cls(contours, first, np.concatenate(far), np.concatenate(normal, axis=1), piece)


def _across(gradients: Gradients, sides: _Sides) -> np.ndarray:
    """(S,) how fast colours change across each side, along the normal of its piece."""
    yy, yx, xx = (
        (plane.ravel()[sides.near] + plane.ravel()[sides.far]) / 2
        for plane in (gradients.yy, gradients.yx, gradients.xx)
    )
    normal_y, normal_x = (np.bincount(sides.piece, part)[sides.piece] for part in sides.normal)
    length = np.hypot(normal_y, normal_x)
    number = np.bincount(sides.piece)[sides.piece]
    safe = np.where(length > 0, length, 1)
    normal_y, normal_x = normal_y / safe, normal_x / safe
    # The steps of a straight piece add up to 0.7 … 1 of their number; those of a ring cancel out.
    straight = np.minimum(length / number * 2**0.5, 1)
    across = normal_y**2 * yy + 2 * normal_y * normal_x * yx + normal_x**2 * xx
    steepest = (yy + xx) / 2 + np.hypot((yy - xx) / 2, yx)
    return np.sqrt(np.maximum(straight * across + (1 - straight) * steepest, 0))
