"""Circles that lie between edges: where they are, what is in them, and which belong together."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from segwright.packages import package

_COVER = 0.5
"""A circle covers middles within this share of its radius, so that neighbours overlap by half."""


@dataclass(frozen=True, eq=False)
class Circles:
    """Feature points with the largest circles around them that no edge enters.

    Attributes:
        middles: (P, 2) int64, Y and X of pixels; the largest circles first.
        radii: (P,) float32 pixels, at least 1.
    """

    middles: np.ndarray
    radii: np.ndarray

    @classmethod
    def between(cls, edges: np.ndarray) -> Self:
        """Circles that fill what is free of edges, each middle outside the inner half of others.

        Args:
            edges: (Y, X) bool.
        """
        from segwright.classical.clustering.circle_kernels import choose

        ndimage = package("scipy.ndimage", purpose="the radius-based method")
        height, width = edges.shape
        most = np.float32(max(1.0, np.hypot(height, width) / 2))
        # Not OpenCV's: its exact distances were seen to differ from call to call.
        radii = np.full(edges.shape, most)
        if edges.any():
            radii = np.minimum(ndimage.distance_transform_edt(~edges).astype(np.float32), most)
        order = np.argsort(-radii.ravel(), kind="stable")
        pixels = choose(radii, order, _COVER, 1.0)
        return cls(np.stack([pixels // width, pixels % width], axis=1), radii.ravel()[pixels])

    def __len__(self) -> int:
        return len(self.radii)

    @property
    def areas_px(self) -> np.ndarray:
        """(P,) float64."""
        return np.pi * self.radii.astype(np.float64) ** 2

    def describe(self, colours: np.ndarray, texture: float) -> np.ndarray:
        """(P, 2C) float64: the mean of each of the colours (Y, X, C) and `texture` x deviation."""
        from segwright.classical.clustering.circle_kernels import describe
        from segwright.kernels import in_shares

        found = np.empty((len(self), 2 * colours.shape[2]))
        in_shares(describe, len(self), colours, self.middles, self.radii, texture, found)
        return found

    def touching(self, vectors: np.ndarray, eps: float, *, slack_px: float = 2.0) -> np.ndarray:
        """(E, 2) int64 pairs that overlap or touch, of which the vectors are within `eps`.

        Args:
            vectors: (P, V).
            eps: Euclidean distance.
            slack_px: Gap between two that touch: the width of an edge that lies between.
        """
        from segwright.classical.clustering.circle_kernels import touching

        return touching(self.middles, self.radii, vectors, eps, slack_px, self._grids())

    def paint(self, groups: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
        """(Y, X) int32 group of each pixel, that of the circle it lies deepest in; -1 in none."""
        from segwright.classical.clustering.circle_kernels import paint

        labels = np.full(size_hw, -1, np.int32)
        closest = np.full(size_hw, np.inf, np.float32)
        paint(labels, closest, self.middles, self.radii, groups)
        return labels

    def _grids(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Circles of like size sorted into cells as wide as they; see `touching` of the kernels."""
        level_of = np.log2(self.radii.astype(np.float64)).astype(np.int64)
        levels, cell_of, cells = [], np.empty(len(self), np.int64), 0
        for level in range(int(level_of.max()) + 1):
            places = self.middles // 2 ** (level + 1)
            rows, columns = (int(side) + 1 for side in places.max(axis=0))
            own = level_of == level
            cell_of[own] = cells + places[own, 0] * columns + places[own, 1]
            levels.append((cells, rows, columns))
            cells += rows * columns
        order = np.argsort(cell_of, kind="stable")
        starts = np.searchsorted(cell_of[order], np.arange(cells + 1))
        return np.array(levels, np.int64), starts.astype(np.int64), order.astype(np.int64)


def dense_groups(pairs: np.ndarray, weights: np.ndarray, least: float) -> np.ndarray:
    """DBSCAN over items with given neighbours.

    Args:
        pairs: (E, 2) neighbours, each pair once.
        weights: (P,) what each item counts.
        least: An item is a core where it and its neighbours count this much.

    Returns:
        (P,) int64 groups: cores that are neighbours share one, others take that of their first
        core neighbour; -1 for those without.
    """
    sparse = package("scipy.sparse", purpose="the radius-based method")
    graph = package("scipy.sparse.csgraph", purpose="the radius-based method")
    count = len(weights)
    both = np.concatenate([pairs, pairs[:, ::-1]])
    density = weights + np.bincount(both[:, 0], weights[both[:, 1]], minlength=count)
    core = density >= least
    inner = pairs[core[pairs].all(axis=1)]
    links = sparse.coo_array((np.ones(len(inner), bool), tuple(inner.T)), shape=(count, count))
    groups = graph.connected_components(links, directed=False)[1].astype(np.int64)
    groups[~core] = -1
    outer = both[~core[both[:, 0]] & core[both[:, 1]]]
    outer = outer[np.lexsort((outer[:, 1], outer[:, 0]))]
    border, first = np.unique(outer[:, 0], return_index=True)
    groups[border] = groups[outer[first, 1]]
    return groups
