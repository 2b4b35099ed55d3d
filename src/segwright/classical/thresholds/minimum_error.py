"""The threshold that makes the fewest errors between two normally distributed levels."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from segwright.classical.thresholds.levels import GlobalThreshold, centres_of


class MinimumError(GlobalThreshold):
    """Fits a normal distribution to either side, and takes the threshold with the best fit of both.

    Unlike Otsu's it lets the levels differ in spread and in number of pixels. The best fit is
    looked for among the valleys of the misfit; where there is none, anywhere.

    Source: Kittler and Illingworth 1986.
    """

    name: ClassVar[str] = "minimum_error"

    def threshold(self, counts: np.ndarray, edges: np.ndarray) -> float:
        misfit = misfits(counts, edges)
        valleys = valleys_of(misfit)
        return edges[1 + (valleys[misfit[valleys].argmin()] if len(valleys) else misfit.argmin())]


def valleys_of(misfit: np.ndarray) -> np.ndarray:
    """Bins lower than what is beside them; the first bin of a level bottom counts.

    The ends are none: a lone pixel on one side fits any distribution.
    """
    finite = np.flatnonzero(np.isfinite(misfit))
    steps = np.sign(np.diff(misfit[finite]))
    moves = np.flatnonzero(steps)
    down_then_up = (steps[moves[:-1]] < 0) & (steps[moves[1:]] > 0)
    return finite[moves[:-1][down_then_up] + 1]


def misfits(counts: np.ndarray, edges: np.ndarray) -> np.ndarray:
    """Kittler and Illingworth's criterion.

    Args:
        counts: (n,) pixels in each bin.
        edges: (n + 1,) bounds of the bins.

    Returns:
        (n - 1,) for a threshold after each bin but the last; infinite where one side is empty.
    """
    centres = centres_of(edges)
    width = edges[1] - edges[0]
    share = counts / counts.sum()
    sums = [np.cumsum(share * centres**power) for power in range(3)]
    total = np.ones(len(counts) - 1)
    for mass, first, second in (
        [one[:-1] for one in sums],
        [one[-1] - one[:-1] for one in sums],
    ):
        some = mass > 0.5 / counts.sum()
        mass = np.where(some, mass, 1)
        # Within a bin values are spread evenly: a twelfth of its width squared.
        variance = np.maximum(second / mass - (first / mass) ** 2, 0) + width**2 / 12
        total += np.where(some, mass * (np.log(variance) - 2 * np.log(mass)), np.inf)
    return total
