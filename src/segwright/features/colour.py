"""Colour in other spaces."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.features.feature import AsRow, Feature
from segwright.features.view import View, channel_names, opencv

Space = Literal["rgb", "hsv", "lab", "luv", "ycbcr", "opponent"]

_AXES: dict[str, tuple[str, str, str]] = {
    "rgb": ("red", "green", "blue"),
    "hsv": ("hue", "saturation", "value"),
    "lab": ("L*", "a*", "b*"),
    "luv": ("L*", "u*", "v*"),
    "ycbcr": ("Y", "Cb", "Cr"),
    "opponent": ("red-green", "yellow-blue", "intensity"),
}
_OPPONENT = np.array(
    [
        [1 / 2**0.5, -1 / 2**0.5, 0],
        [1 / 6**0.5, 1 / 6**0.5, -2 / 6**0.5],
        [1 / 3**0.5, 1 / 3**0.5, 1 / 3**0.5],
    ],
    np.float32,
)


class Colour(Feature):
    """The pixel's colour in one or several spaces; of other than 3 channels, these themselves.

    RGB is taken as sRGB under D65. L*, a*, b*, u* and v* (CIE 1976) are divided by 100 and hue is
    the share of a full turn, so that all are of order 1; Y, Cb and Cr are ITU-R BT.601 with 0.5 as
    the middle; the opponent axes are those of van de Sande, Gevers & Snoek 2010.
    """

    bare: ClassVar[tuple[str, ...]] = ("spaces",)
    step: Literal["colour"] = "colour"
    spaces: Annotated[tuple[Space, ...], AsRow] = Field(
        default=("rgb", "lab"), min_length=1, max_length=6, description="Colour spaces"
    )

    @property
    def reach_px(self) -> int:
        return 0

    def names(self, num_channels: int) -> tuple[str, ...]:
        if num_channels != 3:
            return channel_names(num_channels)
        return tuple(f"{space} {axis}" for space in self.spaces for axis in _AXES[space])

    def describe(self, view: View) -> np.ndarray:
        if view.num_channels != 3:
            return np.stack(view.channels)
        return np.concatenate([in_space(view.pixels, space) for space in self.spaces])


def in_space(rgb: np.ndarray, space: Space) -> np.ndarray:
    """(Y, X, 3) float32 RGB in 0 … 1 → (3, Y, X) float32 in another space, as `Colour`."""
    return np.ascontiguousarray(np.moveaxis(converted(rgb, space), -1, 0))


def converted(rgb: np.ndarray, space: Space) -> np.ndarray:
    """As `in_space`, but channels stay last: (Y, X, 3) float32, for "rgb" the array itself."""
    cv2 = opencv()
    if space == "rgb":
        return rgb
    if space == "opponent":
        return rgb @ _OPPONENT.T
    if space == "ycbcr":
        return cv2.cvtColor(rgb, cv2.COLOR_RGB2YCrCb)[..., [0, 2, 1]]
    found = cv2.cvtColor(rgb, getattr(cv2, f"COLOR_RGB2{space.upper()}"))
    if space == "hsv":
        found[..., 0] *= np.float32(1 / 360)
    else:
        found *= np.float32(0.01)
    return found
