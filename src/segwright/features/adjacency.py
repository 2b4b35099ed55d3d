"""Which regions touch, along how many pixels, and how strong the boundary between them is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, eq=False)
class Adjacency:
    """The region adjacency graph of a picture (Trémeau & Colantoni 2000).

    Attributes:
        num_regions: R.
        edges: (E, 2) int32, each two regions that share a side of a pixel, the lower number first;
            in rising order.
        length_px: (E,) int64, how many sides they share.
        strength: (E,) float32, mean of what was given along them; 0 if nothing was.
    """

    num_regions: int
    edges: np.ndarray
    length_px: np.ndarray
    strength: np.ndarray

    @classmethod
    def of(
        cls, regions: np.ndarray, strength: np.ndarray | None = None, *, num_regions: int = 0
    ) -> Self:
        """Finds the graph of a label map.

        Args:
            regions: (Y, X) integers, 0 … R-1.
            strength: (Y, X) float32, such as the gradient; a side of a pixel has the mean of the
                two pixels.
            num_regions: R; by default the largest number that occurs and one.
        """
        num_regions = num_regions or int(regions.max()) + 1
        keys, strengths = [], []
        for here, there in (
            (np.s_[:, :-1], np.s_[:, 1:]),
            (np.s_[:-1], np.s_[1:]),
        ):
            one, other = regions[here], regions[there]
            apart = one != other
            a, b = one[apart].astype(np.int64), other[apart].astype(np.int64)
            keys.append(np.minimum(a, b) * num_regions + np.maximum(a, b))
            if strength is not None:
                strengths.append((strength[here][apart] + strength[there][apart]) * 0.5)
        key = np.concatenate(keys)
        found, number, lengths = np.unique(key, return_inverse=True, return_counts=True)
        edges = np.stack([found // num_regions, found % num_regions], axis=1).astype(np.int32)
        means = np.zeros(len(found))
        if strength is not None and len(found):
            means = np.bincount(number, np.concatenate(strengths), len(found)) / lengths
        return cls(num_regions, edges, lengths, means.astype(np.float32))

    @property
    def degrees(self) -> np.ndarray:
        """(R,) int64, how many neighbours a region has."""
        return np.bincount(self.edges.ravel(), minlength=self.num_regions)

    def mean_of_neighbours(self, values: np.ndarray) -> np.ndarray:
        """What surrounds each region, by length of the shared boundary.

        Args:
            values: (R, V).

        Returns:
            (R, V) float32; a region without neighbours has its own values.
        """
        return self._weighted(lambda a, b: values[b], values, values.shape[1])

    def contrast(self, values: np.ndarray) -> np.ndarray:
        """Mean distance to the neighbours' values, by length of the shared boundary.

        Args:
            values: (R, V).

        Returns:
            (R,) float32; 0 for a region without neighbours.
        """
        own = np.zeros((self.num_regions, 1))
        apart = self._weighted(
            lambda a, b: np.linalg.norm(values[a] - values[b], axis=1)[:, None], own, 1
        )
        return apart[:, 0]

    def boundary_strength(self) -> np.ndarray:
        """(R,) float32, mean strength along the boundary; 0 for a region without neighbours."""
        own = np.zeros((self.num_regions, 1))
        doubled = np.concatenate([self.strength, self.strength])[:, None]
        return self._weighted(lambda a, b: doubled, own, 1)[:, 0]

    def _weighted(self, of_pairs, own: np.ndarray, width: int) -> np.ndarray:
        a = np.concatenate([self.edges[:, 0], self.edges[:, 1]])
        b = np.concatenate([self.edges[:, 1], self.edges[:, 0]])
        weight = np.concatenate([self.length_px, self.length_px]).astype(np.float64)
        total = np.bincount(a, weight, self.num_regions)
        told = of_pairs(a, b)
        sums = np.stack(
            [np.bincount(a, weight * told[:, v], self.num_regions) for v in range(width)], axis=1
        )
        alone = total == 0
        means = sums / np.where(alone, 1, total)[:, None]
        return np.where(alone[:, None], own, means).astype(np.float32)
