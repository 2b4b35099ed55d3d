"""How sure a method was, beside how often it was right."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segwright.evaluation.estimates import Resampling
from segwright.evaluation.evaluation import Calibration, CoveragePoint, ReliabilityStep
from segwright.evaluation.metrics.calibration import Reliability, Selection
from segwright.evaluation.units import Units
from segwright.labels.label_map import LabelMap

_MAX_POINTS = 100  # of a curve


class ConfidenceTally:
    """What is kept of each image: 15 steps of confidence; and a finer sum over all images."""

    def __init__(self) -> None:
        self._reliabilities: list[Reliability] = []
        self._selection: Selection | None = None
        self._unknown = False

    def add(
        self, truth: LabelMap, predicted: LabelMap, confidence: np.ndarray | None
    ) -> float | None:
        """Counts one image.

        Args:
            truth: What is there; ignored pixels are not counted.
            predicted: What was predicted.
            confidence: (Y, X) probability of what was predicted; None where it is not known.

        Returns:
            Mean confidence over all pixels.
        """
        if confidence is None:
            self._unknown = True
            return None
        if not self._unknown:
            judged = truth.ids != truth.classes.ignore_index
            sure, right = confidence[judged], (truth.ids == predicted.ids)[judged]
            self._reliabilities.append(Reliability.of(sure, right))
            selection = Selection.of(sure, right)
            self._selection = selection if self._selection is None else self._selection + selection
        return float(confidence.mean(dtype=np.float64))

    def calibration(self, units: Units, resampling: Resampling) -> Calibration | None:
        """None where an image came without confidence: nothing is said of the others alone."""
        if self._unknown or self._selection is None:
            return None
        pixels = np.stack([one.pixels for one in self._reliabilities])
        gaps = np.stack([one.confidence - one.right for one in self._reliabilities])
        steps = _Steps(units.summed(pixels), units.summed(gaps))
        error = resampling.estimate(steps, _Steps.expected_errors)
        assert error is not None  # an evaluation has judged pixels
        whole = sum(self._reliabilities[1:], start=self._reliabilities[0])
        curve = self._selection.curve()
        shown = np.unique(np.linspace(0, len(curve) - 1, _MAX_POINTS).round().astype(int))
        return Calibration(
            error=error,
            steps=tuple(
                ReliabilityStep(confidence=sure, accuracy=right, pixels=number)
                for sure, right, number in whole.curve()
            ),
            coverage=tuple(
                CoveragePoint(confidence=sure, coverage=kept, error=wrong)
                for sure, kept, wrong in (curve[i] for i in shown)
            ),
        )


@dataclass(frozen=True, eq=False)
class _Steps:
    """(…, S) pixels of each step of confidence, and how far confidence outruns accuracy there."""

    pixels: np.ndarray
    gaps: np.ndarray

    def __len__(self) -> int:
        return len(self.pixels)

    def summed(self, weights: np.ndarray) -> _Steps:
        return _Steps(weights @ self.pixels, weights @ self.gaps)

    def expected_errors(self) -> np.ndarray:
        """(…,) expected calibration errors; NaN without pixels."""
        total = self.pixels.sum(axis=-1)
        error = np.abs(self.gaps).sum(axis=-1) / np.maximum(total, 1)
        return np.where(total > 0, error, np.nan)
