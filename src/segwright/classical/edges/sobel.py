"""Edges by a 3×3 operator, linked and closed into regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.classical.edges.gradient import Gradients, quantiles
from segwright.classical.edges.regions import EdgeRegions, thinned
from segwright.images.image import Image


class Sobel(EdgeRegions):
    """Takes the ridges of the gradient that are strong enough as edges.

    The gradient is that of all channels together (L*a*b* / 100 of RGB).

    Source: Sobel and Feldman 1968; Prewitt 1970; Scharr 2000; ridges: Canny 1986.
    """

    name: ClassVar[str] = "sobel"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "quantile": (0.6, 0.7, 0.8, 0.9),
        "sigma_px": (0.0, 1.0, 2.0),
    }
    scale_param: ClassVar[str] = "quantile"
    scales: ClassVar[tuple[float, ...]] = (
        *(0.3, 0.4, 0.5, 0.6, 0.65, 0.7, 0.75, 0.8, 0.83),
        *(0.86, 0.88, 0.9, 0.92, 0.94, 0.96, 0.98),
    )

    quantile: float = Field(
        0.8,
        ge=0,
        le=1,
        description="Share of all pixels that are less steep than an edge; 0 to 1",
    )
    operator: Literal["sobel", "scharr", "prewitt"] = Field(
        "sobel",
        description="What smooths along an edge: 'sobel' (1 2 1), 'scharr' (3 10 3) or 'prewitt'"
        " (1 1 1)",
    )
    sigma_px: float = Field(
        1.5, ge=0, le=50, description="Standard deviation of the blur before, in pixels; 0: none"
    )

    def edges(self, image: Image) -> tuple[np.ndarray, np.ndarray]:
        gradients = Gradients.of(image, sigma_px=self.sigma_px, operator=self.operator)
        strength = gradients.strength()
        (least,) = quantiles(strength, (self.quantile,))
        return thinned(gradients, strength, above=least), strength
