"""Two thresholds: what is clearly there, and what hangs together with it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.classical.thresholds.levels import (
    Levels,
    TwoLevels,
    above,
    brightness,
    centres_of,
    histogram,
)
from segwright.classical.thresholds.otsu import otsu_thresholds
from segwright.images.image import Image
from segwright.packages import package


class Hysteresis(TwoLevels):
    """Takes the pixels beyond a strict threshold, and those beyond a lenient one that touch them.

    Chains of lenient pixels may be of any length; pixels touch at sides and corners. Thresholds
    that are not given are half way from Otsu's to the mean of the darker and of the brighter
    pixels. A constant image is all dark.

    Source: Canny 1986, section VII, there for edges; the choice of thresholds is ours.
    """

    name: ClassVar[str] = "hysteresis"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        **Levels.search,
        "objects": ("brighter", "darker"),
    }

    low: float | None = Field(
        None,
        ge=0,
        le=1,
        description="The lower threshold as a share of the full scale, 0 to 1; by default found in"
        " the image.",
    )
    high: float | None = Field(
        None,
        ge=0,
        le=1,
        description="The upper threshold as a share of the full scale, 0 to 1; by default found in"
        " the image. Where it is below `low`, it is taken for both.",
    )
    objects: Literal["brighter", "darker"] = Field(
        "brighter",
        description="Which pixels must hang together: 'brighter' (`high` is the strict threshold)"
        " or 'darker' (`low` is).",
    )

    def levels_of(self, image: Image) -> np.ndarray:
        values = brightness(image)
        constant = values.min() == values.max()
        if constant and (self.low is None or self.high is None):
            return np.zeros(image.size_hw, np.uint8)
        low, high = self._bounds(values)
        over_low, over_high = above(values, low), above(values, high)
        if self.objects == "brighter":
            return touching(over_low, over_high)
        return 1 - touching(1 - over_high, 1 - over_low)

    def _bounds(self, values: np.ndarray) -> tuple[float, float]:
        scale = 255 if values.dtype == np.uint8 else 1
        given = [None if one is None else one * scale for one in (self.low, self.high)]
        if None in given:
            found = around_otsu(*histogram(values))
            given = [other if one is None else one for one, other in zip(given, found, strict=True)]
        low, high = given
        assert low is not None and high is not None
        return min(low, high), high


def around_otsu(counts: np.ndarray, edges: np.ndarray) -> tuple[float, float]:
    """Half way from Otsu's threshold to the mean of the darker, and to that of the brighter."""
    (bound,) = otsu_thresholds(counts, edges)
    centres = centres_of(edges)
    dark = centres < bound
    means = [np.average(centres[side], weights=counts[side]) for side in (dark, ~dark)]
    return float(bound + means[0]) / 2, float(bound + means[1]) / 2


def touching(lenient: np.ndarray, strict: np.ndarray) -> np.ndarray:
    """The 8-connected regions of one mask that hold a pixel of another.

    Args:
        lenient: (Y, X) uint8, 0 or 1.
        strict: (Y, X) uint8, 0 or 1, a part of `lenient`.

    Returns:
        (Y, X) uint8, 0 or 1.
    """
    cv2 = package("cv2", purpose="a threshold with hysteresis")
    count, regions = cv2.connectedComponents(lenient, connectivity=8)
    kept = np.zeros(count, np.uint8)
    kept[regions[strict > 0]] = 1
    return kept[regions].reshape(lenient.shape)
