"""Counting, against hand-computed matrices, scikit-learn and torchmetrics."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.errors import LabelError
from segwright.evaluation.confusion import Counts, confusion_matrix, mean_over_scored


def test_by_hand():
    truth = np.array([[0, 0, 1], [1, 2, 255]], np.uint8)
    predicted = np.array([[0, 1, 1], [1, 0, 255]], np.uint8)
    matrix = confusion_matrix(truth, predicted, 3, 255)
    assert matrix.dtype == np.int64
    assert matrix.tolist() == [[1, 1, 0], [0, 2, 0], [1, 0, 0]]
    counts = Counts.of(matrix)
    assert counts.iou().tolist() == [1 / 3, 2 / 3, 0]
    assert counts.dice().tolist() == [2 / 4, 4 / 5, 0]
    assert counts.precision().tolist() == [1 / 2, 2 / 3, 0]
    assert counts.recall().tolist() == [1 / 2, 1, 0]
    assert counts.pixel_accuracy() == 3 / 5


@pytest.mark.filterwarnings("ignore:A single label was found")
@pytest.mark.parametrize("num_classes", [1, 2, 14, 15, 16, 200, 255, 300])
def test_against_scikit_learn(num_classes):
    metrics = pytest.importorskip("sklearn.metrics")
    rng = np.random.default_rng(num_classes)
    dtype, ignore = (np.uint8, 255) if num_classes <= 255 else (np.uint16, 65535)
    truth = rng.integers(0, num_classes, (40, 50)).astype(dtype)
    predicted = rng.integers(0, num_classes, (40, 50)).astype(dtype)
    ignored = rng.random((40, 50)) < 0.2
    truth[ignored] = ignore
    predicted[ignored & (rng.random((40, 50)) < 0.5)] = ignore
    expected = metrics.confusion_matrix(
        truth[~ignored], predicted[~ignored], labels=np.arange(num_classes)
    )
    assert (confusion_matrix(truth, predicted, num_classes, ignore) == expected).all()


@pytest.mark.parametrize("ours, theirs", [("iou", "JaccardIndex"), ("dice", "F1Score")])
def test_scores_against_torchmetrics(ours, theirs):
    torch = pytest.importorskip("torch")
    metric_type = getattr(pytest.importorskip("torchmetrics"), theirs)
    rng = np.random.default_rng(3)
    truth = rng.integers(0, 5, (30, 31)).astype(np.uint8)
    predicted = np.where(rng.random(truth.shape) < 0.6, truth, rng.integers(0, 5, truth.shape))
    truth[rng.random(truth.shape) < 0.1] = 255
    metric = metric_type(task="multiclass", num_classes=5, ignore_index=255, average="none")
    expected = metric(
        torch.from_numpy(predicted.astype(np.int64))[None],
        torch.from_numpy(truth.astype(np.int64))[None],
    )
    counts = Counts.of(confusion_matrix(truth, predicted.astype(np.uint8), 5, 255))
    np.testing.assert_allclose(getattr(counts, ours)(), expected.numpy(), rtol=1e-6)


def test_a_class_predicted_but_not_there_scores_zero_and_an_absent_one_nothing():
    counts = Counts.of(np.array([[8, 2, 0], [0, 0, 0], [0, 0, 0]]))
    assert counts.scored.tolist() == [True, True, False]
    for scores in (counts.iou(), counts.dice(), counts.precision(), counts.recall()):
        assert scores[1] == 0 and np.isnan(scores[2])
    assert mean_over_scored(counts.iou()) == pytest.approx((0.8 + 0) / 2)


def test_a_missed_class_scores_zero_even_in_precision():
    counts = Counts.of(np.array([[8, 0], [2, 0]]))
    assert counts.precision()[1] == 0 and counts.recall()[1] == 0


def test_nothing_judged_is_not_a_number():
    counts = Counts.of(np.zeros((2, 2), np.int64))
    assert np.isnan(counts.pixel_accuracy()) and np.isnan(mean_over_scored(counts.iou()))


def test_counts_add_over_images():
    rng = np.random.default_rng(5)
    matrices = rng.integers(0, 9, (4, 3, 3))
    summed = Counts.of(matrices).summed(np.array([[1, 0, 2, 1]]))
    expected = Counts.of(matrices[0] + 2 * matrices[2] + matrices[3])
    np.testing.assert_array_equal(summed.iou()[0], expected.iou())
    np.testing.assert_array_equal(summed.predicted[0], expected.predicted)


@pytest.mark.parametrize(
    ("truth", "predicted", "message"),
    [
        ([[0, 1]], [[0]], r"\(1, 2\).*\(1, 1\)"),
        ([[0, 7]], [[0, 1]], "id 7"),
        ([[0, 1]], [[0, 255]], "no class 0 … 1 to 1 pixels"),
        ([[0, 1]], [[0, 9]], "no class"),
    ],
)
def test_what_cannot_be_counted(truth, predicted, message):
    with pytest.raises(LabelError, match=message):
        confusion_matrix(np.array(truth, np.uint8), np.array(predicted, np.uint8), 2, 255)


def test_signed_ids_are_refused():
    with pytest.raises(LabelError, match="int64"):
        confusion_matrix(np.zeros((2, 2), np.int64), np.zeros((2, 2), np.int64), 2, 255)
