"""Non-local means, for any depth and number of channels."""

from __future__ import annotations

from dataclasses import replace
from itertools import product
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from segwright.images.image import Image
from segwright.prepare.opencv import opencv
from segwright.prepare.step import Step, as_stored, value_range


class NonLocalMeans(Step):
    """Averages over pixels whose surroundings look alike (Buades, Coll & Morel 2005).

    OpenCV has it for 8 bits, with another distance for 16, and not for floats; this one is the
    same for all, at one to three seconds a megapixel with the values below.

    Attributes:
        strength: Difference of surroundings (root mean square) that counts as alike, 0.001 … 1, as
            a share of 255 for 8 bits and of the image's own range of values otherwise. Take about
            the standard deviation of the noise.
        patch_px: Side of the surroundings, odd, 3 … 15.
        window_px: Side of the window that is searched, odd, 3 … 41; time grows with its square.
    """

    bare: ClassVar[tuple[str, ...]] = ("strength",)
    step: Literal["nlmeans"] = "nlmeans"
    strength: float = Field(default=0.05, ge=0.001, le=1)
    patch_px: int = Field(default=5, ge=3, le=15)
    window_px: int = Field(default=13, ge=3, le=41)

    @field_validator("patch_px", "window_px")
    @classmethod
    def _odd(cls, size_px: int) -> int:
        if size_px % 2 == 0:
            raise ValueError(f"it must be odd, such as {size_px + 1}")
        return size_px

    def apply(self, image: Image) -> Image:
        low, high = value_range(image)
        if low == high:
            return image
        unit = ((image.pixels.astype(np.float64) - low) / (high - low)).astype(np.float32)
        pixels = low + self._averaged(unit).astype(np.float64) * (high - low)
        return replace(image, pixels=as_stored(pixels, image.pixels.dtype))

    def _averaged(self, unit: np.ndarray) -> np.ndarray:
        """(Y, X, C) float32 → the same, each pixel the mean over those that look like it."""
        cv2 = opencv(self.name)
        reach, half = self.window_px // 2, self.patch_px // 2
        planes = np.ascontiguousarray(np.moveaxis(unit, -1, 0))
        margin = (reach + half, reach + half)
        padded = np.pad(planes, ((0, 0), margin, margin), mode="symmetric")
        here = _shifted(padded, 0, 0, reach)
        total = np.zeros_like(planes)
        weights = np.zeros(planes.shape[1:], np.float32)
        inside = slice(half, -half)
        for dy, dx in product(range(-reach, reach + 1), repeat=2):
            there = _shifted(padded, dy, dx, reach)
            apart = here - there
            apart = np.einsum("cyx,cyx->yx", apart, apart)  # (Y + patch, X + patch)
            apart = cv2.blur(apart, (self.patch_px, self.patch_px))[inside, inside]
            weight = apart * np.float32(-1 / (len(planes) * self.strength**2))
            weight = cv2.exp(weight).reshape(weight.shape)
            total += weight * there[:, inside, inside]
            weights += weight
        return np.moveaxis(total / weights, 0, -1)  # a pixel looks like itself: no weight is 0


def _shifted(padded: np.ndarray, dy: int, dx: int, reach: int) -> np.ndarray:
    """(C, Y, X) without its margin of `reach`, moved by up to that much."""
    height, width = padded.shape[1:]
    return padded[:, reach + dy : height - reach + dy, reach + dx : width - reach + dx]
