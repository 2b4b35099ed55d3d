"""Intervals: their quantiles, their draws and how often they hold the truth."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.evaluation.bootstrap import (
    MIN_UNITS,
    expanded_tail,
    interval,
    resampled,
)
from segwright.evaluation.confusion import Counts, mean_over_scored


def test_tails_are_those_of_the_plain_percentile_interval_for_many_units():
    assert expanded_tail(100_000) == pytest.approx(0.025, rel=1e-3)
    assert expanded_tail(10) < 0.015  # and cut off less of few


def test_draws_keep_the_number_of_units_and_do_not_depend_on_chunks(monkeypatch):
    truth = np.ones((7, 1), np.int64)
    counts = Counts(truth, truth, truth)
    whole = np.concatenate([c.hit for c in resampled(counts, resamples=50, seed=1)])
    assert whole.shape == (50, 1) and (whole == 7).all()

    varied = Counts(np.arange(7)[:, None], truth, truth)
    whole = np.concatenate([c.hit for c in resampled(varied, resamples=50, seed=1)])
    monkeypatch.setattr("segwright.evaluation.bootstrap._CHUNK_BYTES", 8 * 7 * 3)
    chunks = list(resampled(varied, resamples=50, seed=1))
    assert len(chunks) == 17
    np.testing.assert_array_equal(np.concatenate([c.hit for c in chunks]), whole)


def test_too_few_units_have_no_interval():
    draws = np.linspace(0, 1, 100)
    assert interval(0.5, draws, MIN_UNITS - 1) is None
    assert interval(0.5, draws, MIN_UNITS) is not None
    assert interval(0.5, np.full(100, np.nan), 100) is None


def test_the_score_lies_inside_its_interval():
    assert interval(0.9, np.linspace(0.1, 0.5, 100), 50)[1] == 0.9
    assert interval(0.0, np.linspace(0.1, 0.5, 100), 50)[0] == 0.0


@pytest.mark.parametrize("num_units", [8, 40])
def test_coverage(num_units):
    """Units of three classes vary in size and difficulty; the 95 % interval of the mean IoU must
    hold the mean IoU of endlessly many units in about 95 % of 300 repeats."""
    rng = np.random.default_rng(num_units)

    def draw(number: int) -> Counts:
        truth = rng.integers(200, 2000, (number, 3))
        skill = rng.beta(6, 2, (number, 3))
        hit = np.rint(truth * skill).astype(np.int64)
        predicted = hit + np.rint(truth * 0.5 * rng.beta(2, 6, (number, 3))).astype(np.int64)
        return Counts(hit, truth, predicted)

    def mean_iou(counts: Counts) -> np.ndarray:
        return mean_over_scored(counts.iou())

    true_value = mean_iou(draw(200_000).summed(np.ones((1, 200_000))))[0]
    held = 0
    for repeat in range(300):
        units = draw(num_units)
        value = mean_iou(units.summed(np.ones((1, num_units))))[0]
        draws = [mean_iou(c) for c in resampled(units, resamples=1000, seed=repeat)]
        low, high = interval(value, np.concatenate(draws), num_units)
        held += low <= true_value <= high
    assert 0.92 <= held / 300 <= 0.985
