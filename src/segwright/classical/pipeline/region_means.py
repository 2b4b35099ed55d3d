"""Adjacent regions, described by their means, that are merged round by round."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np

from segwright.classical.pipeline.similarity import Similarity
from segwright.packages import package

_MUCH_LARGER = 10


@dataclass(eq=False)
class RegionMeans:
    """The regions of a picture while they are merged.

    Attributes:
        labels: (Y, X) int32 regions 0 … R - 1.
        sums: (G, R) float64 sums of features.
        sizes: (R,) pixels.
        pairs: (E, 2) int64 4-adjacent regions, each pair once.
        similarity: Tells how much means differ.
        by_size: Whether differences of small regions count less, by Ward's factor.
    """

    labels: np.ndarray
    sums: np.ndarray
    sizes: np.ndarray
    pairs: np.ndarray
    similarity: Similarity
    by_size: bool

    @classmethod
    def of_pixels(cls, features: np.ndarray, similarity: Similarity, *, by_size: bool) -> Self:
        """Every pixel of (G, Y, X) features is a region; equal neighbours are one already."""
        size_hw = features.shape[1:]
        count = size_hw[0] * size_hw[1]
        labels = np.arange(count, dtype=np.int32).reshape(size_hw)
        sums = features.reshape(len(features), -1).astype(np.float64)
        found = cls(labels, sums, np.ones(count), _touching(labels), similarity, by_size)
        if len(found.pairs):
            found._join(found.pairs[found.differences() <= 0])
        return found

    def __len__(self) -> int:
        """How many regions are left."""
        return len(self.sizes)

    def differences(self) -> np.ndarray:
        """(E,) how much the regions of each pair differ."""
        means = self.sums / self.sizes
        one, other = self.pairs.T
        differ = np.asarray(self.similarity.distance(means[:, one], means[:, other]), np.float64)
        if self.by_size:
            n, m = self.sizes[one], self.sizes[other]
            differ = differ * np.sqrt(2 * n * m / (n + m))
        return differ

    def borders(self) -> np.ndarray:
        """(E,) length of the border of each pair, in sides of pixels."""
        keys = np.concatenate([_keys(*sides, len(self)) for sides in _sides(self.labels)])
        return np.unique(keys, return_counts=True)[1].astype(np.float64)

    def merge(self, threshold: float, *, least: int = 1) -> bool:
        """Merges all pairs of which each is the most alike neighbour of the other.

        A region ten times as large takes over at once all that are most like it, as they change it
        little: one after the other they would take as many rounds.

        Args:
            threshold: No pair differs by more.
            least: Regions to be left at least.

        Returns:
            Whether any were merged.
        """
        from segwright.classical.pipeline.graph_kernels import most_alike

        if not len(self.pairs):
            return False
        differ = self.differences()
        best = most_alike(self.pairs, differ, len(self))
        edge = np.arange(len(self.pairs))
        chosen_by = best[self.pairs] == edge[:, None]  # (E, 2)
        mutual = chosen_by.all(axis=1) & (differ <= threshold)
        sizes = self.sizes[self.pairs]
        small = sizes * _MUCH_LARGER <= sizes[:, ::-1]
        growing = np.zeros(len(self), bool)
        growing[self.pairs[mutual][small[mutual][:, ::-1]]] = True
        taken = (chosen_by & small & growing[self.pairs[:, ::-1]]).any(axis=1)
        chosen = np.flatnonzero(mutual | (taken & (differ <= threshold)))
        if len(chosen) > len(self) - least:
            chosen = chosen[np.argsort(differ[chosen], kind="stable")][: max(0, len(self) - least)]
        self._join(self.pairs[chosen])
        return bool(len(chosen))

    def _join(self, pairs: np.ndarray) -> None:
        if not len(pairs):
            return
        sparse = package("scipy.sparse", purpose="merging regions")
        graph = package("scipy.sparse.csgraph", purpose="merging regions")
        shape = (len(self), len(self))
        links = sparse.coo_array((np.ones(len(pairs), bool), tuple(pairs.T)), shape=shape)
        count, numbers = graph.connected_components(links, directed=False)
        self.sums = np.stack([np.bincount(numbers, row, minlength=count) for row in self.sums])
        self.sizes = np.bincount(numbers, self.sizes, minlength=count)
        self.labels = numbers.astype(np.int32)[self.labels]
        one, other = numbers[self.pairs].astype(np.int64).T
        apart = one != other
        self.pairs = _pairs(_keys(one[apart], other[apart], count), count)


def _touching(labels: np.ndarray) -> np.ndarray:
    count = int(labels.max()) + 1
    return _pairs(np.concatenate([_keys(*sides, count) for sides in _sides(labels)]), count)


def _pairs(keys: np.ndarray, count: int) -> np.ndarray:
    keys = np.sort(keys)  # for so many different ones faster than np.unique, which hashes
    keys = keys[np.concatenate([[True], keys[1:] != keys[:-1]])] if len(keys) else keys
    return np.stack([keys // count, keys % count], axis=1)


def _sides(labels: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """The regions on both sides of all borders between pixels, across and down."""
    found = []
    for one, other in ((labels[:, :-1], labels[:, 1:]), (labels[:-1], labels[1:])):
        apart = one != other
        found.append((one[apart], other[apart]))
    return found


def _keys(one: np.ndarray, other: np.ndarray, count: int) -> np.ndarray:
    low, high = np.minimum(one, other).astype(np.int64), np.maximum(one, other)
    return low * count + high
