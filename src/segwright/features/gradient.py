"""How steep the picture is, and in which direction."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.features.derivatives import double_angle, first_derivatives, lengths
from segwright.features.feature import (
    ON_MEANING,
    SIGMAS_MEANING,
    SIGMAS_PX,
    AsRow,
    Feature,
    On,
    Sigmas,
)
from segwright.features.view import View, filtered, gaussian_reach, plane_names

_SLOPE = np.array([-0.5, 0, 0.5], np.float32)
_ACROSS = {
    "sobel": np.array([1, 2, 1], np.float32) / 4,
    "scharr": np.array([3, 10, 3], np.float32) / 16,
}


class Gradient(Feature):
    """Steepness and, if asked for, its orientation, of a Gaussian blur or of 3×3 operators.

    A step from 0 to 1 has a steepness of 0.5 under the 3×3 operators (Sobel & Feldman 1968;
    Scharr 2000), and is multiplied by σ under Gaussians, so that a blurred edge counts at its own
    scale as much as a sharp one (Lindeberg 1998). The orientation is given as the cosine and sine
    of twice the angle, 0 and 0 where the picture is flat.
    """

    bare: ClassVar[tuple[str, ...]] = ("sigmas_px",)
    step: Literal["gradient"] = "gradient"
    sigmas_px: Sigmas = Field(default=SIGMAS_PX, description=SIGMAS_MEANING)
    operator: Literal["gaussian", "sobel", "scharr"] = Field(
        default="gaussian",
        description="'gaussian' at the scales `sigmas_px`, or one 3×3 operator: sobel, scharr",
    )
    outputs: Annotated[tuple[Literal["magnitude", "orientation"], ...], AsRow] = Field(
        default=("magnitude",), min_length=1, max_length=2, description="What is given"
    )
    on: On = Field(default="grey", description=ON_MEANING)

    @property
    def reach_px(self) -> int:
        return 1 + (gaussian_reach(max(self.sigmas_px)) if self.operator == "gaussian" else 0)

    def names(self, num_channels: int) -> tuple[str, ...]:
        scales = [f"{s:g}" for s in self.sigmas_px] if self.operator == "gaussian" else [""]
        kinds = {"magnitude": ("magnitude",), "orientation": ("cos 2θ", "sin 2θ")}
        return tuple(
            " ".join(filter(None, (self.operator, "gradient", scale, kind, plane)))
            for scale in scales
            for plane in plane_names(self.on, num_channels)
            for output in self.outputs
            for kind in kinds[output]
        )

    def describe(self, view: View) -> np.ndarray:
        found: list[np.ndarray] = []
        for dy, dx in self._slopes(view):
            magnitude = lengths(dy, dx)
            for output in self.outputs:
                if output == "magnitude":
                    found.append(magnitude)
                else:
                    found.extend(double_angle(dy * dy, dy * dx, dx * dx, magnitude * magnitude))
        return np.stack(found)

    def _slopes(self, view: View) -> list[tuple[np.ndarray, np.ndarray]]:
        if self.operator == "gaussian":
            return [
                (np.float32(sigma) * dy, np.float32(sigma) * dx)
                for sigma in self.sigmas_px
                for dy, dx in map(first_derivatives, view.smooth(self.on, sigma))
            ]
        across = _ACROSS[self.operator]
        return [
            (filtered(plane, _SLOPE, across), filtered(plane, across, _SLOPE))
            for plane in view.planes(self.on)
        ]
