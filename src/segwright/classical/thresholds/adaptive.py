"""Brightness against the mean of the surroundings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.classical.thresholds.levels import Levels
from segwright.classical.thresholds.local import LocalThreshold, bands, local_mean
from segwright.images.image import Image
from segwright.packages import package
from segwright.prepare.illumination import background

_WHOLE_PX = 1 << 30


class Adaptive(LocalThreshold):
    """Calls a pixel brighter if it exceeds the mean of its window, less an offset.

    Where the image is flat the offset decides: with a positive one it is all brighter, with a
    negative one, or none, all darker.

    Source: Wellner 1993; as in OpenCV's adaptiveThreshold.
    """

    name: ClassVar[str] = "adaptive"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        **Levels.search,
        "window_px": (15, 31, 61, 121),
        "offset": (-0.1, -0.05, -0.02, 0.02, 0.05, 0.1),
    }

    offset: float = Field(
        0.02,
        ge=-1,
        le=1,
        description="Share of the full scale taken off the mean, -1 to 1: positive to find dark"
        " objects on a bright ground, negative for bright objects.",
    )
    weights: Literal["even", "gaussian"] = Field(
        "even",
        description="What the window's pixels count: 'even', or 'gaussian' with a standard"
        " deviation of a sixth of the window.",
    )

    @property
    def reach_px(self) -> int:
        # A wide Gaussian is taken on a shrunken copy, which bands would shrink differently.
        return super().reach_px if self.weights == "even" else _WHOLE_PX

    def levels_of(self, image: Image) -> np.ndarray:
        is_bytes = image.pixels.dtype == np.uint8 and image.num_channels == 1
        if is_bytes and self.weights == "even" and 255 * self.window_px**2 < 2**31:
            return above_mean(image.pixels[..., 0], self.window_px, self.offset * 255)
        return super().levels_of(image)

    def bounds(self, values: np.ndarray) -> np.ndarray:
        if self.weights == "even":
            mean = local_mean(values, self.window_px)
        else:
            mean = background(values, self.window_px / 6).reshape(values.shape)
        mean -= self.offset
        return mean


def above_mean(values: np.ndarray, window_px: int, offset: float) -> np.ndarray:
    """Compares whole numbers with the mean of the window around each, less an offset; exactly.

    Args:
        values: (Y, X) uint8.
        window_px: Side of the window, odd; 255 times its square is below 2³¹.
        offset: In levels.

    Returns:
        (Y, X) uint8, 1 where a value is larger.
    """
    cv2 = package("cv2", purpose="a local threshold")
    window, area = (window_px, window_px), window_px**2
    # A value is larger if the sum of its window is below this. Offsets such as 5 / 255 · 255 are
    # whole but for rounding.
    most = np.ceil(np.round((np.arange(256) + offset) * area, 6))
    least_sum = np.clip(most, -(2**31), 2**31 - 1).astype(np.int32)
    found = np.empty(values.shape, np.uint8)
    for rows, seen in bands(values.shape, window_px // 2):
        inner = slice(rows.start - seen.start, rows.stop - seen.start)
        sums = cv2.boxFilter(
            values[seen], cv2.CV_32S, window, normalize=False, borderType=cv2.BORDER_REFLECT_101
        ).reshape(-1, values.shape[1])
        bounds = cv2.LUT(values[rows], least_sum).reshape(found[rows].shape)
        np.less(sums[inner], bounds, out=found[rows].view(bool))
    return found
