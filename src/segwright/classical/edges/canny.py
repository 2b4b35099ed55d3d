"""Canny's edges, linked and closed into regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.edges.gradient import Gradients, quantiles
from segwright.classical.edges.regions import EdgeRegions, thinned
from segwright.classical.thresholds.hysteresis import touching
from segwright.images.image import Image


class Canny(EdgeRegions):
    """Takes the ridges of a blurred image's gradient: the strong ones, and weak ones touching them.

    The gradient is that of all channels together (L*a*b* / 100 of RGB).

    Source: Canny 1986; several channels: Di Zenzo 1986.
    """

    name: ClassVar[str] = "canny"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "sigma_px": (1.0, 2.0, 4.0),
        "high": (0.8, 0.9, 0.95),
    }
    scale_param: ClassVar[str] = "high"
    scales: ClassVar[tuple[float, ...]] = (
        *(0.5, 0.6, 0.7, 0.75, 0.8, 0.84, 0.87, 0.9, 0.92),
        *(0.94, 0.955, 0.97, 0.98, 0.987, 0.993),
    )

    sigma_px: float = Field(
        2.0, ge=0, le=50, description="Standard deviation of the blur before, in pixels; 0: none"
    )
    low: float = Field(
        0.6,
        ge=0,
        le=1,
        description="Share of all pixels that are less steep than a weak edge; 0 to 1. Where it is"
        " above `high`, `high` is taken for both",
    )
    high: float = Field(
        0.9,
        ge=0,
        le=1,
        description="Share of all pixels that are less steep than a strong edge; 0 to 1",
    )

    def edges(self, image: Image) -> tuple[np.ndarray, np.ndarray]:
        gradients = Gradients.of(image, sigma_px=self.sigma_px, operator="sobel")
        strength = gradients.strength()
        low, high = quantiles(strength, (min(self.low, self.high), self.high))
        weak = thinned(gradients, strength, above=low)
        return touching(weak, weak & (strength > np.float32(high))), strength
