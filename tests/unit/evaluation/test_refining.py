"""Refinement is chosen where it helps on images it was not chosen on, and left out elsewhere."""

from __future__ import annotations

import itertools
from dataclasses import replace

import numpy as np
import pytest
from scipy import ndimage

from segwright.errors import UsageError
from segwright.evaluation.refining import LARGE_GAIN, Trial, choose_refine
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.refine import Labelling, Refine

CLASSES = Classes.named(("a", "b", "c"))
STEPS = Refine.of(["majority", {"remove_small": 30}]).steps


def trial(seed: int, *, wrong: float, group: str | None = None) -> Trial:
    """Large blobs of three classes, and a method that is wrong about a share of the pixels."""
    rng = np.random.default_rng(seed)
    blobs = ndimage.gaussian_filter(rng.normal(size=(3, 40, 50)), (0, 7, 7)).argmax(0)
    found = np.where(rng.random(blobs.shape) < wrong, rng.integers(0, 3, blobs.shape), blobs)
    truth, said = (LabelMap(ids.astype(np.uint8), CLASSES) for ids in (blobs, found))
    return Trial(Labelling(said), Image(np.zeros((40, 50, 1), np.uint8)), truth, group)


def iou(found: np.ndarray, truth: np.ndarray) -> float:
    """Mean over classes, word for word."""
    shares = [
        ((found == k) & (truth == k)).sum() / ((found == k) | (truth == k)).sum() for k in range(3)
    ]
    return float(np.mean(shares))


def test_noise_is_smoothed_and_the_gain_is_that_of_images_set_apart() -> None:
    trials = [trial(seed, wrong=0.3) for seed in range(12)]
    chosen = choose_refine(trials, seconds=60, starts=STEPS)
    assert chosen.refine.steps and chosen.refine == chosen.best
    assert chosen.apart and chosen.complete
    held = trials[1::2]
    before = [np.stack([t.labelling.ids for t in held]), np.stack([t.truth.ids for t in held])]
    after = np.stack([chosen.refine.apply(t.labelling, t.image).ids for t in held])
    gain = iou(after, before[1]) - iou(*before)
    assert chosen.gain.value == pytest.approx(gain)
    assert chosen.gain.low is not None and 0.1 < chosen.gain.low < gain


def test_settings_move_as_long_as_that_helps() -> None:
    trials = [trial(seed, wrong=0.6) for seed in range(10)]
    (start,) = Refine.of({"majority": 1}).steps
    chosen = choose_refine(trials, seconds=60, starts=[start])
    (step,) = chosen.refine.steps
    assert step.model_dump()["radius_px"] == 4  # of 1, 2, 4 and 8
    scores = {}
    for radius in (2, 4, 8):
        refine = Refine.of({"majority": radius})
        found = [refine.apply(t.labelling, t.image).ids for t in trials[::2]]
        scores[radius] = iou(np.stack(found), np.stack([t.truth.ids for t in trials[::2]]))
    assert max(scores, key=lambda radius: scores[radius]) == 4


def test_a_step_that_starts_too_strong_is_weakened_until_it_helps() -> None:
    (start,) = Refine.of({"majority": 8}).steps
    blobs = [trial(seed, wrong=0.25) for seed in range(10)]
    as_it_starts = choose_refine(blobs, seconds=60, starts=[start])
    (step,) = as_it_starts.refine.steps
    assert step.model_dump()["radius_px"] < 8
    first, second, *_ = as_it_starts.tried
    assert first.refine == Refine() and second.refine == Refine.of({"majority": 8})
    rows = [str(one.refine) for one in as_it_starts.tried]
    assert len(set(rows)) == len(rows)  # none is tried twice


def test_another_row_may_be_the_one_to_beat() -> None:
    noisy = [trial(seed, wrong=0.3) for seed in range(12)]
    harmful = Refine.of({"majority": 30})
    chosen = choose_refine(noisy, seconds=60, starts=STEPS, beat=harmful)
    held = noisy[1::2]
    truths = np.stack([t.truth.ids for t in held])
    before = np.stack([harmful.apply(t.labelling, t.image).ids for t in held])
    assert chosen.before == pytest.approx(iou(before, truths))
    assert chosen.refine == chosen.best != harmful
    again = choose_refine(noisy, seconds=60, starts=STEPS, beat=chosen.refine)
    assert again.refine == chosen.refine and again.gain.value == 0


def test_images_that_are_ignored_choose_nothing() -> None:
    blank = trial(0, wrong=0.3)
    nowhere = LabelMap(np.full_like(blank.truth.ids, CLASSES.ignore_index), CLASSES)
    with pytest.raises(UsageError, match="all their pixels are ignored"):
        choose_refine([replace(blank, truth=nowhere)], seconds=1)


def test_what_does_not_help_is_off() -> None:
    perfect = [trial(seed, wrong=0.0) for seed in range(12)]
    chosen = choose_refine(perfect, seconds=60, starts=STEPS)
    assert chosen.refine == Refine() and chosen.gain.value == 0


def test_a_gain_on_the_images_that_chose_it_alone_is_not_believed() -> None:
    # Every other image is noisy, and these choose; the others are perfect and ask.
    trials = [trial(seed, wrong=0.3 if seed % 2 == 0 else 0.0) for seed in range(12)]
    chosen = choose_refine(trials, seconds=60, starts=STEPS)
    assert chosen.best.steps and chosen.gain.value < 0 and chosen.refine == Refine()


def test_few_units_need_a_large_gain() -> None:
    grouped = [trial(seed, wrong=0.3, group="same scene") for seed in range(12)]
    chosen = choose_refine(grouped, seconds=60, starts=STEPS)
    assert not chosen.apart and chosen.gain.low is None
    assert chosen.gain.value > LARGE_GAIN and chosen.refine.steps
    slight = [trial(seed, wrong=0.004, group="same scene") for seed in range(3)]
    chosen = choose_refine(slight, seconds=60, starts=STEPS)
    assert chosen.gain.value < LARGE_GAIN and chosen.refine == Refine()


def test_the_search_ends_in_time() -> None:
    trials = [trial(seed, wrong=0.3) for seed in range(12)]
    ticks = itertools.count(step=10.0)  # each look at the clock takes ten seconds
    chosen = choose_refine(trials, seconds=75, starts=STEPS, clock=lambda: next(ticks))
    assert not chosen.complete and len(chosen.tried) == 4  # without steps, and three rows
    none = choose_refine(trials, seconds=0, starts=STEPS)
    assert none.refine == Refine() and len(none.tried) <= 2


def test_without_images_there_is_nothing_to_choose_on() -> None:
    with pytest.raises(UsageError, match="no validation images"):
        choose_refine([], seconds=1)
