"""Yen's threshold: the two sides are each as far from uniform as can be."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from segwright.classical.thresholds.levels import GlobalThreshold


class Yen(GlobalThreshold):
    """Takes the threshold with the largest correlation on both sides of it.

    Source: Yen, Chang and Chang 1995.
    """

    name: ClassVar[str] = "yen"

    def threshold(self, counts: np.ndarray, edges: np.ndarray) -> float:
        share = counts / counts.sum()
        below = np.cumsum(share)[:-1]
        squares = np.cumsum(share**2)
        product = squares[:-1] * (squares[-1] - squares[:-1])
        both = (product > 0) & (below < 1)
        gain = np.full(len(below), -np.inf)
        gain[both] = 2 * np.log(below[both] * (1 - below[both])) - np.log(product[both])
        return edges[1 + gain.argmax()]
