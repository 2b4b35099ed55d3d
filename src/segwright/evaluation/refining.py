"""Choosing how the labels of a method are refined, on images that it has not learned from.

A row of steps is grown: of the steps that are not in it yet, the one that raises mean IoU most is
put at its end, and its settings are then moved along the values of `Step.search`, one setting after
the other, as long as that helps. So a few dozen rows are tried of the thousands there are.

The best of many looks better than it is on the images that chose it. With enough of them, every
other unit (patient, scene, image) is kept apart for the last question: whether the row is better
than nothing there, by the interval of the paired difference. With fewer, a gain has to be large
instead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from segwright.errors import UsageError
from segwright.evaluation.bootstrap import MIN_UNITS, RESAMPLES
from segwright.evaluation.confusion import Counts, confusion_matrix
from segwright.evaluation.paired import Difference, difference, mean_iou
from segwright.evaluation.units import Units
from segwright.images.image import Image
from segwright.labels.label_map import LabelMap
from segwright.refine import STEPS, Labelling, Refine, Step

STARTS: tuple[Step, ...] = Refine.of(
    ["crf", "guided", "majority", {"fill_holes": 30}, {"remove_small": 30}]
).steps
"""The steps that are tried, as they are tried first."""

LARGE_GAIN = 0.01
"""Gain in mean IoU that is believed without an interval."""

_WORTH = 1e-4  # a smaller gain is worth no step


@dataclass(frozen=True, eq=False)
class Trial:
    """One validation image.

    Attributes:
        labelling: What the method gives for it.
        image: The picture.
        truth: Its labels.
        group: The patient, scene or video it belongs to, if known.
    """

    labelling: Labelling
    image: Image
    truth: LabelMap
    group: str | None = None


@dataclass(frozen=True)
class Refining:
    """What was chosen, and why.

    Attributes:
        refine: The row of steps; empty where none is better than nothing.
        best: The best row that was found, chosen or not.
        gain: Mean IoU with `best` less that without.
        apart: Whether `gain` is on images that the row was not chosen on.
        tried: Number of rows that were tried.
        complete: Whether the search ended by itself and not by the time limit.
    """

    refine: Refine
    best: Refine
    gain: Difference
    apart: bool
    tried: int
    complete: bool


def choose_refine(
    trials: Sequence[Trial],
    *,
    seconds: float,
    starts: Sequence[Step] = STARTS,
    seed: int = 0,
    clock: Callable[[], float] = time.monotonic,
) -> Refining:
    """Chooses the steps and settings that raise mean IoU on validation images.

    Args:
        trials: Validation images; what they hold stays in memory.
        seconds: Time to take; no row is begun that would not leave enough for the last question.
        starts: Steps that may be part of the row, with the settings that are tried first.
        seed: Of the interval's draws.
        clock: Seconds from any start.

    Raises:
        UsageError: No images.
    """
    if not trials:
        raise UsageError("refinement is to be chosen, but no validation images were given")
    units = Units.of([trial.group for trial in trials])
    apart = units.count >= 2 * MIN_UNITS
    chooses = units.of_image % 2 == 0 if apart else np.ones(len(trials), bool)
    chosen_on = [trial for trial, here in zip(trials, chooses, strict=True) if here]
    search = _Search(chosen_on, clock() + seconds, clock)
    best = search.grown(starts)
    asked = [trial for trial, here in zip(trials, chooses, strict=True) if not here or not apart]
    gain = _gain(asked, best, seed)
    certain = gain.low is not None and gain.low > 0
    helps = bool(best.steps) and (certain if apart else gain.value >= LARGE_GAIN)
    chosen = best if helps else Refine()
    return Refining(chosen, best, gain, apart, search.tried, search.complete)


class _Search:
    """Grows a row of steps on some images.

    Args:
        trials: The images.
        deadline: When to stop, as the clock tells it.
        clock: Seconds from any start.
    """

    def __init__(
        self, trials: Sequence[Trial], deadline: float, clock: Callable[[], float]
    ) -> None:
        self._images = [trial.image for trial in trials]
        self._truths = [trial.truth for trial in trials]
        self._labellings = [trial.labelling for trial in trials]  # refined by the row so far
        self._deadline, self._clock = deadline, clock
        self._slowest = 0.0
        self.tried = 0
        self.complete = True

    def grown(self, starts: Sequence[Step]) -> Refine:
        """The best row that was found."""
        row: list[Step] = []
        left = list(starts)
        score = _score(self._labellings, self._truths)
        while left and self.complete:
            scores = [self._scored(step) for step in left]
            first = int(np.argmax(scores))
            step, reached = self._moved(left.pop(first), scores[first])
            if reached < score + _WORTH:
                break
            row.append(step)
            score = reached
            self._labellings = [
                step.apply(one, image)
                for one, image in zip(self._labellings, self._images, strict=True)
            ]
        return Refine(tuple(row))  # type: ignore[arg-type]

    def _moved(self, step: Step, score: float) -> tuple[Step, float]:
        """The step with its settings moved along their values as long as that helps."""
        for setting, values in type(step).search.items():
            for direction in (-1, 1):
                while (other := _beside(step, setting, values, direction)) is not None:
                    reached = self._scored(other)
                    if reached <= score:
                        break
                    step, score = other, reached
        return step, score

    def _scored(self, step: Step) -> float:
        """Mean IoU with one more step; -1 where there is no time for it."""
        begin = self._clock()
        if not self.complete or begin + 2 * self._slowest > self._deadline:
            self.complete = False
            return -1.0
        score = _score(
            [
                step.apply(one, image)
                for one, image in zip(self._labellings, self._images, strict=True)
            ],
            self._truths,
        )
        self._slowest = max(self._slowest, self._clock() - begin)
        self.tried += 1
        return score


def _beside(step: Step, setting: str, values: Sequence, direction: int) -> Step | None:
    """The step with the next larger or smaller value of a setting; None at the end."""
    now = getattr(step, setting)
    if now is None:
        return None
    further = [one for one in values if (one - now) * direction > 0]
    if not further:
        return None
    given = {**step.model_dump(), setting: min(further) if direction > 0 else max(further)}
    return STEPS[step.name].model_validate(given)


def _counts(labellings: Sequence[Labelling], truths: Sequence[LabelMap]) -> Counts:
    """(N, K) counts of images."""
    return Counts.stack(
        [
            Counts.of(
                confusion_matrix(
                    truth.ids, found.ids, len(truth.classes), truth.classes.ignore_index
                )
            )
            for found, truth in zip(labellings, truths, strict=True)
        ]
    )


def _score(labellings: Sequence[Labelling], truths: Sequence[LabelMap]) -> float:
    counts = _counts(labellings, truths)
    return float(mean_iou(counts.summed(np.ones((1, len(counts)))))[0])


def _gain(trials: Sequence[Trial], refine: Refine, seed: int) -> Difference:
    truths = [trial.truth for trial in trials]
    units = Units.of([trial.group for trial in trials])
    before = _counts([trial.labelling for trial in trials], truths)
    after = _counts([refine.apply(trial.labelling, trial.image) for trial in trials], truths)
    return difference(
        [after.of_units(units)], [before.of_units(units)], resamples=RESAMPLES, seed=seed
    )
