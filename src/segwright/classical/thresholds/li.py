"""Li's threshold: two levels that tell as much of the image as two levels can."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from segwright.classical.thresholds.levels import GlobalThreshold, centres_of


class Li(GlobalThreshold):
    """Takes the threshold with the least cross-entropy between the image and its two mean levels.

    The minimum over all bins of the histogram, not the nearest local one. Brightness counts from
    the darkest pixel, so that adding a constant changes nothing.

    Source: Li and Lee 1993.
    """

    name: ClassVar[str] = "li"

    def threshold(self, counts: np.ndarray, edges: np.ndarray) -> float:
        return edges[1 + cross_entropies(counts, edges).argmin()]


def cross_entropies(counts: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """The part of the cross-entropy that depends on the threshold.

    Args:
        counts: (n,) pixels in each bin.
        edges: (n + 1,) bounds of the bins.

    Returns:
        (n - 1,) for a threshold after each bin but the last; infinite where one side is empty.
    """
    centres = centres_of(edges)
    moments = counts * (centres - centres[counts > 0][0])
    weight, moment = np.cumsum(counts), np.cumsum(moments)
    total = np.full(len(counts) - 1, 0.0)
    for mass, sums in (
        (weight[:-1], moment[:-1]),
        (weight[-1] - weight[:-1], moment[-1] - moment[:-1]),
    ):
        mean = np.divide(sums, mass, out=np.ones_like(sums), where=(mass > 0) & (sums > 0))
        total -= np.where(mass > 0, sums * np.log(mean), -np.inf)
    return total
