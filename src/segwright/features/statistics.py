"""Statistics of a pixel's surroundings."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from segwright.features.feature import ON_MEANING, AsRow, Feature, On
from segwright.features.view import View, opencv, plane_names

Statistic = Literal["mean", "std", "minimum", "maximum", "median", "entropy"]
_LEVELS = 256
_ENTROPY_LEVELS = 16


class Statistics(Feature):
    """Mean, spread, extremes, median and entropy of square windows.

    The median is to 1/256 of the full scale; the entropy, in bits, is of 16 levels.
    """

    bare: ClassVar[tuple[str, ...]] = ("windows_px",)
    step: Literal["statistics"] = "statistics"
    windows_px: Annotated[tuple[int, ...], AsRow] = Field(
        default=(5, 11), min_length=1, max_length=8, description="Sides of the windows, odd, 3 … 63"
    )
    outputs: Annotated[tuple[Statistic, ...], AsRow] = Field(
        default=("mean", "std", "minimum", "maximum", "median", "entropy"),
        min_length=1,
        max_length=6,
        description="Which of mean, std, minimum, maximum, median, entropy",
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
            f"{output} {side}x{side} {plane}"
            for side in self.windows_px
            for plane in plane_names(self.on, num_channels)
            for output in self.outputs
        )

    def describe(self, view: View) -> np.ndarray:
        found: list[np.ndarray] = []
        for side in self.windows_px:
            for plane in view.planes(self.on):
                known: dict[str, np.ndarray] = {}
                for output in self.outputs:
                    if output not in known:
                        known |= _MAKERS[output](plane, side)
                    found.append(known[output])
        return np.stack(found)


def _moments(plane: np.ndarray, side: int) -> dict[str, np.ndarray]:
    cv2 = opencv()
    # About the middle of the scale, so that squares lose fewer digits; sums are in float64.
    about = plane - np.float32(0.5)
    mean, variance = (
        blur(about, cv2.CV_64F, (side, side), borderType=cv2.BORDER_REFLECT).reshape(plane.shape)
        for blur in (cv2.boxFilter, cv2.sqrBoxFilter)
    )
    variance -= mean * mean
    variance *= variance >= 1e-12  # less, or below 0, is rounding of running sums
    return {
        "mean": (mean + 0.5).astype(np.float32),
        "std": np.sqrt(variance, out=variance).astype(np.float32),
    }


def _extremes(plane: np.ndarray, side: int) -> dict[str, np.ndarray]:
    cv2 = opencv()
    window = np.ones((side, side), np.uint8)
    low, high = (
        change(plane, window, borderType=cv2.BORDER_REFLECT).reshape(plane.shape)
        for change in (cv2.erode, cv2.dilate)
    )
    return {"minimum": low, "maximum": high}


def _median(plane: np.ndarray, side: int) -> dict[str, np.ndarray]:
    from segwright.features.windows import as_levels, medians_and_entropies

    levels = as_levels(plane, _LEVELS)
    if side <= 15:  # a histogram of 256 levels is walked further than OpenCV's median is
        padded = np.pad(levels, side // 2, mode="symmetric")
        inner = slice(side // 2, -(side // 2))
        level = opencv().medianBlur(padded, side).reshape(padded.shape)[inner, inner]
    else:
        level = medians_and_entropies(levels, side // 2, _LEVELS)[0]
    return {"median": (level.astype(np.float32) + 0.5) / np.float32(_LEVELS)}


def _entropy(plane: np.ndarray, side: int) -> dict[str, np.ndarray]:
    from segwright.features.windows import as_levels, medians_and_entropies

    levels = as_levels(plane, _ENTROPY_LEVELS)
    return {"entropy": medians_and_entropies(levels, side // 2, _ENTROPY_LEVELS)[1]}


_MAKERS = {
    "mean": _moments,
    "std": _moments,
    "minimum": _extremes,
    "maximum": _extremes,
    "median": _median,
    "entropy": _entropy,
}
