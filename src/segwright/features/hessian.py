"""Lines and blobs: the eigenvalues of the Hessian."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.features.derivatives import eigenvalues, second_derivatives
from segwright.features.feature import ON_MEANING, SIGMAS_MEANING, SIGMAS_PX, Feature, On, Sigmas
from segwright.features.view import View, gaussian_reach, plane_names


class Hessian(Feature):
    """Curvature across and along, and ridgeness, at every scale.

    The two eigenvalues of the matrix of second derivatives of a Gaussian blur, times its variance
    (Lindeberg 1998): on a bright line the smaller is strongly negative, on a dark line the larger
    strongly positive, on a blob both. Ridgeness is how much the stronger exceeds the weaker in
    absolute value: high on lines of either kind, 0 on round blobs.
    """

    bare: ClassVar[tuple[str, ...]] = ("sigmas_px",)
    step: Literal["hessian"] = "hessian"
    sigmas_px: Sigmas = Field(default=SIGMAS_PX, description=SIGMAS_MEANING)
    on: On = Field(default="grey", description=ON_MEANING)

    @property
    def reach_px(self) -> int:
        return gaussian_reach(max(self.sigmas_px)) + 1

    def names(self, num_channels: int) -> tuple[str, ...]:
        return tuple(
            f"hessian {sigma:g} {kind} {plane}"
            for sigma in self.sigmas_px
            for plane in plane_names(self.on, num_channels)
            for kind in ("larger", "smaller", "ridgeness")
        )

    def describe(self, view: View) -> np.ndarray:
        found: list[np.ndarray] = []
        for sigma in self.sigmas_px:
            for plane in view.smooth(self.on, sigma):
                scaled = (np.float32(sigma**2) * one for one in second_derivatives(plane))
                larger, smaller = eigenvalues(*scaled)
                # | |a| - |b| | is the smaller of |a + b| and |a - b|, and a ≥ b
                ridgeness = np.minimum(np.abs(larger + smaller), larger - smaller)
                found += [larger, smaller, ridgeness]
        return np.stack(found)
