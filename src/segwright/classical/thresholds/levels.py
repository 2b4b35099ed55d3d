"""What thresholds share: the levels of brightness that they divide an image into."""

from __future__ import annotations

import math
from abc import abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.classical.method import Finds, Method
from segwright.classical.planes import grey, grey8
from segwright.images.image import Image
from segwright.packages import package

BINS = 256


class Levels(Method):
    """A method that divides an image into levels of brightness, and numbers these.

    By brightness, the objects are always the same level. By area, they may be brighter than the
    rest in one image and darker in the next, as stained and as fluorescent cells are.
    """

    finds: ClassVar[Finds] = "levels"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {"numbered_by": ("brightness", "area")}

    numbered_by: Literal["brightness", "area"] = Field(
        "brightness",
        description="Order of the levels: from dark to bright ('brightness'), or from the one of"
        " most pixels to the one of fewest ('area'), for objects that are brighter than the rest"
        " in some images and darker in others.",
    )

    @abstractmethod
    def levels_of(self, image: Image) -> np.ndarray:
        """The levels of a prepared picture: (Y, X) uint8, numbered from dark to bright."""
        raise NotImplementedError

    def parts(self, image: Image) -> np.ndarray:
        found = self.levels_of(image)
        if self.numbered_by == "brightness":
            return found
        areas = np.bincount(found.ravel(), minlength=len(self.part_names))
        numbers = np.empty(len(areas), np.uint8)
        numbers[np.argsort(-areas, kind="stable")] = np.arange(len(areas))
        return numbers[found]


class TwoLevels(Levels):
    """A method that tells darker from brighter pixels."""

    @property
    def part_names(self) -> tuple[str, ...]:
        by_brightness = self.numbered_by == "brightness"
        return ("darker", "brighter") if by_brightness else ("larger part", "smaller part")


class GlobalThreshold(TwoLevels):
    """One threshold for the whole image, found in the histogram of its brightness.

    A constant image is all dark.
    """

    @abstractmethod
    def threshold(self, counts: np.ndarray, edges: np.ndarray) -> float:
        """The value above which pixels are brighter.

        Args:
            counts: (n,) pixels in each bin; at least two bins are not empty.
            edges: (n + 1,) ascending bounds of the bins, equally far apart.
        """
        raise NotImplementedError

    def levels_of(self, image: Image) -> np.ndarray:
        values = brightness(image)
        if values.min() == values.max():
            return np.zeros(image.size_hw, np.uint8)
        return above(values, self.threshold(*histogram(values)))


def brightness(image: Image) -> np.ndarray:
    """What a threshold looks at: (Y, X) uint8 of 8-bit images, else float32 0 … 1."""
    return grey8(image) if image.pixels.dtype == np.uint8 else grey(image)


def histogram(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels in 256 bins of equal width.

    The bins are those of 8 bits, also for floats, so that a picture has one histogram however it
    is stored. Floats that fill less than half of 0 … 1 have theirs from the smallest to the
    largest value.

    Args:
        values: (Y, X) uint8, or float32 that is not constant.

    Returns:
        (256,) int64 counts, and (257,) edges.
    """
    low, high = -0.5, BINS - 0.5
    if values.dtype != np.uint8:
        low, high = low / (BINS - 1), high / (BINS - 1)
        least, most = float(values.min()), float(values.max())
        if most - least < 0.5:
            low, high = least, float(np.nextafter(np.float32(most), np.float32(np.inf)))
    cv2 = package("cv2", purpose="a threshold")
    counts = cv2.calcHist([values], [0], None, [BINS], [low, high])
    return counts.ravel().astype(np.int64), np.linspace(low, high, BINS + 1)


def centres_of(edges: np.ndarray) -> np.ndarray:
    """The middle of each bin, from its (n + 1,) edges."""
    return (edges[:-1] + edges[1:]) / 2


def above(values: np.ndarray, bound: float) -> np.ndarray:
    """1 where a (Y, X) value is larger than the bound, else 0: (Y, X) uint8."""
    if values.dtype != np.uint8:
        return (values > np.float32(bound)).view(np.uint8)
    if bound < 0:
        return np.ones(values.shape, np.uint8)
    return (values > np.uint8(min(math.floor(bound), 255))).view(np.uint8)
