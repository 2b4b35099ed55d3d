"""Bernsen's threshold: half way between the darkest and the brightest of the surroundings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.thresholds.levels import Levels
from segwright.classical.thresholds.local import LocalThreshold
from segwright.packages import package


class Bernsen(LocalThreshold):
    """Takes the middle between the smallest and the largest value of the window.

    Source: Bernsen 1986; there flat windows are all of one class, here they are divided by Otsu's
    threshold of the whole image.
    """

    name: ClassVar[str] = "bernsen"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        **Levels.search,
        "window_px": (15, 31, 61, 121),
        "min_contrast": (0.05, 0.1, 0.2, 0.4),
    }

    min_contrast: float = Field(
        0.1,
        ge=0,
        le=1,
        description="Difference between the largest and the smallest value, as a share of the full"
        " scale, below which a window is flat and Otsu's threshold of the whole image divides it;"
        " 0 to 1.",
    )

    def bounds(self, values: np.ndarray) -> np.ndarray:
        ndimage = package("scipy.ndimage", purpose="Bernsen's threshold")
        # scipy's filters along an axis keep a queue: their cost does not depend on the window.
        lowest = ndimage.minimum_filter(values, self.window_px, mode="mirror")
        highest = ndimage.maximum_filter(values, self.window_px, mode="mirror")
        bounds = (lowest + highest) / 2
        bounds[highest - lowest < self.min_contrast] = np.nan
        return bounds
