"""Choosing how the labels of a method are refined, on images that it has not learned from.

A row of steps is grown: of the steps that are not in it yet, the one that raises mean IoU most is
put at its end, and its settings are then moved along the values of `Step.search`, one setting after
the other, as long as that helps. Where none raises it as it starts, the settings of all are moved
before the row is done. So a few dozen rows are tried of the thousands there are.

The best of many looks better than it is on the images that chose it. With enough of them, every
other unit (patient, scene, image) is kept apart for the last question: whether the row is better
there than nothing, or than the row to beat, by the interval of the paired difference. With fewer, a
gain has to be large instead.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
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
class Tried:
    """A row of steps, and its mean IoU on the images that choose."""

    refine: Refine
    mean_iou: float


@dataclass(frozen=True)
class Refining:
    """What was chosen, and why.

    Attributes:
        refine: The row of steps; the one to beat where nothing is better.
        best: The best row that was found, chosen or not.
        before: Mean IoU with the row to beat.
        gain: Mean IoU with `best` less `before`.
        asked: Number of images that `before` and `gain` are of.
        apart: Whether the row was chosen on other images than these.
        tried: Every row that was tried, in this order; the first has no steps.
        complete: Whether the search ended by itself and not by the time limit.
    """

    refine: Refine
    best: Refine
    before: float
    gain: Difference
    asked: int
    apart: bool
    tried: tuple[Tried, ...]
    complete: bool


def choose_refine(
    trials: Sequence[Trial],
    *,
    seconds: float,
    starts: Sequence[Step] = STARTS,
    beat: Refine = Refine(),  # noqa: B008 - it is frozen
    seed: int = 0,
    clock: Callable[[], float] = time.monotonic,
    on_tried: Callable[[Tried], None] = lambda tried: None,
) -> Refining:
    """Chooses the steps and settings that raise mean IoU on validation images.

    Args:
        trials: Validation images; what they hold stays in memory.
        seconds: Time to take; no row is begun that would not leave enough for the last question.
        starts: Steps that may be part of the row, with the settings that are tried first.
        beat: The row that a better one is looked for; by default, none.
        seed: Of the interval's draws.
        clock: Seconds from any start.
        on_tried: Told of every row once it has been tried.

    Raises:
        UsageError: No images, or none with a pixel that is judged.
    """
    if not trials:
        raise UsageError("refinement is to be chosen, but no validation images were given")
    units = Units.of([trial.group for trial in trials])
    apart = units.count >= 2 * MIN_UNITS
    chooses = units.of_image % 2 == 0 if apart else np.ones(len(trials), bool)
    chosen_on = [trial for trial, here in zip(trials, chooses, strict=True) if here]
    search = _Search(chosen_on, clock() + seconds, clock, on_tried)
    if np.isnan(search.unrefined):
        raise UsageError(
            f"refinement is to be chosen on {len(chosen_on)} images, but all their pixels are "
            "ignored",
            remedy="Give images with labels",
        )
    best = search.grown(starts)
    asked = [trial for trial, here in zip(trials, chooses, strict=True) if not here or not apart]
    before, gain = _gain(asked, beat, best, seed)
    certain = gain.low is not None and gain.low > 0
    helps = best != beat and (certain if apart else gain.value >= LARGE_GAIN)
    chosen = best if helps else beat
    tried = tuple(search.tried)
    return Refining(chosen, best, before, gain, len(asked), apart, tried, search.complete)


class _Search:
    """Grows a row of steps on some images.

    Args:
        trials: The images.
        deadline: When to stop, as the clock tells it.
        clock: Seconds from any start.
        on_tried: Told of every row.
    """

    def __init__(
        self,
        trials: Sequence[Trial],
        deadline: float,
        clock: Callable[[], float],
        on_tried: Callable[[Tried], None],
    ) -> None:
        self._images = [trial.image for trial in trials]
        self._truths = [trial.truth for trial in trials]
        self._labellings = [trial.labelling for trial in trials]  # refined by the row so far
        self._row: list[Step] = []
        self._deadline, self._clock = deadline, clock
        self._on_tried = on_tried
        self._slowest = 0.0
        self.unrefined = _score(self._labellings, self._truths)
        self.tried = [Tried(Refine(), self.unrefined)]
        self.complete = True

    def grown(self, starts: Sequence[Step]) -> Refine:
        """The best row that was found."""
        left = list(starts)
        score = self.unrefined
        while left and self.complete:
            scores = [self._scored(step) for step in left]
            first = int(np.argmax(scores))
            moved = {first: self._moved(left[first], scores[first])}
            if moved[first][1] < score + _WORTH:
                moved |= {
                    index: self._moved(step, scores[index])
                    for index, step in enumerate(left)
                    if index != first
                }
            index = max(moved, key=lambda index: moved[index][1])
            step, reached = moved[index]
            if reached < score + _WORTH:
                break
            del left[index]
            self._row.append(step)
            score = reached
            for index, refined in enumerate(self._with(step)):
                self._labellings[index] = refined
        return Refine(tuple(self._row))  # type: ignore[arg-type]

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
        row = Refine((*self._row, step))  # type: ignore[arg-type]
        if (known := next((one for one in self.tried if one.refine == row), None)) is not None:
            return known.mean_iou
        begin = self._clock()
        if not self.complete or begin + 2 * self._slowest > self._deadline:
            self.complete = False
            return -1.0
        score = _score(self._with(step), self._truths)
        self._slowest = max(self._slowest, self._clock() - begin)
        self.tried.append(Tried(row, score))
        self._on_tried(self.tried[-1])
        return score

    def _with(self, step: Step) -> Iterable[Labelling]:
        """The labellings with one more step, one at a time."""
        pairs = zip(self._labellings, self._images, strict=True)
        return (step.apply(one, image) for one, image in pairs)


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


def _counts(labellings: Iterable[Labelling], truths: Sequence[LabelMap]) -> Counts:
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


def _score(labellings: Iterable[Labelling], truths: Sequence[LabelMap]) -> float:
    return _of_all(_counts(labellings, truths))


def _of_all(counts: Counts) -> float:
    return float(mean_iou(counts.summed(np.ones((1, len(counts)))))[0])


def _gain(
    trials: Sequence[Trial], beat: Refine, best: Refine, seed: int
) -> tuple[float, Difference]:
    """Mean IoU with the row to beat, and what another adds to it."""
    truths = [trial.truth for trial in trials]
    units = Units.of([trial.group for trial in trials])
    before, after = (
        _counts((row.apply(one.labelling, one.image) for one in trials), truths)
        for row in (beat, best)
    )
    return _of_all(before), difference(
        [after.of_units(units)], [before.of_units(units)], resamples=RESAMPLES, seed=seed
    )
