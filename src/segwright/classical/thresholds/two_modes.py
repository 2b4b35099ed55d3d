"""The minimum between two modes of the brightness."""

from __future__ import annotations

from typing import ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.thresholds.levels import GlobalThreshold


class TwoModes(GlobalThreshold):
    """Smooths the histogram until two peaks are left, and takes the lowest bin between them.

    An image whose histogram is left with one peak, or keeps more than two, has no such threshold:
    it is all dark.

    Source: Prewitt and Mendelsohn 1966.
    """

    name: ClassVar[str] = "two_modes"

    max_rounds: int = Field(
        10_000, ge=1, le=1_000_000, description="Times the histogram is smoothed at most."
    )

    def threshold(self, counts: np.ndarray, edges: np.ndarray) -> float:
        first, last = np.flatnonzero(counts)[[0, -1]]
        smooth = counts[first : last + 1].astype(np.float64)
        peaks = peaks_of(smooth)
        for _ in range(self.max_rounds):
            if len(peaks) < 3:
                break
            padded = np.pad(smooth, 1, mode="edge")
            smooth = (padded[:-2] + smooth + padded[2:]) / 3
            peaks = peaks_of(smooth)
        if len(peaks) != 2:
            return edges[-1]
        lower, upper = peaks
        return float(edges[first + lower + 1 + smooth[lower : upper + 1].argmin()])


def peaks_of(heights: np.ndarray) -> np.ndarray:
    """Bins that are higher than what is beside them; the first bin of a level top counts.

    The first bin may be one, as a black ground often is, the last may not: a rise towards it is
    light that the sensor has cut off.
    """
    steps = np.sign(np.diff(heights, prepend=0))
    moves = np.flatnonzero(steps)
    up_then_down = (steps[moves[:-1]] > 0) & (steps[moves[1:]] < 0)
    return moves[:-1][up_then_down]
