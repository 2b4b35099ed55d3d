"""The images that refinement is chosen on: as many as the memory and the time allow."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, replace

import numpy as np

from segwright.dataset import Dataset, Sample
from segwright.evaluation.bootstrap import MIN_UNITS
from segwright.evaluation.refining import Trial
from segwright.events import Listener, StageAdvanced, StageStarted
from segwright.labels.label_map import LabelMap
from segwright.plan import CALIBRATED
from segwright.refine import Labelling, Refine, Step
from segwright.refine.temper import Temper
from segwright.refine.temperature import fit_temperature, judged_pixels
from segwright.result import Result
from segwright.segmenter import Segmenter

MEMORY_BYTES = 2 * 2**30
"""Most that the trials may hold while rows are tried."""

WINDOW_PX = 2048
"""Side of the window that is taken of a larger image."""

_PIXELS = 50_000  # of each image, for one number
_ALREADY_HONEST = 0.05  # a temperature this near to 1 is not worth a step
_ROWS = 30  # a search that ends by itself tries about as many
_WARM_PX = 64


@dataclass(frozen=True, eq=False)
class Trials:
    """Images with what a segmenter says of them.

    Attributes:
        trials: In the order of the dataset.
        of: Number of images there were.
        limit: What kept the others out: "memory" or "time"; None where all were taken.
        size_px: Mean number of pixels of the whole images.
    """

    trials: list[Trial]
    of: int
    limit: str | None
    size_px: float

    def text(self, split: str) -> str:
        """How many images of a split, and why no more."""
        if self.limit is None:
            return f"all {self.of} images of {split!r}"
        why = f"{MEMORY_BYTES / 2**30:g} GiB hold" if self.limit == "memory" else "the time allows"
        drawn = f"{len(self.trials)} of {self.of} images of {split!r}"
        return f"{drawn}, drawn by the seed ({why} no more)"


def gathered(
    segmenter: Segmenter,
    images: Dataset,
    *,
    starts: Sequence[Step],
    seconds: float,
    seed: int,
    on_event: Listener,
) -> Trials:
    """Segments images in a drawn order until there is memory or time for no more of them.

    An image with a side beyond `WINDOW_PX` is segmented as a whole, and a window of it, drawn by
    the seed, is kept.

    Args:
        segmenter: One that does not refine.
        images: Labelled images, at least one.
        starts: The steps that will be tried, as they are tried first; each is timed on an image.
        seconds: Time there will be for trying.
        seed: Decides the order and the windows.
        on_event: Told of progress.
    """
    rng = np.random.default_rng(seed)
    order = rng.permutation(len(images)).tolist()
    number, held, limit = len(images), 0, None
    found: dict[int, Trial] = {}
    sizes: list[int] = []
    on_event(StageStarted("segmenting images", total=number))
    for done, index in enumerate(order):
        sample = images[index]
        result = segmenter.segment(sample.image, probabilities=True)
        trial = _window(sample, result, rng)
        held += _bytes(trial)
        if found and held > MEMORY_BYTES:
            limit = "memory"
            break
        found[index] = trial
        sizes.append(sample.labels.ids.size)
        if not done and (enough := _affordable(trial, starts, seconds)) < number:
            number = enough
            on_event(StageStarted("segmenting images", total=number))
        on_event(StageAdvanced(len(found)))
        if len(found) == number:
            break
    if limit is None and len(found) < len(images):
        limit = "time"
    trials = [found[index] for index in sorted(found)]
    return Trials(trials, len(images), limit, float(np.mean(sizes)))


def calibrated(row: Refine, trials: Sequence[Trial]) -> Refine:
    """A row of steps, and the temperature that makes what it leaves as sure as it is right.

    Args:
        row: Any steps but `temper`; nothing is added to none, or where there are no probabilities.
        trials: Some are enough.
    """
    said, there = [], []
    for trial in trials[:: max(1, len(trials) // CALIBRATED)] if row.steps else ():
        after = row.apply(trial.labelling, trial.image)
        if after.probabilities is not None:
            ignored, truth = after.labels.classes.ignore_index, trial.truth.ids
            some = judged_pixels(after.probabilities, truth, ignore_index=ignored, most=_PIXELS)
            said.append(some[0])
            there.append(some[1])
    if not said:
        return row
    temperature = fit_temperature(np.concatenate(said, axis=1), np.concatenate(there))
    if abs(temperature - 1) < _ALREADY_HONEST:
        return row
    return Refine((*row.steps, Temper(temperature=temperature)))


def seconds_of(steps: Sequence[Step], trial: Trial) -> float:
    """How long steps take, each on the labels as they are, once all is loaded and compiled."""
    corner = _cut(trial, (slice(0, _WARM_PX), slice(0, _WARM_PX)))
    for step in steps:
        step.apply(corner.labelling, corner.image)
    begin = time.perf_counter()
    for step in steps:
        step.apply(trial.labelling, trial.image)
    return time.perf_counter() - begin


def _affordable(trial: Trial, starts: Sequence[Step], seconds: float) -> int:
    """Number of images that leaves time for a whole search; enough for an interval at least."""
    step_s = seconds_of(starts, trial) / len(starts)
    # Every other image is kept for the last question, and tried on once.
    return max(2 * MIN_UNITS, int(2 * seconds / (_ROWS * max(step_s, 1e-6))))


def _window(sample: Sample, result: Result, rng: np.random.Generator) -> Trial:
    """What is kept of an image: all of it, unless it is large."""
    trial = Trial(
        Labelling(result.labels, result.probabilities), sample.image, sample.labels, sample.group
    )
    starts = [int(rng.integers(max(0, side - WINDOW_PX) + 1)) for side in sample.image.size_hw]
    if max(sample.image.size_hw) <= WINDOW_PX:
        return trial
    return _cut(trial, tuple(slice(start, start + WINDOW_PX) for start in starts))


def _cut(trial: Trial, window: tuple[slice, ...]) -> Trial:
    """A part of a trial, as copies, so that the rest need not stay in memory."""

    def labels(whole: LabelMap) -> LabelMap:
        return LabelMap(whole.ids[window].copy(), whole.classes)

    believed = trial.labelling.probabilities
    kept = None if believed is None else believed[:, *window].copy()
    image = replace(trial.image, pixels=trial.image.pixels[window].copy(), alpha=None)
    labelling = Labelling(labels(trial.labelling.labels), kept)
    return Trial(labelling, image, labels(trial.truth), trial.group)


def _bytes(trial: Trial) -> int:
    """What a trial holds: its labelling is kept as it was and as the row so far left it."""
    believed = trial.labelling.probabilities
    labelling = trial.labelling.ids.nbytes + (0 if believed is None else believed.nbytes)
    return trial.image.pixels.nbytes + trial.truth.ids.nbytes + 2 * labelling
