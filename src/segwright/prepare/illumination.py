"""Uneven light taken out."""

from __future__ import annotations

from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.errors import ImageError
from segwright.images.image import Image
from segwright.prepare.opencv import opencv, plane_by_plane
from segwright.prepare.step import Step, in_full_scale

_LEAST = 0.1  # of the mean background: what is darker is not made more than ten times brighter
_EXACT_PX = 6.0  # a wider Gaussian is that wide on a smaller copy: as smooth, and far faster


class Illumination(Step):
    """Divides by, or subtracts, an estimate of the background: the image blurred very widely.

    Each channel keeps its mean level. The result is float32 in units of full scale, as values may
    leave the range of integers.

    Attributes:
        sigma_px: Standard deviation of the blur in pixels, 1 … 10,000; a few times what is to be
            segmented, or that would be taken for background.
        how: "divide" for light that falls unevenly (brightness times light); what is below 0 is
            refused. Where the background is below a tenth of its mean, a tenth is taken.
            "subtract" for haze, glow and offsets that add up.
    """

    bare: ClassVar[tuple[str, ...]] = ("sigma_px", "how")
    step: Literal["illumination"] = "illumination"
    sigma_px: float = Field(default=50.0, ge=1, le=10_000)
    how: Literal["divide", "subtract"] = "divide"

    def apply(self, image: Image) -> Image:
        pixels = in_full_scale(image)
        if self.how == "subtract":
            even = plane_by_plane(pixels, self._subtracted)
        elif pixels.min() >= 0:
            even = plane_by_plane(pixels, self._divided)
        else:
            raise ImageError(
                f"its smallest value is {float(pixels.min()):g}; dividing by the illumination is "
                "defined for values from 0 on",
                where=image.source,
                remedy="Set how: subtract, or put 'illumination' before 'zscore'",
            )
        return replace(image, pixels=even)

    def _divided(self, plane: np.ndarray) -> np.ndarray:
        level = plane.mean(dtype=np.float64)
        if level == 0:
            return plane
        light = background(plane, self.sigma_px)
        even = plane / np.maximum(light, np.float32(_LEAST * light.mean(dtype=np.float64)))
        return even * np.float32(level / even.mean(dtype=np.float64))

    def _subtracted(self, plane: np.ndarray) -> np.ndarray:
        even = plane - background(plane, self.sigma_px)
        return even + np.float32(plane.mean(dtype=np.float64) - even.mean(dtype=np.float64))


def background(plane: np.ndarray, sigma_px: float) -> np.ndarray:
    """A (Y, X) float32 plane blurred by a Gaussian with mirrored borders.

    Wide ones are taken on a copy shrunk by area averaging and enlarged again; the difference from
    the exact blur is below a hundredth of the plane's range.
    """
    cv2 = opencv("illumination")
    size_hw = plane.shape
    shrink = max(1.0, sigma_px / _EXACT_PX)
    small_hw = [max(1, round(side / shrink)) for side in size_hw]
    small = cv2.resize(plane, small_hw[::-1], interpolation=cv2.INTER_AREA)
    sigma_y, sigma_x = (sigma_px * few / side for few, side in zip(small_hw, size_hw, strict=True))
    small = cv2.GaussianBlur(
        small, (0, 0), sigmaX=sigma_x, sigmaY=sigma_y, borderType=cv2.BORDER_REFLECT
    )
    return cv2.resize(small, size_hw[::-1], interpolation=cv2.INTER_CUBIC)
