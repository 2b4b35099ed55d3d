"""Active contours without edges: two sides that are each as even as can be."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.classical.active_contours.contour import Contour
from segwright.classical.planes import grey
from segwright.classical.regions.colours import colours
from segwright.classical.thresholds.levels import (
    Levels,
    TwoLevels,
    above,
    brightness,
    histogram,
)
from segwright.classical.thresholds.otsu import otsu_thresholds
from segwright.images.image import Image

_SQUARE_PX = 5


class ChanVese(TwoLevels):
    """Moves a contour until every pixel at it is closer in colour to its own side's mean.

    Colours are L*a*b* / 100 of RGB, the planes 0 … 1 of any other image. The contour is smoothed in
    every round. The side that is brighter on average is "brighter", however the contour began.

    Source: Chan and Vese 2001; several channels: Chan, Sandberg and Vese 2000; its evolution by
    morphology: Márquez-Neila, Baumela and Alvarez 2014.
    """

    name: ClassVar[str] = "chan_vese"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        **Levels.search,
        "smoothing": (0, 1, 2, 3),
        "initial": ("otsu", "checkerboard"),
    }

    smoothing: int = Field(
        1, ge=0, le=20, description="Times the contour is smoothed in every round; 0 to 20"
    )
    initial: Literal["otsu", "checkerboard"] = Field(
        "otsu",
        description="Where the contour begins: at Otsu's threshold ('otsu'), or around squares of"
        " 5 px all over the image ('checkerboard')",
    )
    max_rounds: int = Field(
        500, ge=1, le=100_000, description="Rounds after which the contour stops if it still moves"
    )

    def levels_of(self, image: Image) -> np.ndarray:
        contour = Contour(self._initial(image))
        two_means(contour, colours(image), smoothing=self.smoothing, max_rounds=self.max_rounds)
        inside, light = contour.mask, grey(image)
        area = int(np.count_nonzero(inside))
        if 0 < area < inside.size:
            sums = float(light.sum(where=inside > 0, dtype=np.float64))
            all_of_it = float(light.sum(dtype=np.float64))
            if sums / area < (all_of_it - sums) / (inside.size - area):
                return 1 - inside
            return inside.copy()
        return np.zeros(image.size_hw, np.uint8)  # one side only

    def _initial(self, image: Image) -> np.ndarray:
        if self.initial == "checkerboard":
            return checkerboard(image.size_hw)
        values = brightness(image)
        if values.min() == values.max():
            return np.zeros(image.size_hw, np.uint8)
        return above(values, float(otsu_thresholds(*histogram(values))[0]))


def two_means(contour: Contour, pixels: np.ndarray, *, smoothing: int, max_rounds: int) -> int:
    """Moves a contour by Chan and Vese's forces until it stays.

    Args:
        contour: Is moved.
        pixels: (Y, X, C) float32.
        smoothing: Times it is smoothed in every round.
        max_rounds: At most.

    Returns:
        How many rounds it took.
    """
    from segwright.classical.active_contours.evolution_kernels import move_to_alike, sums_inside
    from segwright.kernels import in_shares

    height, width, channels = pixels.shape
    counts, sums = np.empty(height, np.int64), np.empty((height, channels))
    total = pixels.sum((0, 1), dtype=np.float64)

    def one_round() -> None:
        in_shares(sums_inside, height, contour.inside, pixels, counts, sums, at_least=256)
        area, within = int(counts.sum()), sums.sum(0)
        without = (total - within) / max(height * width - area, 1)
        contour.move(move_to_alike, pixels, within / max(area, 1), without)
        for _ in range(smoothing):
            contour.smooth()

    return contour.settle(one_round, max_rounds=max_rounds)


def checkerboard(size_hw: tuple[int, int]) -> np.ndarray:
    """(Y, X) uint8: squares of 5 px, 0 and 1 in turns."""
    y, x = (np.arange(side) // _SQUARE_PX for side in size_hw)
    return ((y[:, None] + x) % 2).astype(np.uint8)
