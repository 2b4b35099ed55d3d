"""Evaluations of small sets with known scores, and of real masks."""

from __future__ import annotations

import json

import numpy as np
import pytest

from segwright.errors import DataError, LabelError, UsageError
from segwright.evaluation.evaluation import Evaluation
from segwright.evaluation.scoring import ScoredPair, evaluate_pairs
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap

CLASSES = Classes.named(["nothing", "cell", "rim"], background=0)


def pair(key, truth, predicted, group=None, classes=CLASSES):
    truth, predicted = (LabelMap(np.array(a, classes.dtype), classes) for a in (truth, predicted))
    return ScoredPair(key, group, truth, predicted)


def random_pairs(number, *, seed=0, groups=None, size_hw=(12, 13)):
    rng = np.random.default_rng(seed)
    for i in range(number):
        truth = rng.integers(0, 3, size_hw)
        predicted = np.where(rng.random(size_hw) < rng.uniform(0.4, 0.95), truth, 0)
        yield pair(f"{i:03d}", truth, predicted, None if groups is None else groups[i])


def test_pooled_scores_by_hand():
    evaluation = evaluate_pairs(
        [
            pair("a", [[0, 0, 1, 1]], [[0, 0, 1, 0]]),
            pair("b", [[0, 1, 255, 0]], [[0, 1, 1, 1]]),
        ],
        CLASSES,
    )
    assert evaluation.confusion == ((3, 1, 0), (1, 2, 0), (0, 0, 0))
    nothing, cell, rim = evaluation.classes
    assert nothing.iou.value == 3 / 5 and cell.iou.value == 2 / 4
    assert cell.dice.value == 4 / 6
    assert (cell.precision.value, cell.recall.value) == (2 / 3, 2 / 3)
    assert rim.iou is None and rim.num_images == 0
    assert evaluation.num_classes_scored == 2
    assert evaluation.mean_iou.value == pytest.approx((3 / 5 + 2 / 4) / 2)
    assert evaluation.foreground_mean_iou.value == 2 / 4
    assert evaluation.pixel_accuracy.value == 5 / 7
    assert (evaluation.judged_px, evaluation.ignored_px) == (7, 1)
    assert (cell.truth_px, cell.predicted_px, cell.num_images) == (3, 3, 2)


def test_per_image_scores_by_hand():
    evaluation = evaluate_pairs(
        [
            pair("good", [[0, 1, 1, 1]], [[0, 1, 1, 1]]),
            pair("invents rim", [[0, 0, 0, 0]], [[0, 0, 0, 2]]),
            pair("ignored", [[255, 255]], [[0, 2]]),
        ],
        CLASSES,
    )
    good, invents, ignored = evaluation.images
    assert good.mean_iou == 1  # rim is in neither: not scored for this image
    assert invents.mean_iou == pytest.approx((3 / 4 + 0) / 2)
    assert ignored.mean_iou is None and ignored.judged_px == 0
    assert [image.key for image in evaluation.ranked_images()] == ["invents rim", "good"]


def test_a_class_only_predicted_pulls_the_mean_down():
    evaluation = evaluate_pairs([pair("a", [[0, 0, 0, 1]], [[0, 0, 2, 1]])], CLASSES)
    assert evaluation.classes[2].iou.value == 0
    assert evaluation.num_classes_scored == 3
    assert evaluation.mean_iou.value == pytest.approx((2 / 3 + 1 + 0) / 3)


def test_intervals_are_ordered_repeatable_and_shrink_with_more_images():
    few, again, many = (evaluate_pairs(random_pairs(n), CLASSES) for n in (20, 20, 200))
    assert few == again
    for evaluation in (few, many):
        estimates = [evaluation.mean_iou, evaluation.mean_dice, evaluation.pixel_accuracy]
        estimates += [score.iou for score in evaluation.classes]
        for estimate in estimates:
            assert 0 <= estimate.low <= estimate.value <= estimate.high <= 1
    width = [e.mean_iou.high - e.mean_iou.low for e in (few, many)]
    assert width[1] < width[0] / 2
    assert evaluate_pairs(random_pairs(20), CLASSES, seed=1) != few


