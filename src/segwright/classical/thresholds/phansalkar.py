"""Phansalkar's threshold: Sauvola's, raised in dark places."""

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


class Phansalkar(LocalThreshold):
    """Takes the threshold m (1 + p exp(-q m) + k (s / r - 1)) of the window.

    m is its mean, s its standard deviation. Made for stained cells of low contrast, where Sauvola's
    threshold is too low to find what is dark among dark. Bright objects are found in the same way
    in the negative.

    Source: Phansalkar, More, Sabale and Joshi 2011.
    """

    name: ClassVar[str] = "phansalkar"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        **Levels.search,
        "window_px": (15, 31, 61, 121),
        "k": (0.15, 0.25, 0.4),
        "objects": ("darker", "brighter"),
    }

    k: float = Field(
        0.25, ge=0, le=1, description="How far a flat window lowers the threshold; 0 to 1."
    )
    r: float = Field(
        0.5,
        gt=0,
        le=1,
        description="The largest standard deviation there is, as a share of the full scale.",
    )
    p: float = Field(
        2.0, ge=0, le=100, description="How far darkness raises the threshold; 0 to 100."
    )
    q: float = Field(
        10.0, ge=0, le=1000, description="How fast that fades with brightness; 0 to 1000."
    )
    objects: Objects = Field(
        "darker", description="What is on the ground: 'darker' objects, or 'brighter' ones."
    )

    def bounds(self, values: np.ndarray) -> np.ndarray:
        mean, deviation = mean_and_deviation(values, self.window_px)
        if self.objects == "brighter":
            mean = 1 - mean
        raised = 1 + self.p * np.exp(-self.q * mean) + self.k * (deviation / self.r - 1)
        return towards_ground(mean * raised, self.objects)
