"""Partitions, thin structures, sizes and confidence against other libraries and by hand."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from skimage import metrics as oracle
from torchmetrics.functional.classification import multiclass_calibration_error

from segwright.errors import LabelError, UsageError
from segwright.evaluation.metrics.calibration import Reliability
from segwright.evaluation.metrics.partitions import Contingency
from segwright.evaluation.metrics.thin import centreline_dice


@pytest.mark.parametrize("seed", range(6))
def test_partitions_are_compared_as_in_scikit_image(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, predicted = rng.integers(0, 6, (2, 30, 40))
    counted = Contingency.of(truth, predicted, truth > 0)
    assert counted is not None
    error, *_ = oracle.adapted_rand_error(truth, predicted, ignore_labels=[0])
    assert counted.adapted_rand_error() == pytest.approx(error, abs=1e-12)
    everything = Contingency.of(truth, predicted)
    assert everything is not None
    splits, merges = oracle.variation_of_information(truth, predicted)
    assert everything.variation_of_information() == pytest.approx((splits, merges))


def test_names_of_regions_do_not_matter_and_equal_cuts_are_perfect() -> None:
    truth = np.repeat(np.arange(4), 5).reshape(4, 5)
    same = Contingency.of(truth, truth * 1000 + 7)
    assert same is not None
    assert same.adapted_rand_error() == pytest.approx(0)
    assert same.variation_of_information() == (0, 0)
    whole = Contingency.of(truth, np.zeros_like(truth))  # everything merged: 2 bits are unknown
    assert whole is not None
    assert whole.variation_of_information() == pytest.approx((0, 2))
    assert Contingency.of(truth, truth, np.zeros(truth.shape, bool)) is None
    with pytest.raises(LabelError, match="accepted is the same"):
        Contingency.of(truth, truth.T)


def test_centre_lines_by_hand() -> None:
    vessel = np.zeros((9, 40), bool)
    vessel[3:6] = True
    thick = np.zeros((9, 40), bool)
    thick[2:7] = True
    assert centreline_dice(vessel, thick) == 1  # both lines lie in both masks
    gap = vessel.copy()
    gap[:, 20:] = False
    half = centreline_dice(vessel, gap)
    assert half == pytest.approx(2 / 3, abs=0.05)  # precision 1, sensitivity about a half
    nothing = np.zeros_like(vessel)
    assert centreline_dice(vessel, nothing) == centreline_dice(nothing, vessel) == 0
    assert centreline_dice(nothing, nothing) is None


@pytest.mark.parametrize("steps", [5, 15])
def test_calibration_error_is_that_of_torchmetrics(steps: int) -> None:
    rng = np.random.default_rng(0)
    chances = rng.dirichlet([0.5] * 4, 3000).astype(np.float32)
    truth = rng.integers(0, 4, 3000)
    confidence, said = chances.max(1), chances.argmax(1)
    ours = Reliability.of(confidence, said == truth, steps=steps)
    theirs = multiclass_calibration_error(
        torch.from_numpy(chances), torch.from_numpy(truth), num_classes=4, n_bins=steps, norm="l1"
    )
    assert ours.expected_error() == pytest.approx(theirs.item(), abs=1e-5)
    parts = [Reliability.of(confidence[i::2], (said == truth)[i::2], steps=steps) for i in (0, 1)]
    assert (parts[0] + parts[1]).expected_error() == pytest.approx(ours.expected_error())
    assert sum(n for _, _, n in ours.curve()) == 3000


def test_confidence_is_a_probability() -> None:
    with pytest.raises(UsageError, match="probabilities"):
        Reliability.of(np.array([1.2]), np.array([True]))
    with pytest.raises(UsageError, match="1 or more"):
        Reliability.of(np.array([0.2]), np.array([True]), steps=0)
    sure = Reliability.of(np.array([0.0, 1.0]), np.array([False, True]))
    assert sure.expected_error() == 0 and sure.curve()[-1] == (1, 1, 1)
