"""The mean brightness as a threshold."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from segwright.classical.thresholds.levels import GlobalThreshold, centres_of


class MeanBrightness(GlobalThreshold):
    """Takes the mean of all pixels.

    Source: Glasbey 1993.
    """

    name: ClassVar[str] = "mean_brightness"

    def threshold(self, counts: np.ndarray, edges: np.ndarray) -> float:
        return float(np.average(centres_of(edges), weights=counts))
