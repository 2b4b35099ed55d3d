"""Brightness against the mean of the surroundings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.classical.thresholds.levels import Levels
from segwright.classical.thresholds.local import LocalThreshold, local_mean
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

    def bounds(self, values: np.ndarray) -> np.ndarray:
        if self.weights == "even":
            mean = local_mean(values, self.window_px)
        else:
            mean = background(values, self.window_px / 6).reshape(values.shape)
        mean -= self.offset
        return mean
