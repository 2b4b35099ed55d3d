"""What local thresholds share: a threshold for each pixel from the window around it."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator
from typing import Annotated, Literal

import numpy as np
from pydantic import AfterValidator, Field

from segwright.classical.planes import grey
from segwright.classical.thresholds.levels import TwoLevels, histogram
from segwright.classical.thresholds.otsu import otsu_thresholds
from segwright.images.image import Image
from segwright.packages import package

_BAND_PX = 1 << 20  # pixels of a band: its statistics are in double precision, and stay in cache

Objects = Literal["darker", "brighter"]


def _odd(side: int) -> int:
    if side % 2 == 0:
        raise ValueError(f"a window with a middle has an odd side, such as {side + 1}")
    return side


WindowPx = Annotated[int, Field(ge=3, le=9999), AfterValidator(_odd)]
"""Side of a square window."""

WINDOW_MEANING = (
    "Side of the square window in pixels: odd, 3 to 9999; larger than what is to be found."
)


class LocalThreshold(TwoLevels):
    """Compares each pixel with a threshold of its surroundings, so light may fall unevenly.

    The image is mirrored at its borders. Windows too flat to have a threshold of their own, if the
    method knows such, are divided by Otsu's threshold of the whole image.
    """

    window_px: WindowPx = Field(61, description=WINDOW_MEANING)

    @abstractmethod
    def bounds(self, values: np.ndarray) -> np.ndarray:
        """The threshold of every pixel.

        Args:
            values: (Y, X) float32 brightness, 0 … 1.

        Returns:
            (Y, X) floats; NaN where the window is too flat to have one.
        """
        raise NotImplementedError

    @property
    def reach_px(self) -> int:
        """How far a pixel sees along Y."""
        return self.window_px // 2

    def levels_of(self, image: Image) -> np.ndarray:
        values = grey(image)
        found = np.empty(values.shape, bool)
        of_all: float | None = None
        for rows, seen in bands(values.shape, self.reach_px):
            bounds = self.bounds(values[seen])[rows.start - seen.start : rows.stop - seen.start]
            flat = np.isnan(bounds)
            if flat.any():
                of_all = otsu_or_highest(values) if of_all is None else of_all
                bounds = np.where(flat, of_all, bounds)
            np.greater(values[rows], bounds, out=found[rows])
        return found.view(np.uint8)


def bands(size_hw: tuple[int, ...], reach_px: int) -> Iterator[tuple[slice, slice]]:
    """Cuts the rows of an image into bands.

    Args:
        size_hw: Height and width.
        reach_px: How far a pixel sees along Y.

    Yields:
        The rows of a band, and the rows that these see; the latter are at most three times as
        many, so that the cost does not depend on the reach.
    """
    height, width = size_hw
    step = max(_BAND_PX // width, reach_px, 1)
    for start in range(0, height, step):
        stop = min(start + step, height)
        # One row more, or mirroring at the cut could not be told from that at the border.
        yield slice(start, stop), slice(max(start - reach_px - 1, 0), stop + reach_px + 1)


def otsu_or_highest(values: np.ndarray) -> float:
    """Otsu's threshold of (Y, X) float32; the value itself where they are constant."""
    low = float(values.min())
    if low == float(values.max()):
        return low
    return float(otsu_thresholds(*histogram(values))[0])


def mean_and_deviation(values: np.ndarray, window_px: int) -> tuple[np.ndarray, np.ndarray]:
    """Mean and standard deviation of the window around each pixel, by running sums.

    Args:
        values: (Y, X) float32.
        window_px: Side of the window, odd.

    Returns:
        (Y, X) float64 each.
    """
    mean = local_mean(values, window_px)
    cv2 = package("cv2", purpose="a local threshold")
    square = cv2.sqrBoxFilter(
        values, cv2.CV_64F, (window_px, window_px), borderType=cv2.BORDER_REFLECT_101
    ).reshape(values.shape)
    square -= mean * mean
    return mean, np.sqrt(np.maximum(square, 0, out=square), out=square)


def local_mean(values: np.ndarray, window_px: int) -> np.ndarray:
    """The mean of the window around each pixel: (Y, X) float32 to float64."""
    cv2 = package("cv2", purpose="a local threshold")
    window = (window_px, window_px)
    mean = cv2.boxFilter(values, cv2.CV_64F, window, borderType=cv2.BORDER_REFLECT_101)
    return mean.reshape(values.shape)


def towards_ground(bounds: np.ndarray, objects: Objects) -> np.ndarray:
    """Turns bounds for dark objects, found in the negative of the image, to those for bright ones.

    A pixel on the bound belongs to the objects, in the image as in its negative.
    """
    if objects == "darker":
        return bounds
    return np.nextafter(1 - bounds, -np.inf)
