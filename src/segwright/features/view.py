"""The pixels that features are computed from: a picture, or a band of its rows."""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np

from segwright.images.image import LUMINANCE
from segwright.packages import package

_TRUNCATE = 4.0
_RGB = ("red", "green", "blue")


@dataclass(frozen=True, eq=False)
class View:
    """Pixels of a picture, whole or a band of its rows, and what several features share of them.

    Borders are mirrored (d c b a | a b c d) where a filter sees past them.

    Attributes:
        pixels: (Y, X, C) float32, finite; 0 … 1 is the full scale.
        top_px: The row of the picture that is the first here.
        size_hw: Height and width of the whole picture; of `pixels` by default.
    """

    pixels: np.ndarray
    top_px: int = 0
    size_hw: tuple[int, int] = (0, 0)
    _smooth: dict[Any, np.ndarray] = field(default_factory=dict, init=False, repr=False)

    def __post_init__(self) -> None:
        assert self.pixels.ndim == 3 and self.pixels.dtype == np.float32
        if self.size_hw == (0, 0):
            object.__setattr__(self, "size_hw", self.pixels.shape[:2])

    @property
    def num_channels(self) -> int:
        return self.pixels.shape[2]

    @cached_property
    def grey(self) -> np.ndarray:
        """(Y, X) float32 brightness: luminance of RGB (ITU-R BT.601), else the channels' mean."""
        if self.num_channels == 1:
            return np.ascontiguousarray(self.pixels[..., 0])
        if self.num_channels == 3:
            return self.pixels @ LUMINANCE
        return self.pixels.mean(axis=2)

    @cached_property
    def channels(self) -> tuple[np.ndarray, ...]:
        """(Y, X) float32 of each channel."""
        return tuple(np.ascontiguousarray(self.pixels[..., c]) for c in range(self.num_channels))

    def planes(self, on: str) -> tuple[np.ndarray, ...]:
        """(Y, X) float32 planes to filter: one for "grey", C for "channels"."""
        return (self.grey,) if on == "grey" else self.channels

    def smooth(self, on: str, sigma_px: float) -> list[np.ndarray]:
        """`planes` blurred by a Gaussian; each is blurred once, whoever asks."""
        return [
            self._smoothed(on, number, plane, sigma_px)
            for number, plane in enumerate(self.planes(on))
        ]

    def _smoothed(self, on: str, number: int, plane: np.ndarray, sigma_px: float) -> np.ndarray:
        # The brightness of one channel is that channel.
        key = ("channels" if self.num_channels == 1 else on, number, sigma_px)
        if key not in self._smooth:
            self._smooth[key] = gaussian(plane, sigma_px)
        return self._smooth[key]


def plane_names(on: str, num_channels: int) -> tuple[str, ...]:
    """What the planes of `View.planes` are called."""
    return ("grey",) if on == "grey" else channel_names(num_channels)


def channel_names(num_channels: int) -> tuple[str, ...]:
    if num_channels == 1:
        return ("grey",)
    return _RGB if num_channels == 3 else tuple(f"channel {c}" for c in range(num_channels))


def gaussian(plane: np.ndarray, sigma_px: float) -> np.ndarray:
    """(Y, X) float32 blurred by a Gaussian, cut off at 4 standard deviations."""
    cv2 = opencv()
    side = 2 * gaussian_reach(sigma_px) + 1
    # GaussianBlur itself repeats the border differently in very small pictures.
    weights = cv2.getGaussianKernel(side, sigma_px, cv2.CV_32F)
    return filtered(plane, weights, weights)


def gaussian_reach(sigma_px: float) -> int:
    """Half the width of a Gaussian in whole pixels, its middle not counted."""
    return int(_TRUNCATE * sigma_px + 0.5)


def filtered(plane: np.ndarray, along_y: np.ndarray, along_x: np.ndarray) -> np.ndarray:
    """(Y, X) float32 correlated with an odd number of weights along each axis."""
    cv2 = opencv()
    found = cv2.sepFilter2D(plane, cv2.CV_32F, along_x, along_y, borderType=cv2.BORDER_REFLECT)
    return found.reshape(plane.shape)


def opencv() -> Any:
    """The module `cv2`.

    Raises:
        MissingDependencyError: It is not installed.
    """
    return package("cv2", purpose="describing pixels by features")
