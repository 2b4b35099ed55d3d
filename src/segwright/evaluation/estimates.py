"""Scores of many images with their intervals, from numbers of units that add up."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Literal

import numpy as np

from segwright.evaluation.bootstrap import S, interval, resampled
from segwright.evaluation.confusion import Counts, mean_over_scored
from segwright.evaluation.evaluation import ClassScore, Estimate
from segwright.labels.classes import Classes


@dataclass(frozen=True)
class Resampling:
    """How often units are drawn anew, and the seed of the draws."""

    resamples: int
    seed: int

    def draws(self, units: S) -> Iterator[S]:
        """Sums of units that were drawn anew, in chunks; see `bootstrap.resampled`."""
        return resampled(units, resamples=self.resamples, seed=self.seed)

    def estimate(self, units: S, score: Callable[[S], np.ndarray]) -> Estimate | None:
        """A score of units with its interval.

        Args:
            units: Numbers of the U units.
            score: Gives (R,) scores for (R, …) sums of units.

        Returns:
            None where there is nothing to score.
        """
        value = float(score(units.summed(np.ones((1, len(units)))))[0])
        if np.isnan(value):
            return None
        draws = np.concatenate([score(chunk) for chunk in self.draws(units)])
        return estimated(value, draws, len(units))


def estimated(value: float, draws: np.ndarray, num_units: int) -> Estimate:
    """A score with the interval that its (R,) draws give."""
    ends = interval(value, draws, num_units)
    low, high = (None, None) if ends is None else ends
    return Estimate(value=value, low=low, high=high)


_Score = Literal["iou", "dice", "precision", "recall"]
_SCORES: tuple[_Score, ...] = ("iou", "dice", "precision", "recall")


class ClassScores:
    """Scores of the pooled counts beside those of every resample."""

    def __init__(
        self, pooled: Counts, units: Counts, classes: Classes, resampling: Resampling
    ) -> None:
        self.pooled = pooled
        self.units = units
        self.classes = classes
        self.units_with_class = (units.truth > 0).sum(axis=0)  # (K,)
        chunks = list(resampling.draws(units))
        self._draws = {
            score: np.concatenate([getattr(chunk, score)() for chunk in chunks])  # (R, K)
            for score in _SCORES
        }
        self._accuracies = np.concatenate([chunk.pixel_accuracy() for chunk in chunks])  # (R,)

    def mean(self, score: _Score) -> Estimate:
        value = mean_over_scored(getattr(self.pooled, score)())
        return estimated(float(value), mean_over_scored(self._draws[score]), len(self.units))

    def foreground_mean_iou(self) -> Estimate | None:
        """None without a background class, or with no other class present."""
        if self.classes.background is None:
            return None
        foreground = np.arange(len(self.classes)) != self.classes.background
        value = mean_over_scored(self.pooled.iou()[foreground])
        if np.isnan(value):
            return None
        draws = mean_over_scored(self._draws["iou"][:, foreground])
        return estimated(float(value), draws, len(self.units))

    def pixel_accuracy(self) -> Estimate:
        value = float(self.pooled.pixel_accuracy())
        return estimated(value, self._accuracies, len(self.units))

    def per_class(self, per_image: Counts) -> tuple[ClassScore, ...]:
        true, said = per_image.truth > 0, per_image.predicted > 0  # (N, K)
        return tuple(
            ClassScore(
                name=name,
                **{score: self._class_estimate(score, k) for score in _SCORES},
                truth_px=int(self.pooled.truth[k]),
                predicted_px=int(self.pooled.predicted[k]),
                num_images=int(true[:, k].sum()),
                num_units=int(self.units_with_class[k]),
                num_missed=int((true & ~said)[:, k].sum()),
                num_invented=int((said & ~true)[:, k].sum()),
            )
            for k, name in enumerate(self.classes.names)
        )

    def _class_estimate(self, score: _Score, k: int) -> Estimate | None:
        if not self.pooled.scored[k]:
            return None
        value = getattr(self.pooled, score)()[k]
        return estimated(float(value), self._draws[score][:, k], int(self.units_with_class[k]))
