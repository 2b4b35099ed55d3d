"""Scores of single images that add up to the score of many."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segwright.evaluation.units import Units


@dataclass(frozen=True, eq=False)
class Ratios:
    """Numerators and denominators; a score of many images is the ratio of their sums.

    So a pooled score (pixels in the intersection over pixels in the union) and a mean over images
    (value over 1) are resampled in the same way. The leading axes are free, as in `Counts`.

    Attributes:
        top: (…, K) float64.
        bottom: (…, K) float64, 0 where nothing is scored.
    """

    top: np.ndarray
    bottom: np.ndarray

    def __len__(self) -> int:
        """The length of the first axis."""
        return len(self.top)

    def of_units(self, units: Units) -> Ratios:
        """Adds up (N, K) of images to (U, K) of units."""
        return Ratios(units.summed(self.top), units.summed(self.bottom))

    def summed(self, weights: np.ndarray) -> Ratios:
        """Sums the first axis U with (R, U) weights: (R, K)."""
        return Ratios(weights @ self.top, weights @ self.bottom)

    def total(self) -> Ratios:
        """All of the first axis together: (K,)."""
        return Ratios(self.top.sum(axis=0), self.bottom.sum(axis=0))

    def rows(self, wanted: np.ndarray) -> Ratios:
        """Some of the first axis."""
        return Ratios(self.top[wanted], self.bottom[wanted])

    @property
    def scored(self) -> np.ndarray:
        """(…, K) bool: there is something to score."""
        return self.bottom > 0

    def values(self) -> np.ndarray:
        """(…, K) float64, NaN where nothing is scored."""
        return np.where(self.scored, self.top / np.where(self.scored, self.bottom, 1), np.nan)
