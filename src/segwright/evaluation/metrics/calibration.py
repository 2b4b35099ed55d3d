"""Whether a method is right as often as it says it is.

Sources: expected calibration error: Naeini et al., AAAI 2015; reliability diagrams and temperature
scaling: Guo et al., "On calibration of modern neural networks", ICML 2017, arXiv 1706.04599.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segwright.errors import UsageError


@dataclass(frozen=True, eq=False)
class Reliability:
    """Pixels by how sure the method was of them; reliabilities of two images add.

    Attributes:
        pixels: (N,) int64 in each of N equal steps of confidence over (0, 1].
        right: (N,) int64 of these that have the class that was predicted.
        confidence: (N,) float64 sum of their confidences.
    """

    pixels: np.ndarray
    right: np.ndarray
    confidence: np.ndarray

    @classmethod
    def of(cls, confidence: np.ndarray, right: np.ndarray, *, steps: int = 15) -> Reliability:
        """Sorts pixels into steps.

        Args:
            confidence: Probability of the predicted class of each judged pixel, 0 … 1.
            right: Whether each has that class, bool of the same shape.
            steps: N.

        Raises:
            UsageError: Fewer than one step, or confidences outside 0 … 1.
        """
        if steps < 1:
            raise UsageError(f"{steps} steps of confidence; accepted is 1 or more")
        confidence = confidence.astype(np.float64).ravel()
        if not ((confidence >= 0) & (confidence <= 1 + 1e-5)).all():
            raise UsageError("confidences must be probabilities of 0 … 1")
        step = (np.ceil(confidence * steps) - 1).clip(0, steps - 1).astype(np.int64)
        return cls(
            np.bincount(step, minlength=steps),
            np.bincount(step[right.ravel()], minlength=steps),
            np.bincount(step, weights=confidence, minlength=steps),
        )

    def __add__(self, other: Reliability) -> Reliability:
        return Reliability(
            self.pixels + other.pixels,
            self.right + other.right,
            self.confidence + other.confidence,
        )

    def expected_error(self) -> float:
        """Mean distance between confidence and accuracy over all pixels (ECE): 0 … 1 (worst)."""
        return float(np.abs(self.confidence - self.right).sum() / self.pixels.sum())

    def curve(self) -> list[tuple[float, float, int]]:
        """(mean confidence, accuracy, pixels) of every step that has any."""
        return [
            (float(self.confidence[i] / n), float(self.right[i] / n), int(n))
            for i, n in enumerate(self.pixels)
            if n
        ]


_STEPS_AN_OCTAVE = 16
_OCTAVES = 16


@dataclass(frozen=True, eq=False)
class Selection:
    """Pixels by how unsure the method was of them, finely; selections of two images add.

    A step is a sixteenth of an octave of 1 - confidence, because most pixels of a trained method
    lie close below 1; whoever answers only where the method is sure enough cuts between steps.

    Attributes:
        pixels: (M,) int64, from the least to the most sure.
        right: (M,) int64 of these that have the class that was predicted.
    """

    pixels: np.ndarray
    right: np.ndarray

    @classmethod
    def of(cls, confidence: np.ndarray, right: np.ndarray) -> Selection:
        """Sorts pixels into steps; see `Reliability.of`."""
        number = _STEPS_AN_OCTAVE * _OCTAVES
        unsure = np.maximum(1 - confidence.astype(np.float64).ravel(), 2.0**-_OCTAVES)
        step = (-np.log2(unsure) * _STEPS_AN_OCTAVE).astype(np.int64).clip(0, number - 1)
        return cls(
            np.bincount(step, minlength=number),
            np.bincount(step[right.ravel()], minlength=number),
        )

    def __add__(self, other: Selection) -> Selection:
        return Selection(self.pixels + other.pixels, self.right + other.right)

    def curve(self) -> list[tuple[float, float, float]]:
        """What answering only above a confidence gives.

        Returns:
            (confidence to reach, share of pixels that reach it, share of those that are wrong),
            from all pixels to the surest; one for every step that has pixels.
        """
        kept = np.cumsum(self.pixels[::-1])[::-1]
        right = np.cumsum(self.right[::-1])[::-1]
        return [
            (
                1 - 2.0 ** (-step / _STEPS_AN_OCTAVE),
                float(kept[step] / kept[0]),
                float(1 - right[step] / kept[step]),
            )
            for step in np.flatnonzero(self.pixels).tolist()
        ]
