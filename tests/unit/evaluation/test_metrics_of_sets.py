"""Metrics over many images: against other libraries, by hand, and in the worst cases."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from monai.metrics import HausdorffDistanceMetric, SurfaceDiceMetric
from skimage import metrics as oracle
from skimage.measure import label

from segwright.errors import DataError, UnknownNameError, UsageError
from segwright.evaluation import METRICS, Evaluation, ScoredPair, Tolerances, evaluate_pairs
from segwright.evaluation.metrics.case import Case
from segwright.evaluation.metrics.outlines import Outlines
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap

CLASSES = Classes.named(["nothing", "cell", "rim"], background=0)


def scene(seed: int, *, size_hw=(40, 50)) -> np.ndarray:
    """Boxes of two classes on background."""
    rng = np.random.default_rng(seed)
    ids = np.zeros(size_hw, np.uint8)
    for _ in range(4):
        y, x = rng.integers(0, size_hw[0] - 12), rng.integers(0, size_hw[1] - 12)
        h, w = rng.integers(5, 12, 2)
        ids[y : y + h, x : x + w] = rng.integers(1, 3)
    ids[2:9, 2:9], ids[30:37, 40:48] = 1, 2  # both are in every image
    return ids


def shifted(ids: np.ndarray, seed: int) -> np.ndarray:
    shift = np.random.default_rng(seed).integers(-2, 3, 2)
    return np.roll(ids, shift, (0, 1))


def pair(key, truth, predicted, group=None, **more) -> ScoredPair:
    maps = (LabelMap(np.asarray(a, np.uint8), CLASSES) for a in (truth, predicted))
    return ScoredPair(key, group, *maps, **more)


def pairs(number=8, **more) -> list[ScoredPair]:
    return [pair(f"{i}", scene(i), shifted(scene(i), i), **more) for i in range(number)]


def score_of(evaluation: Evaluation, name: str):
    return next(score for score in evaluation.metrics if score.name == name)


def test_nothing_is_measured_that_was_not_asked_for() -> None:
    evaluation = evaluate_pairs(pairs(), CLASSES)
    assert evaluation.metrics == () and evaluation.calibration is None
    assert evaluation.images[0].metrics == {}
    with pytest.raises(UnknownNameError, match=r"'hd59'.*'hd95'"):
        evaluate_pairs(pairs(), CLASSES, metrics=["hd59"])


def test_boundary_iou_is_pooled_over_images() -> None:
    evaluation = evaluate_pairs(pairs(), CLASSES, metrics=["boundary_iou"])
    score = score_of(evaluation, "boundary_iou")
    assert [one.name for one in score.classes] == ["cell", "rim"]
    expected = []
    for k, found in ((1, score.classes[0]), (2, score.classes[1])):
        counts = [
            Outlines(p.truth.ids == k, p.predicted.ids == k).boundary_counts(1) for p in pairs()
        ]  # 2 % of the diagonal of 64 is one pixel
        inside, union = np.sum(counts, axis=0)
        assert found.estimate.value == pytest.approx(inside / union)
        assert (found.num_images, found.num_units) == (8, 8)
        assert found.estimate.low < found.estimate.value < found.estimate.high
        expected.append(inside / union)
    assert score.mean.value == pytest.approx(np.mean(expected))
    assert score.setting == "band of 2 % of the diagonal"


def one_hot(ids: np.ndarray) -> torch.Tensor:
    return torch.from_numpy(np.stack([ids == k for k in range(3)])[None].astype(np.float32))


def test_distances_are_the_mean_of_monais_where_every_class_is_found() -> None:
    """MONAI measures from the same surface pixels; the diagonal of 64.03 makes 2 px of 3.1235 %."""
    evaluation = evaluate_pairs(
        pairs(), CLASSES, metrics=["hd95", "surface_distance"], tolerances=Tolerances(distance=1)
    )
    hausdorff = HausdorffDistanceMetric(percentile=95, reduction="none")
    dice = SurfaceDiceMetric([1.0, 1.0], reduction="none")
    for p in pairs():
        hausdorff(one_hot(p.predicted.ids), one_hot(p.truth.ids))
        dice(one_hot(p.predicted.ids), one_hot(p.truth.ids))
    for name, metric in (("hd95", hausdorff), ("surface_distance", dice)):
        theirs = metric.aggregate().numpy()  # (8, 2), background left out by default
        ours = score_of(evaluation, name)
        assert [one.estimate.value for one in ours.classes] == pytest.approx(
            theirs.mean(axis=0).tolist(), abs=1e-5
        )
        assert ours.mean.value == pytest.approx(theirs.mean(), abs=1e-5)
    assert score_of(evaluation, "surface_distance").setting == "tolerance 1 px"


def test_a_missed_object_is_never_left_out() -> None:
    """MONAI gives infinity or NaN for it, and its mean leaves NaN out; ours is the diagonal."""
    good = scene(0)
    missed = np.where(good == 2, 0, good)
    images = [pair("good", good, good), pair("missed", good, missed), pair("empty", good * 0, good)]
    evaluation = evaluate_pairs(images, CLASSES, metrics=["all"])
    monai = HausdorffDistanceMetric(percentile=95, reduction="mean")
    for one in images[:2]:
        monai(one_hot(one.predicted.ids), one_hot(one.truth.ids))
    assert float(monai.aggregate()) == 0  # the perfect score, with one rim missed
    diagonal = np.hypot(40, 50)
    rim = score_of(evaluation, "hd95").classes[1]
    assert rim.estimate.value == pytest.approx((0 + diagonal + diagonal) / 3)
    assert rim.num_images == 3
    cell = score_of(evaluation, "hd95").classes[0]
    assert cell.estimate.value == pytest.approx(diagonal / 3)  # invented in the third
    assert (evaluation.classes[2].num_missed, evaluation.classes[2].num_invented) == (1, 1)
    assert "rim missed in 1 and invented in 1" in evaluation.table()


WORST = {"hd95": np.hypot(40, 50), "rand_error": 1, "area_error": 1}


@pytest.mark.parametrize("name", METRICS)
def test_perfect_is_best_and_missed_or_invented_is_worst(name: str) -> None:
    ids = np.zeros((40, 50), np.uint8)
    ids[10:20, 10:30] = 1  # alone, so that a missed one cannot hide behind others
    nothing = np.zeros_like(ids)

    def value(truth: np.ndarray, predicted: np.ndarray) -> float | None:
        evaluation = evaluate_pairs([pair("a", truth, predicted)], CLASSES, metrics=[name])
        mean = score_of(evaluation, name).mean
        return None if mean is None else mean.value

    higher = METRICS[name].better == "higher"
    assert value(ids, ids) == (1 if higher else 0)
    assert value(nothing, nothing) is None
    for truth, predicted in ((ids, nothing), (nothing, ids)):
        if name == "vi":
            assert value(truth, predicted) == pytest.approx(np.log2(200))  # as 200 single pixels
        elif name == "count_error":
            assert value(truth, predicted) == 1
        else:
            assert value(truth, predicted) == pytest.approx(0 if higher else WORST[name])


def test_partitions_equal_those_of_scikit_image_where_foregrounds_agree() -> None:
    rng = np.random.default_rng(5)
    foreground = scene(1) > 0
    truth, predicted = (np.where(foreground, rng.integers(1, 3, (40, 50)), 0) for _ in range(2))
    evaluation = evaluate_pairs(
        [pair("a", truth, predicted)], CLASSES, metrics=["rand_error", "vi"]
    )
    regions = [label(ids, connectivity=2) for ids in (truth, predicted)]
    error, *_ = oracle.adapted_rand_error(*regions, ignore_labels=[0])
    assert score_of(evaluation, "rand_error").mean.value == pytest.approx(error)
    inside = [r[foreground][None] for r in regions]
    information = sum(oracle.variation_of_information(*inside))
    assert score_of(evaluation, "vi").mean.value == pytest.approx(information)


@pytest.mark.parametrize("seed", range(5))
def test_pieces_are_those_of_single_masks_and_ignored_pixels_cut(seed: int) -> None:
    rng = np.random.default_rng(seed)
    truth, predicted = rng.integers(0, 3, (2, 20, 20)).astype(np.uint8)
    truth[:, 9] = 255
    case = Case(truth, predicted, 3, 0)
    for k in range(3):
        expected = tuple(label(mask, connectivity=2).max() for mask in case.masks(k))
        assert case.pieces(k) == expected


def test_distances_are_in_millimetres_where_all_images_say_how_large_pixels_are() -> None:
    metrics = ["hd95", "surface_distance"]
    in_px = evaluate_pairs(pairs(), CLASSES, metrics=metrics)
    in_mm = evaluate_pairs(pairs(spacing=(0.5, 0.5)), CLASSES, metrics=metrics)
    assert [score.unit for score in in_mm.metrics] == ["share", "mm"]
    assert score_of(in_px, "hd95").unit == "px"
    halved = score_of(in_px, "hd95").mean.value / 2
    assert score_of(in_mm, "hd95").mean.value == pytest.approx(halved)
    same = score_of(in_px, "surface_distance")  # a share of the diagonal is the same in both
    assert score_of(in_mm, "surface_distance") == same
    mixed = [*pairs(2), *pairs(2, spacing=(0.5, 0.5))]
    with pytest.raises(DataError, match="some do not"):
        evaluate_pairs(mixed, CLASSES, metrics=metrics)
    assert evaluate_pairs(mixed, CLASSES, metrics=["boundary_iou"]).metrics


@pytest.mark.parametrize("settings", [{"band": 0}, {"band": 2}, {"distance": -1}])
def test_tolerances_that_are_none(settings: dict) -> None:
    with pytest.raises(UsageError):
        Tolerances(**settings)


def test_every_image_shows_its_own_figures() -> None:
    evaluation = evaluate_pairs(pairs(), CLASSES, metrics=["boundary_iou", "rand_error"])
    top = bottom = 0.0
    for image, one in zip(evaluation.images, pairs(), strict=True):
        for k, name in enumerate(CLASSES.names):
            hit = int(((one.truth.ids == k) & (one.predicted.ids == k)).sum())
            sizes = int((one.truth.ids == k).sum()), int((one.predicted.ids == k).sum())
            assert image.counts[name] == (hit, *sizes)
        top += image.metrics["boundary_iou"]["cell"][0]
        bottom += image.metrics["boundary_iou"]["cell"][1]
        assert set(image.metrics["rand_error"]) == {""}
    cell = score_of(evaluation, "boundary_iou").classes[0]
    assert cell.estimate.value == pytest.approx(top / bottom)
    assert Evaluation.model_validate_json(evaluation.to_json()) == evaluation


def test_groups_are_scored_as_if_alone_and_resampled_as_units() -> None:
    def of(group: str, seeds: range) -> list[ScoredPair]:
        return [pair(f"{group}{i}", scene(i), shifted(scene(i), i), group) for i in seeds]

    a, b = of("a", range(6)), of("b", range(6, 9))
    evaluation = evaluate_pairs([*a, *b], CLASSES, metrics=["boundary_iou"])
    alone = evaluate_pairs([p._replace(group=None) for p in a], CLASSES, metrics=["boundary_iou"])
    first, second = evaluation.groups
    assert (first.name, first.num_images, second.num_images) == ("a", 6, 3)
    assert first.mean_iou == alone.mean_iou
    assert first.metrics["boundary_iou"] == score_of(alone, "boundary_iou").mean
    assert second.mean_iou.low is None  # three images carry no interval
    assert score_of(evaluation, "boundary_iou").mean.low is None  # and neither do two groups
    assert evaluation.num_units == 2


def test_calibration_over_images_by_hand() -> None:
    truth = np.array([[0, 1, 1, 255]], np.uint8)
    said = np.array([[0, 1, 0, 1]], np.uint8)
    sure = np.array([[0.9, 0.9, 0.5, 0.1]], np.float32)
    evaluation = evaluate_pairs(
        [pair(str(i), truth, said, confidence=sure) for i in range(6)], CLASSES
    )
    calibration = evaluation.calibration
    assert calibration.error.value == pytest.approx((2 * 0.1 + 0.5) / 3)
    assert calibration.error.low == pytest.approx(calibration.error.value)  # all images are alike
    assert [(step.accuracy, step.pixels) for step in calibration.steps] == [(0, 6), (1, 12)]
    everything, surest = calibration.coverage
    assert (everything.coverage, everything.error) == (1, pytest.approx(1 / 3))
    assert (surest.coverage, surest.error) == (pytest.approx(2 / 3), 0)
    assert 0.5 < surest.confidence <= 0.9
    assert calibration.reaching(0.1) == surest
    assert evaluation.images[0].confidence == pytest.approx(0.6)
    assert "Calibration error 23.3" in evaluation.table()


def test_the_least_sure_image_comes_first_and_silence_is_no_calibration() -> None:
    sure = [0.7, 0.9, 0.6]
    images = [
        one._replace(confidence=np.full((40, 50), value, np.float32))
        for one, value in zip(pairs(3), sure, strict=True)
    ]
    evaluation = evaluate_pairs(images, CLASSES)
    assert [image.key for image in evaluation.least_sure()] == ["2", "0", "1"]
    images[1] = images[1]._replace(confidence=None)
    silent = evaluate_pairs(images, CLASSES)
    assert silent.calibration is None
    assert [image.key for image in silent.least_sure()] == ["2", "0"]
