"""Texture of neighbouring levels: grey-level co-occurrence."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from segwright.features.feature import ON_MEANING, AsRow, Feature, On
from segwright.features.view import View, plane_names

OUTPUTS = ("contrast", "dissimilarity", "homogeneity", "energy", "correlation", "entropy")
Output = Literal["contrast", "dissimilarity", "homogeneity", "energy", "correlation", "entropy"]


class CoOccurrence(Feature):
    """Which levels lie side by side in a window (Haralick, Shanmugam & Dinstein 1973).

    Pairs of pixels `distance_px` apart along rows, columns and both diagonals, in both orders, are
    counted in one matrix, so a turn of the picture by a quarter changes nothing. Contrast and
    dissimilarity are the mean squared and absolute difference of levels, homogeneity the mean of
    1 / (1 + difference²), energy the root of the sum of squared shares, entropy in bits,
    correlation -1 … 1 and 1 where all levels are the same.
    """

    bare: ClassVar[tuple[str, ...]] = ("windows_px",)
    step: Literal["glcm"] = "glcm"
    windows_px: Annotated[tuple[int, ...], AsRow] = Field(
        default=(11,), min_length=1, max_length=4, description="Sides of the windows, odd, 3 … 63"
    )
    distance_px: int = Field(default=1, ge=1, le=16, description="Between the pixels of a pair")
    levels: int = Field(default=8, ge=2, le=32, description="Levels of brightness, 2 … 32")
    outputs: Annotated[tuple[Output, ...], AsRow] = Field(
        default=OUTPUTS, min_length=1, max_length=6, description=f"Which of {', '.join(OUTPUTS)}"
    )
    on: On = Field(default="grey", description=ON_MEANING)

    @field_validator("windows_px")
    @classmethod
    def _odd(cls, windows: tuple[int, ...]) -> tuple[int, ...]:
        if any(side % 2 == 0 or not 3 <= side <= 63 for side in windows):
            raise ValueError("windows have an odd side of 3 to 63 pixels")
        return windows

    @property
    def reach_px(self) -> int:
        return max(self.windows_px) // 2

    def names(self, num_channels: int) -> tuple[str, ...]:
        return tuple(
            f"glcm {side}x{side} {output} {plane}"
            for side in self.windows_px
            for plane in plane_names(self.on, num_channels)
            for output in self.outputs
        )

    def describe(self, view: View) -> np.ndarray:
        from segwright.features.co_occurrence import textures
        from segwright.features.windows import as_levels

        chosen = [OUTPUTS.index(output) for output in self.outputs]
        found = []
        for side in self.windows_px:
            for plane in view.planes(self.on):
                levels = as_levels(plane, self.levels)
                found.append(textures(levels, side, self.distance_px, self.levels)[chosen])
        return np.concatenate(found)
