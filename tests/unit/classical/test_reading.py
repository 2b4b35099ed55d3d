"""Parts become classes by what labelled images say."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from segwright.classical.reading import PartClasses, best_classes, mean_iou
from segwright.classical.thresholds.otsu import Otsu
from segwright.errors import DataError
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap

CLASSES = Classes.named(("ground", "cell"), background=0)


def scored(counts: np.ndarray, class_of: tuple[int, ...]) -> float:
    """The mean IoU of an assignment, class by class from its definition."""
    ious = []
    for one in range(counts.shape[1]):
        true = counts[:, one].sum()
        if true == 0:
            continue
        taken = [part for part, given_class in enumerate(class_of) if given_class == one]
        hit = counts[taken, one].sum()
        ious.append(hit / (true + counts[taken].sum() - hit))
    return float(np.mean(ious)) if ious else 0.0


def test_a_rare_class_gets_a_part_though_another_is_more_frequent_there():
    counts = np.array([[9000, 100], [450, 400]])  # the most frequent class of both parts is 0
    assert best_classes(counts).tolist() == [0, 1]
    assert scored(counts, (0, 1)) > scored(counts, (0, 0))


@given(arrays(np.int64, (3, 3), elements=st.integers(0, 50)))
def test_an_assignment_is_never_worse_than_the_most_frequent_classes(counts: np.ndarray):
    found = tuple(best_classes(counts).tolist())
    assert scored(counts, found) >= scored(counts, tuple(counts.argmax(1).tolist())) - 1e-12
    best = max(scored(counts, one) for one in product(range(3), repeat=3))
    assert scored(counts, found) <= best + 1e-12


def test_the_mean_iou_of_a_confusion_by_hand():
    confusion = np.array([[6, 2, 0], [1, 3, 0], [0, 0, 0]])  # class 2 does not occur
    assert mean_iou(confusion) == pytest.approx((6 / 9 + 3 / 6) / 2)


def test_it_is_as_sure_as_a_part_was_pure_and_ignored_pixels_count_for_nothing():
    parts = np.array([[0, 0, 0, 0, 1, 1, 1, 1]], np.uint8)
    ids = np.array([[0, 0, 0, 1, 1, 1, 255, 255]], np.uint8)
    image = Image(np.zeros((1, 8, 1), np.uint8))
    learned = PartClasses.learned(lambda _: parts, [image], [LabelMap(ids, CLASSES)], num_parts=3)
    assert learned.counts == ((3, 1), (0, 2), (0, 0))
    found, sure, _ = learned.classes_of(image, np.array([[0, 1, 2]], np.uint8))
    assert found[0, :2].tolist() == [0, 1]
    assert sure is not None and sure[0].tolist() == [0.75, 1.0, 0.5]


@pytest.mark.parametrize(
    "change",
    [
        {"class_of": [0, 5]},
        {"class_of": [0]},
        {"counts": [[1, 2, 3], [1, 2, 3]]},
        {"counts": [[1, -2], [1, 2]]},
    ],
)
def test_what_cannot_have_been_stored_is_refused(change: dict):
    stored = {"kind": "parts", "counts": [[1, 2], [3, 4]], "class_of": [0, 1]} | change
    with pytest.raises(DataError, match="do not fit"):
        PartClasses.stored(stored, num_parts=2, num_classes=2)


def test_objects_that_are_brighter_here_and_darker_there_are_told_by_area():
    disc = np.zeros((20, 20), bool)
    disc[5:12, 5:12] = True
    bright = Image(np.where(disc, 200, 30).astype(np.uint8)[..., None])
    dark = Image(np.where(disc, 30, 200).astype(np.uint8)[..., None])
    labels = [LabelMap(disc.astype(np.uint8), CLASSES)] * 2
    by_area = Otsu(numbered_by="area").fit([bright, dark], labels)
    by_brightness = Otsu().fit([bright, dark], labels)
    for image in (bright, dark):
        assert np.array_equal(by_area.predict(image), disc)
        assert Otsu(numbered_by="area").part_names == ("larger part", "smaller part")
    assert not all(np.array_equal(by_brightness.predict(one), disc) for one in (bright, dark))
