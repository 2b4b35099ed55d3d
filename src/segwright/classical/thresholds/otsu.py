"""Otsu's thresholds: levels of brightness that differ most from one another."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.thresholds.levels import Levels, above, brightness, centres_of, histogram
from segwright.images.image import Image


class Otsu(Levels):
    """Divides the brightness into levels with the largest variance between them.

    Two levels are Otsu's threshold; more are the exact optimum over a histogram of 256 bins, found
    by dynamic programming. Levels are numbered from dark to bright. A constant image is all dark.

    Source: Otsu 1979; for several levels Liao, Chen, Chung 2001.
    """

    name: ClassVar[str] = "otsu"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        **Levels.search,
        "levels": (2, 3, 4, 5),
    }

    levels: int = Field(2, ge=2, le=16, description="Levels of brightness; 2 to 16.")

    @property
    def part_names(self) -> tuple[str, ...]:
        by_area = self.numbered_by == "area"
        if self.levels == 2:
            return ("larger part", "smaller part") if by_area else ("darker", "brighter")
        return tuple(f"level {one + 1}" for one in range(self.levels))

    def levels_of(self, image: Image) -> np.ndarray:
        values = brightness(image)
        found = np.zeros(image.size_hw, np.uint8)
        if values.min() == values.max():
            return found
        for bound in otsu_thresholds(*histogram(values), levels=self.levels):
            found += above(values, bound)
        return found


def otsu_thresholds(counts: np.ndarray, edges: np.ndarray, *, levels: int = 2) -> np.ndarray:
    """Upper bounds of all levels but the brightest.

    Args:
        counts: (n,) pixels in each bin.
        edges: (n + 1,) bounds of the bins.
        levels: 2 or more.

    Returns:
        (levels - 1,) ascending values; values above one belong to the next level.
    """
    centres = centres_of(edges)
    weight = np.concatenate([[0.0], np.cumsum(counts, dtype=np.float64)])
    moment = np.concatenate([[0.0], np.cumsum(counts * centres)])
    # gain[i, j]: what a level of the bins i … j - 1 adds to the variance between levels.
    mass = weight[None] - weight[:, None]
    sums = moment[None] - moment[:, None]
    gain = np.divide(sums**2, mass, out=np.zeros_like(mass), where=mass > 0)
    gain[np.tri(len(weight), dtype=bool)] = -np.inf  # a level has at least one bin
    best, starts = gain[0], []
    for _ in range(levels - 1):
        total = best[:, None] + gain
        starts.append(total.argmax(0))
        best = total.max(0)
    end, bounds = len(counts), []
    for start in reversed(starts):
        end = start[end]
        bounds.append(edges[end])
    return np.array(bounds[::-1])
