"""How fast colours change, and in which direction."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np

from segwright.classical.regions.colours import colours
from segwright.features.view import filtered
from segwright.images.image import Image

Operator = Literal["central", "sobel", "scharr", "prewitt"]
"""What is averaged along an edge: nothing, or three pixels."""

_SLOPE = np.array([-0.5, 0, 0.5], np.float32)
_ALONG: dict[Operator, np.ndarray] = {
    "central": np.array([1], np.float32),
    "sobel": np.array([1, 2, 1], np.float32) / 4,
    "scharr": np.array([3, 10, 3], np.float32) / 16,
    "prewitt": np.array([1, 1, 1], np.float32) / 3,
}


@dataclass(frozen=True, eq=False)
class Gradients:
    """The squared gradients of all channels together, as a symmetric 2×2 matrix at each pixel.

    Along a unit vector n colours change by the square root of nᵀ M n a pixel.

    Source: Di Zenzo 1986: A note on the gradient of a multi-image.

    Attributes:
        yy: (Y, X) float32 sums of squares of the derivatives along Y.
        yx: Sums of products of both derivatives.
        xx: Sums of squares of the derivatives along X.
    """

    yy: np.ndarray
    yx: np.ndarray
    xx: np.ndarray

    @classmethod
    def of(cls, image: Image, *, sigma_px: float, operator: Operator) -> Gradients:
        """Of L*a*b* / 100 of RGB, of the planes 0 … 1 of any other image.

        Args:
            image: A picture.
            sigma_px: Standard deviation of the Gaussian that it is blurred with first; 0: none.
            operator: What smooths along the edge.
        """
        found = np.zeros((3, *image.size_hw), np.float32)
        pixels = colours(image, sigma_px=sigma_px)
        along = _ALONG[operator]
        for channel in range(pixels.shape[2]):
            plane = np.ascontiguousarray(pixels[..., channel])
            dy, dx = filtered(plane, _SLOPE, along), filtered(plane, along, _SLOPE)
            for total, product in zip(found, (dy * dy, dy * dx, dx * dx), strict=True):
                total += product
        return cls(*found)

    def strength(self) -> np.ndarray:
        """(Y, X) float32 by how much colours change a pixel, along the steepest direction."""
        half = (self.yy - self.xx) / 2
        return np.sqrt((self.yy + self.xx) / 2 + np.hypot(half, self.yx))

    def direction(self) -> tuple[np.ndarray, np.ndarray]:
        """The Y and X part of the steepest direction: (Y, X) float32 each, of length 1."""
        angle = np.arctan2(2 * self.yx, self.xx - self.yy) / 2
        return np.sin(angle), np.cos(angle)
