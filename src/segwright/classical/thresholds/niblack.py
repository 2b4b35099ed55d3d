"""Niblack's threshold: the mean of the surroundings and a share of their deviation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.thresholds.levels import Levels
from segwright.classical.thresholds.local import LocalThreshold, mean_and_deviation


class Niblack(LocalThreshold):
    """Takes the threshold m + k s, of the mean m and the standard deviation s of the window.

    Source: Niblack 1986; flat windows are not in it.
    """

    name: ClassVar[str] = "niblack"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        **Levels.search,
        "window_px": (15, 31, 61, 121),
        "k": (-0.5, -0.2, 0.0, 0.2, 0.5),
    }

    k: float = Field(
        -0.2,
        ge=-5,
        le=5,
        description="Standard deviations added to the mean, -5 to 5: negative to find dark objects"
        " on a bright ground, positive for bright objects.",
    )
    min_deviation: float = Field(
        0.02,
        ge=0,
        le=0.5,
        description="Standard deviation, as a share of the full scale, below which a window is flat"
        " and Otsu's threshold of the whole image divides it; 0 to 0.5.",
    )

    def bounds(self, values: np.ndarray) -> np.ndarray:
        mean, deviation = mean_and_deviation(values, self.window_px)
        bounds = mean + self.k * deviation
        bounds[deviation < self.min_deviation] = np.nan
        return bounds
