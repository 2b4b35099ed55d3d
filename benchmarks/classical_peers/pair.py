"""Two ways to one result, and how far they lead to the same."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property, partial

import cv2
import numpy as np
from sklearn.metrics import adjusted_rand_score

from segwright.classical.catalog import build_method
from segwright.images.image import Image

Call = Callable[[], np.ndarray]
Judge = Callable[[np.ndarray, np.ndarray], tuple[str, bool]]


@dataclass(frozen=True, eq=False)
class Scene:
    """The pictures of one size.

    Attributes:
        photo: (Y, X, 3) uint8.
        coins: (Y, X) uint8, round objects.
        modes: (Y, X) uint8, a histogram with two peaks.
    """

    photo: np.ndarray
    coins: np.ndarray
    modes: np.ndarray

    @cached_property
    def image(self) -> Image:
        return Image.from_array(self.photo)

    @cached_property
    def grey(self) -> np.ndarray:
        return cv2.cvtColor(self.photo, cv2.COLOR_RGB2GRAY)

    @cached_property
    def grey_image(self) -> Image:
        return Image.from_array(self.grey)

    @cached_property
    def part(self) -> np.ndarray:
        """(Y, X, 3) uint8: at most 512 × 512 of the photograph, for what takes seconds."""
        return np.ascontiguousarray(self.photo[:512, :512])


@dataclass(frozen=True, eq=False)
class Pair:
    """Two ways to one result.

    Attributes:
        peer: The library, and what of it.
        ours: Our way.
        theirs: The other.
        judge: How far both results are the same, in words; and whether that is enough.
        times_faster: How many times faster ours is to be; 1 for no slower, None for no aim, since
            what they find is not the same.
        size_hw: Of the picture, if it is not the scene's.
    """

    peer: str
    ours: Call
    theirs: Call
    judge: Judge
    times_faster: float | None = 1
    size_hw: tuple[int, int] | None = None

    def agreement(self, ours: np.ndarray, theirs: np.ndarray) -> str:
        text, enough = self.judge(ours, theirs)
        return text if enough else f"{text} !"


def equal(least: float) -> Judge:
    """Of a share of all pixels at least the values are the same."""

    def judge(one: np.ndarray, other: np.ndarray) -> tuple[str, bool]:
        share = float(np.mean(one == other))
        return f"{100 * share:.2f} % equal", share >= least

    return judge


def alike(least: float) -> Judge:
    """The divisions are the same but for numbers, by the adjusted Rand index (1: all the same)."""

    def judge(one: np.ndarray, other: np.ndarray) -> tuple[str, bool]:
        index = float(adjusted_rand_score(one.ravel(), other.ravel()))
        return f"Rand {index:.3f}, {_counts(one, other)}", index >= least

    return judge


def as_many(apart: float) -> Judge:
    """Numbers of regions differ by a factor of at most 1 + `apart`."""

    def judge(one: np.ndarray, other: np.ndarray) -> tuple[str, bool]:
        few, many = sorted(len(np.unique(found)) for found in (one, other))
        return _counts(one, other), many <= few * (1 + apart)

    return judge


def near(most: float, share: float = 1.0) -> Judge:
    """Values differ by at most `most`, for a share of them."""

    def judge(one: np.ndarray, other: np.ndarray) -> tuple[str, bool]:
        apart = float(np.quantile(np.abs(one - other), share))
        return f"differ {apart:.1e}", apart <= most

    return judge


def _counts(one: np.ndarray, other: np.ndarray) -> str:
    return f"{len(np.unique(one))} / {len(np.unique(other))} parts"


def parts(name: str, image: Image, **params: object) -> Call:
    return partial(build_method(name, **params).parts, image)
