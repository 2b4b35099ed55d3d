"""Sauvola's threshold: the mean of the surroundings, lowered where they are flat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.thresholds.levels import Levels
from segwright.classical.thresholds.local import (
    LocalThreshold,
    Objects,
    mean_and_deviation,
    towards_ground,
)


class Sauvola(LocalThreshold):
    """Takes the threshold m (1 + k (s / r - 1)) of the window's mean m and standard deviation s.

    Made for ink on uneven paper: flat places are ground, whatever their brightness. Bright objects
    are found in the same way in the negative.

    Source: Sauvola and Pietikäinen 2000.
    """

    name: ClassVar[str] = "sauvola"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        **Levels.search,
        "window_px": (15, 31, 61, 121),
        "k": (0.1, 0.2, 0.35),
        "objects": ("darker", "brighter"),
    }

    k: float = Field(
        0.2, ge=0, le=1, description="How far a flat window lowers the threshold; 0 to 1."
    )
    r: float = Field(
        0.5,
        gt=0,
        le=1,
        description="The largest standard deviation there is, as a share of the full scale.",
    )
    objects: Objects = Field(
        "darker", description="What is on the ground: 'darker' objects, or 'brighter' ones."
    )

    def bounds(self, values: np.ndarray) -> np.ndarray:
        mean, deviation = mean_and_deviation(values, self.window_px)
        if self.objects == "brighter":
            mean = 1 - mean
        return towards_ground(mean * (1 + self.k * (deviation / self.r - 1)), self.objects)