def test_groups_are_the_unit_and_widen_the_interval():
    """Every image five times in one group says no more than once."""
    once = list(random_pairs(20))
    five_times = [p._replace(key=f"{p.key}{c}") for p in once for c in "abcde"]
    grouped = [p._replace(group=p.key[:3]) for p in five_times]
    single, naive, honest = (evaluate_pairs(p, CLASSES) for p in (once, five_times, grouped))
    assert (honest.unit, honest.num_units, honest.num_images) == ("group", 20, 100)
    assert honest.mean_iou == single.mean_iou
    assert naive.mean_iou.value == pytest.approx(single.mean_iou.value)
    assert naive.mean_iou.low > single.mean_iou.low + 0.005
    assert "20 groups" in honest.interval_notes[0]
    assert any("independent" in note for note in naive.interval_notes)


def test_images_without_a_group_are_units_of_their_own():
    evaluation = evaluate_pairs(random_pairs(8, groups=["a", "a", "a", *[None] * 5]), CLASSES)
    assert (evaluation.unit, evaluation.num_units) == ("group", 6)


def test_too_few_units_give_no_interval_and_say_so():
    evaluation = evaluate_pairs(random_pairs(4), CLASSES)
    assert evaluation.mean_iou.low is None and evaluation.mean_iou.high is None
    assert evaluation.interval_notes == (
        "No intervals: 4 images are too few for one that can be trusted.",
    )


def test_a_class_in_too_few_images_has_no_interval():
    pairs = [pair(str(i), [[0, 1] * 4], [[0, 1] * 3 + [0, 0]]) for i in range(10)]
    pairs.append(pair("with rim", [[0, 1, 2, 2]], [[0, 1, 2, 0]]))
    evaluation = evaluate_pairs(pairs, CLASSES)
    rim = evaluation.classes[2]
    assert rim.iou.value == 0.5 and rim.iou.low is None and rim.num_units == 1
    assert evaluation.classes[1].iou.low is not None
    assert any("rim" in note for note in evaluation.interval_notes)


def test_json_reads_back_the_same():
    evaluation = evaluate_pairs(random_pairs(6), CLASSES)
    text = evaluation.to_json()
    assert json.loads(text)["mean_iou"]["value"] == evaluation.mean_iou.value
    assert Evaluation.model_validate_json(text) == evaluation


def test_showcase_shows_no_image_twice():
    evaluation = evaluate_pairs(random_pairs(30), CLASSES)
    ranked = [image.key for image in evaluation.ranked_images()]
    shown = evaluation.showcase(worst=4, median=3, best=2)
    assert [kind for kind, _ in shown] == ["worst"] * 4 + ["median"] * 3 + ["best"] * 2
    assert [i.key for _, i in shown[:4]] == ranked[:4]
    assert [i.key for _, i in shown[-2:]] == ranked[:-3:-1]
    assert len({i.key for _, i in shown}) == 9
    few = evaluate_pairs(random_pairs(5), CLASSES).showcase(worst=4, median=3, best=2)
    assert len(few) == 5 and len({i.key for _, i in few}) == 5


def test_what_cannot_be_scored():
    with pytest.raises(DataError, match="no images"):
        evaluate_pairs([], CLASSES)
    with pytest.raises(DataError, match="ignored"):
        evaluate_pairs([pair("a", [[255]], [[0]])], CLASSES)
    with pytest.raises(LabelError, match=r"^photo 7: truth has shape \(1, 2\)"):
        evaluate_pairs([pair("photo 7", [[0, 1]], [[0]])], CLASSES)
    other = Classes.named(["nothing", "tree", "rim"], background=0)
    with pytest.raises(LabelError, match="tree"):
        evaluate_pairs([pair("a", [[0]], [[0]], classes=other)], CLASSES)
    with pytest.raises(UsageError, match="resamples is 0"):
        evaluate_pairs(random_pairs(2), CLASSES, resamples=0)


def test_real_masks_scored_against_themselves_are_perfect(shared_data):
    from PIL import Image

    classes = Classes.named(shared_data.joinpath("camvid/classes.txt").read_text().split()[:11])
    pairs = []
    for path in sorted((shared_data / "camvid/val/masks").glob("*.png"))[:8]:
        ids = np.array(Image.open(path))
        labels = LabelMap(np.where(ids == 11, 255, ids).astype(np.uint8), classes)
        pairs.append(ScoredPair(path.stem, None, labels, labels))
    assert len(pairs) == 8
    evaluation = evaluate_pairs(pairs, classes)
    assert evaluation.mean_iou.value == 1 == evaluation.mean_iou.low
    assert evaluation.ignored_px > 0
