"""Zero crossings of the Laplacian of a Gaussian, closed into regions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.edges.gradient import Gradients
from segwright.classical.edges.regions import EdgeRegions
from segwright.classical.planes import grey
from segwright.features.derivatives import laplacian
from segwright.features.view import gaussian
from segwright.images.image import Image


class LaplacianOfGaussian(EdgeRegions):
    """Takes the zero crossings of the blurred brightness's Laplacian that are steep enough.

    Of two neighbouring pixels of opposite sign the one nearer to zero is on the edge.

    Source: Marr and Hildreth 1980.
    """

    name: ClassVar[str] = "log"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "sigma_px": (1.5, 2.5, 4.0, 6.0),
        "contrast": (0.5, 1.0, 2.0, 4.0),
    }
    scale_param: ClassVar[str] = "contrast"
    scales: ClassVar[tuple[float, ...]] = (
        *(0.0, 0.2, 0.4, 0.6, 0.8, 1.0, 1.3, 1.6),
        *(2.0, 2.5, 3.0, 4.0, 5.0, 7.0),
    )

    sigma_px: float = Field(
        2.5, ge=0.5, le=50, description="Standard deviation of the Gaussian in pixels; 0.5 to 50"
    )
    contrast: float = Field(
        1.5,
        ge=0,
        le=1000,
        description="Least change of the Laplacian over `sigma_px` across an edge, in multiples of"
        " its mean absolute value in the image; 0 to 1000",
    )

    def edges(self, image: Image) -> tuple[np.ndarray, np.ndarray]:
        bend = laplacian(gaussian(grey(image), self.sigma_px))
        least = self.contrast * float(np.abs(bend).mean(dtype=np.float64)) / self.sigma_px
        if not self.gap_px:  # nobody asks how strong the edges are
            return zero_crossings(bend, least), np.zeros_like(bend)
        gradients = Gradients.of(image, sigma_px=self.sigma_px, operator="central")
        return zero_crossings(bend, least), gradients.strength()


def zero_crossings(values: np.ndarray, least: float) -> np.ndarray:
    """The pixels beside which values change their sign, on the side nearer to zero.

    Args:
        values: (Y, X) float32.
        least: The least difference across the crossing.

    Returns:
        (Y, X) uint8, 0 or 1. Zero counts as positive.
    """
    from segwright.classical.edges.crossing_kernels import cross

    found = np.zeros(values.shape, np.uint8)
    cross(values, np.float32(least), found)
    return found
