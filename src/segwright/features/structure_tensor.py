"""Orientation of texture: the structure tensor."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.features.derivatives import double_angle, eigenvalues, first_derivatives
from segwright.features.feature import (
    ON_MEANING,
    SIGMAS_MEANING,
    SIGMAS_PX,
    AsRow,
    Feature,
    On,
    Sigmas,
)
from segwright.features.view import View, gaussian, gaussian_reach, plane_names

Output = Literal["eigenvalues", "coherence", "orientation"]
_KINDS = {
    "eigenvalues": ("larger", "smaller"),
    "coherence": ("coherence",),
    "orientation": ("cos 2θ", "sin 2θ"),
}


class StructureTensor(Feature):
    """How strong and how aligned the gradients around a pixel are (Förstner & Gülch 1987).

    The products of the gradient at scale σ, averaged by a Gaussian of `spread` · σ. Its eigenvalues
    are given as square roots, times σ, in units of the gradient; coherence is ((a - b) / (a + b))²
    of the eigenvalues, 0 … 1, and 0 where the picture is flat; orientation is across the stripes,
    as the cosine and sine of twice the angle.
    """

    bare: ClassVar[tuple[str, ...]] = ("sigmas_px",)
    step: Literal["structure"] = "structure"
    sigmas_px: Sigmas = Field(default=SIGMAS_PX, description=SIGMAS_MEANING)
    spread: float = Field(
        default=2.0, ge=0.5, le=8, description="Width of the average as a multiple of σ, 0.5 … 8"
    )
    outputs: Annotated[tuple[Output, ...], AsRow] = Field(
        default=("eigenvalues", "coherence"), min_length=1, max_length=3,
        description="What is given",
    )  # fmt: skip
    on: On = Field(default="grey", description=ON_MEANING)

    @property
    def reach_px(self) -> int:
        sigma = max(self.sigmas_px)
        return gaussian_reach(sigma) + 1 + gaussian_reach(self.spread * sigma)

    def names(self, num_channels: int) -> tuple[str, ...]:
        return tuple(
            f"structure {sigma:g} {kind} {plane}"
            for sigma in self.sigmas_px
            for plane in plane_names(self.on, num_channels)
            for output in self.outputs
            for kind in _KINDS[output]
        )

    def describe(self, view: View) -> np.ndarray:
        found: list[np.ndarray] = []
        for sigma in self.sigmas_px:
            for plane in view.smooth(self.on, sigma):
                found += self._of_plane(plane, sigma)
        return np.stack(found)

    def _of_plane(self, plane: np.ndarray, sigma_px: float) -> list[np.ndarray]:
        dy, dx = (np.float32(sigma_px) * slope for slope in first_derivatives(plane))
        products = (dy * dy, dy * dx, dx * dx)
        yy, yx, xx = (gaussian(one, self.spread * sigma_px) for one in products)
        larger, smaller = eigenvalues(yy, yx, xx)
        np.maximum(smaller, 0, out=smaller)  # below 0 by rounding alone
        found: list[np.ndarray] = []
        for output in self.outputs:
            if output == "eigenvalues":
                found += [np.sqrt(larger), np.sqrt(smaller)]
            elif output == "coherence":
                total = larger + smaller
                share = (larger - smaller) / np.where(total > 0, total, np.float32(1))
                found.append(share * share)
            else:
                found += double_angle(yy, yx, xx, larger - smaller)
        return found
