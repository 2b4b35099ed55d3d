"""How fast colours change, and in which direction."""

from __future__ import annotations

from collections.abc import Sequence
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
        from segwright.classical.edges.gradient_kernels import add_products
        from segwright.kernels import in_shares

        found = np.zeros((3, *image.size_hw), np.float32)
        along = _ALONG[operator]
        for plane in np.moveaxis(colours(image, sigma_px=sigma_px), -1, 0):
            plane = np.ascontiguousarray(plane)
            slopes = filtered(plane, _SLOPE, along), filtered(plane, along, _SLOPE)
            in_shares(add_products, len(plane), *slopes, found, at_least=64)
        return cls(*found)

    def strength(self) -> np.ndarray:
        """(Y, X) float32 by how much colours change a pixel, along the steepest direction."""
        from segwright.classical.edges.gradient_kernels import steepest
        from segwright.kernels import in_shares

        found = np.empty_like(self.yy)
        in_shares(steepest, len(found), self.yy, self.yx, self.xx, found, at_least=64)
        return found


def quantiles(values: np.ndarray, shares: Sequence[float]) -> list[float]:
    """What `np.quantile` gives of values ≥ 0, by counting instead of by sorting.

    Args:
        values: (Y, X) float32, finite, ≥ 0.
        shares: 0 … 1.
    """
    from segwright.classical.edges.gradient_kernels import by_upper_bits

    bits = np.ascontiguousarray(values).view(np.uint32).ravel()  # they grow as the values do
    until = np.cumsum(by_upper_bits(bits))
    ordered: dict[int, np.ndarray] = {}

    def at(rank: int) -> float:
        upper = int(np.searchsorted(until, rank, side="right"))
        if upper not in ordered:
            ordered[upper] = np.sort(bits[bits >> 16 == upper]).view(np.float32)
        return float(ordered[upper][rank - (until[upper - 1] if upper else 0)])

    found = []
    for share in shares:
        place = share * (len(bits) - 1)
        low = int(place)
        below, above = at(low), at(min(low + 1, len(bits) - 1))
        found.append(below + (above - below) * (place - low))
    return found
