"""The triangle threshold: where the histogram's long tail begins."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from segwright.classical.thresholds.levels import GlobalThreshold


class Triangle(GlobalThreshold):
    """Takes the bin farthest below a line, from the histogram's peak to its longer tail's end.

    Source: Zack, Rogers and Latt 1977.
    """

    name: ClassVar[str] = "triangle"

    def threshold(self, counts: np.ndarray, edges: np.ndarray) -> float:
        first, last = np.flatnonzero(counts)[[0, -1]]
        peak = int(counts.argmax())
        tail = last if last - peak > peak - first else first
        bins = np.arange(min(peak, tail), max(peak, tail) + 1)
        # The distance from a line is proportional to the height below it.
        line = counts[peak] * (bins - tail) / (peak - tail)
        return float(edges[1 + bins[(line - counts[bins]).argmax()]])
