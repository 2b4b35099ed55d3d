"""Noise taken off: median, Gaussian and bilateral filter. Borders are mirrored or repeated."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from segwright.images.image import Image
from segwright.prepare.opencv import opencv, plane_by_plane
from segwright.prepare.step import Step, as_stored, refuse_channels, value_range

_OPENCV_SIZES = (3, 5)  # OpenCV's median takes larger windows for 8 bits alone
_BAND_BYTES = 64 * 2**20


class Median(Step):
    """Puts the median of its surroundings in place of each value: against single wrong pixels.

    Attributes:
        size_px: Side of the window, odd, 3 … 31. Above 5 it is slow for 16 bits and floats.
    """

    bare: ClassVar[tuple[str, ...]] = ("size_px",)
    step: Literal["median"] = "median"
    size_px: int = Field(default=3, ge=3, le=31)

    @field_validator("size_px")
    @classmethod
    def _odd(cls, size_px: int) -> int:
        if size_px % 2 == 0:
            raise ValueError(f"it must be odd, such as {size_px + 1}")
        return size_px

    def apply(self, image: Image) -> Image:
        cv2 = opencv(self.step)
        if image.pixels.dtype == np.uint8 or self.size_px in _OPENCV_SIZES:
            changed = plane_by_plane(image.pixels, lambda p: cv2.medianBlur(p, self.size_px))
        else:
            changed = plane_by_plane(image.pixels, self._in_bands)
        return replace(image, pixels=changed)

    def _in_bands(self, plane: np.ndarray) -> np.ndarray:
        """The median where OpenCV has none, a few rows at a time: a window a pixel takes room."""
        size = self.size_px
        windows = np.lib.stride_tricks.sliding_window_view(
            np.pad(plane, size // 2, mode="edge"), (size, size)
        )
        rows = max(1, _BAND_BYTES // (plane.shape[1] * size**2 * plane.itemsize))
        changed = np.empty_like(plane)
        for top in range(0, len(plane), rows):
            band = windows[top : top + rows]
            middle = size**2 // 2
            flat = np.partition(band.reshape(*band.shape[:2], size**2), middle, axis=-1)
            changed[top : top + rows] = flat[..., middle]
        return changed


class Gaussian(Step):
    """Blurs with a Gaussian.

    Attributes:
        sigma_px: Standard deviation in pixels, 0.1 … 50.
    """

    bare: ClassVar[tuple[str, ...]] = ("sigma_px",)
    step: Literal["gaussian"] = "gaussian"
    sigma_px: float = Field(default=1.0, ge=0.1, le=50)

    def apply(self, image: Image) -> Image:
        cv2 = opencv(self.step)

        def blurred(plane: np.ndarray) -> np.ndarray:
            plane = plane.astype(np.float32)
            return cv2.GaussianBlur(plane, (0, 0), self.sigma_px, borderType=cv2.BORDER_REFLECT)

        changed = plane_by_plane(image.pixels, blurred)
        return replace(image, pixels=as_stored(changed, image.pixels.dtype))


class Bilateral(Step):
    """Averages over near pixels of similar value, so that edges stay (Tomasi & Manduchi 1998).

    For 1 or 3 channels; the difference of two colours is the sum over their channels.

    Attributes:
        sigma_px: Standard deviation of nearness in pixels, 0.5 … 20; two of them are looked at.
        sigma_value: Standard deviation of similarity, 0.001 … 1, as a share of 255 for 8 bits and
            of the image's own range of values for 16 bits and floats.
    """

    bare: ClassVar[tuple[str, ...]] = ("sigma_px", "sigma_value")
    step: Literal["bilateral"] = "bilateral"
    sigma_px: float = Field(default=2.0, ge=0.5, le=20)
    sigma_value: float = Field(default=0.1, ge=0.001, le=1)

    def apply(self, image: Image) -> Image:
        if image.num_channels not in (1, 3):
            raise refuse_channels(self.step, image, "1 or 3")
        cv2 = opencv(self.step)
        low, high = value_range(image)
        if low == high:
            return image
        # In 0 … 1, so that neither very small nor very large units trouble the arithmetic.
        unit = ((image.pixels.astype(np.float64) - low) / (high - low)).astype(np.float32)
        changed = cv2.bilateralFilter(
            unit,
            2 * math.ceil(2 * self.sigma_px) + 1,
            self.sigma_value,
            self.sigma_px,
            borderType=cv2.BORDER_REFLECT,
        ).reshape(unit.shape)
        pixels = low + changed.astype(np.float64) * (high - low)
        return replace(image, pixels=as_stored(pixels, image.pixels.dtype))
