"""From the strength of contours to a hierarchy of regions."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segwright.classical.edges.gradient import Gradients
from segwright.classical.regions.flooding import LEVELS, as_relief, flooded, markers
from segwright.labels.ultrametric import UltrametricMap


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
    from segwright.classical.edges.hierarchy_kernels import join_all

    relief = as_relief(gradients.strength())
    finest = flooded(relief, markers(relief, depth=round(depth * LEVELS)))
    sides = _Sides.of(finest)
    pieces, numbers = np.unique(sides.pair, return_inverse=True)
    strength = _across(gradients, sides, numbers, len(pieces))
    lengths = np.bincount(numbers, minlength=len(pieces)).astype(np.float64)
    sums = np.bincount(numbers, strength, minlength=len(pieces))
    count = int(finest.max()) + 1
    pairs = np.stack([pieces // count, pieces % count], axis=1).astype(np.int32)
    return Hierarchy(finest, *join_all(pairs, sums, lengths, count))


@dataclass(frozen=True, eq=False)
class _Sides:
    """The sides of pixels that part two regions.

    Attributes:
        pair: (S,) int64, lower region times number of regions plus higher region.
        near: (S,) int64 pixel above or left of the side, counted by rows.
        far: (S,) int64 pixel below or right of it.
        y: (S,) float64 middle of the side, in pixels.
        x: The same along X.
    """

    pair: np.ndarray
    near: np.ndarray
    far: np.ndarray
    y: np.ndarray
    x: np.ndarray

    @classmethod
    def of(cls, regions: np.ndarray) -> _Sides:
        height, width = regions.shape
        pixels = np.arange(height * width).reshape(height, width)
        count = int(regions.max()) + 1
        near, far, pair = [], [], []
        for here, there in (
            (np.s_[:-1], np.s_[1:]),
            (np.s_[:, :-1], np.s_[:, 1:]),
        ):
            apart = regions[here] != regions[there]
            one, other = regions[here][apart], regions[there][apart]
            pair.append(np.minimum(one, other).astype(np.int64) * count + np.maximum(one, other))
            near.append(pixels[here][apart])
            far.append(pixels[there][apart])
        n, f = np.concatenate(near), np.concatenate(far)
        y, x = (n // width + f // width) / 2, (n % width + f % width) / 2
        return cls(np.concatenate(pair), n, f, y, x)


def _across(gradients: Gradients, sides: _Sides, numbers: np.ndarray, count: int) -> np.ndarray:
    """(S,) how fast colours change across each side, along the normal of its piece."""
    yy, yx, xx = (
        (plane.ravel()[sides.near] + plane.ravel()[sides.far]) / 2
        for plane in (gradients.yy, gradients.yx, gradients.xx)
    )

    def mean(values: np.ndarray) -> np.ndarray:
        return np.bincount(numbers, values, minlength=count) / lengths

    lengths = np.bincount(numbers, minlength=count)
    y, x = sides.y - mean(sides.y)[numbers], sides.x - mean(sides.x)[numbers]
    # The main axis of a piece's points is its tangent; a twelfth is what a lone side spreads.
    spread_yy, spread_yx, spread_xx = mean(y * y) + 1 / 12, mean(y * x), mean(x * x) + 1 / 12
    apart = np.hypot(spread_yy - spread_xx, 2 * spread_yx)
    straight = apart / (spread_yy + spread_xx)  # 0 of a blob or ring, 1 of a line
    angle = np.arctan2(2 * spread_yx, spread_xx - spread_yy) / 2
    normal_y, normal_x = np.cos(angle)[numbers], -np.sin(angle)[numbers]
    across = normal_y**2 * yy + 2 * normal_y * normal_x * yx + normal_x**2 * xx
    half = (yy - xx) / 2
    steepest = (yy + xx) / 2 + np.hypot(half, yx)
    share = straight[numbers]
    return np.sqrt(np.maximum(share * across + (1 - share) * steepest, 0))
