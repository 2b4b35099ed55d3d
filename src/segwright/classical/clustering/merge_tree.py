"""The order in which adjacent regions are merged: a hierarchy from fine to coarse."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, eq=False)
class MergeTree:
    """Regions of one image, and how they come together.

    Two regions differ by their mean colours (7/10) and by the steps of colour along their common
    border (3/10); more if the smaller is large, (share of the picture) ^ 1/5, and less if the
    border is much of its outline, (share of the outline) ^ 3/10. The two that differ least are
    merged, again and again. The exponents were chosen on the training part of BSDS500.

    Source: Beaulieu & Goldberg 1989: Hierarchy in picture segmentation; size and outline in the
    manner of Haris et al. 1998 and of Ren & Shakhnarovich 2013.

    Attributes:
        count: Regions at the start, R.
        merges: (R - 1, 2) int32: merge i makes node R + i of two earlier nodes; 0 … R - 1 are the
            regions.
        heights: (R - 1,) float64, ascending: how much the two differ, or any before them.

    Example:
        >>> tree = MergeTree.of(regions, colours)
        >>> coarse = tree.cut(0.2)[regions]
    """

    count: int
    merges: np.ndarray
    heights: np.ndarray

    @classmethod
    def of(cls, regions: np.ndarray, colours: np.ndarray) -> Self:
        """Merges the regions of an image until one is left.

        Args:
            regions: (Y, X) int32, 0 … R - 1, all 4-connected.
            colours: (Y, X, C) float32.
        """
        from segwright.classical.clustering.merge_tree_kernels import merge_all
        from segwright.classical.regions.components_kernels import sizes_and_sums

        count = int(regions.max()) + 1
        sizes, sums = sizes_and_sums(regions, colours, count)
        pairs, lengths, steps = _borders(regions, colours)
        shares = sizes / regions.size
        return cls(count, *merge_all(shares, sums / regions.size, pairs, lengths, steps))

    def cut(self, height: float) -> np.ndarray:
        """Which regions are one when all merges up to a height are done.

        Returns:
            (R,) int32 numbers 0 … n - 1, in the order of the first region of each.
        """
        parent = np.arange(self.count + len(self.merges))
        done = int(np.searchsorted(self.heights, height, side="right"))
        for number in range(done):
            parent[self.merges[number]] = self.count + number
        for node in range(self.count + done - 1, -1, -1):  # a parent comes after its children
            parent[node] = parent[parent[node]]
        _, first, numbers = np.unique(parent[: self.count], return_index=True, return_inverse=True)
        order = np.empty(len(first), np.int32)
        order[np.argsort(first)] = np.arange(len(first))
        return order[numbers]


def _borders(regions: np.ndarray, colours: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Pairs of adjacent regions (E, 2), the length of their border, and the steps along it (E,)."""
    count = int(regions.max()) + 1
    keys, steps = [], []
    for axis in (0, 1):
        later = (slice(1, None), slice(None))[:: 1 if axis == 0 else -1]
        before = (slice(None, -1), slice(None))[:: 1 if axis == 0 else -1]
        one, other = regions[before], regions[later]
        y, x = np.nonzero(one != other)
        low = np.minimum(one[y, x], other[y, x]).astype(np.int64)
        keys.append(low * count + np.maximum(one[y, x], other[y, x]))
        steps.append(np.linalg.norm(colours[later][y, x] - colours[before][y, x], axis=1))
    pairs, which = np.unique(np.concatenate(keys), return_inverse=True)
    lengths = np.bincount(which, minlength=len(pairs)).astype(np.float64)
    totals = np.bincount(which, np.concatenate(steps), minlength=len(pairs))
    return np.stack([pairs // count, pairs % count], axis=1), lengths, totals
