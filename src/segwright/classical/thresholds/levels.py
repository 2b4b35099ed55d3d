"""What thresholds share: the levels of brightness that they divide an image into."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np

from segwright.classical.method import Method

BINS = 256


class TwoLevels(Method):
    """A method that tells darker from brighter pixels."""

    finds: ClassVar[Literal["levels"]] = "levels"

    @property
    def part_names(self) -> tuple[str, ...]:
        return ("darker", "brighter")


def histogram(values: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pixels in 256 bins of equal width, from the smallest value to the largest.

    Args:
        values: (Y, X) float or 8-bit; not constant.

    Returns:
        (256,) counts, and (257,) edges.
    """
    counts, edges = np.histogram(values, BINS, (float(values.min()), float(values.max())))
    return counts, edges
