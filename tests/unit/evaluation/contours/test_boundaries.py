"""Counts and scores of boundaries, by hand."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.errors import LabelError, UsageError
from segwright.evaluation.contours.boundaries import (
    BoundaryCounts,
    BoundaryScores,
    boundaries_at,
    boundaries_of,
    even_thresholds,
)


def _counts(*rows: tuple[int, int, int, int]) -> BoundaryCounts:
    return BoundaryCounts(*np.array(rows).T)


def _line(at: int) -> np.ndarray:
    line = np.zeros((30, 40), bool)  # diagonal 50, tolerance 0.375 or, with 0.05, 2.5 pixels
    line[at] = True
    return line


def test_recall_sums_annotations_and_precision_takes_any():
    both = _line(10) | _line(20)
    counts = BoundaryCounts.of([_line(10), both, _line(13)], [_line(10), both], tolerance=0.05)
    assert counts.annotated.tolist() == [120, 120, 120]
    assert counts.recalled.tolist() == [80, 120, 0]
    assert counts.marked.tolist() == [40, 80, 40]
    assert counts.precise.tolist() == [40, 80, 0]


def test_the_tolerance_is_a_share_of_the_diagonal():
    near = [_line(12)]
    assert BoundaryCounts.of(near, [_line(10)], tolerance=0.04).recalled.tolist() == [40]
    assert BoundaryCounts.of(near, [_line(10)], tolerance=0.0399).recalled.tolist() == [0]


def test_ods_is_the_best_f_of_all_and_ois_of_each():
    # Image 1 is best at the first threshold (F 1), image 2 at the second (F 1).
    one = _counts((10, 10, 10, 10), (5, 10, 5, 10))
    two = _counts((2, 10, 2, 10), (10, 10, 10, 10))
    scores = BoundaryScores.of([one, two])
    assert scores.ois == 1.0
    assert scores.ods == pytest.approx(15 / 20)
    assert scores.best == 1
    assert scores.f == pytest.approx((12 / 20, 15 / 20))


def test_ods_lies_between_thresholds_where_the_curve_does():
    # Recall 1, precision 1/2 and the other way round: half way, both are 3/4.
    scores = BoundaryScores.of([_counts((10, 10, 5, 10), (5, 10, 10, 10))])
    assert scores.ods == pytest.approx(0.75, abs=1e-3)
    assert scores.f == pytest.approx((2 / 3, 2 / 3))


def test_average_precision_is_the_area_between_the_recalls_that_were_reached():
    # Precision 1 at recall 0.25, 0.5 at 0.75: the trapezium, in hundredths with both ends.
    scores = BoundaryScores.of([_counts((75, 100, 50, 100), (25, 100, 100, 100))])
    assert scores.average_precision == pytest.approx(0.75 * 0.51)


def test_nothing_marked_scores_nothing():
    scores = BoundaryScores.of([_counts((0, 10, 0, 0), (0, 10, 0, 0))])
    assert (scores.ods, scores.ois, scores.average_precision) == (0, 0, 0)


def test_boundaries_lie_at_lower_right_corners_of_regions_that_differ():
    labels = np.zeros((4, 5), int)
    labels[:, 3:] = 1
    found = boundaries_of(labels)
    assert np.flatnonzero(found.any(axis=0)).tolist() == [2]
    assert found[:, 2].all()
    assert not boundaries_of(np.zeros((4, 5), int)).any()


def test_boundaries_at_thresholds_reach_them():
    strengths = np.zeros((5, 5), np.float32)
    strengths[2] = 0.5
    low, equal, high = boundaries_at(strengths, [0.25, 0.5, 0.51])
    np.testing.assert_array_equal(low, strengths > 0)
    np.testing.assert_array_equal(equal, low)
    assert not high.any()


def test_even_thresholds_divide_the_range():
    np.testing.assert_allclose(even_thresholds(3), [0.25, 0.5, 0.75])


def test_what_cannot_be_scored_is_refused():
    with pytest.raises(UsageError, match="no annotation"):
        BoundaryCounts.of([_line(1)], [])
    with pytest.raises(UsageError, match=r"\[1, 2\]"):
        BoundaryScores.of([_counts((1, 1, 1, 1)), _counts((1, 1, 1, 1), (1, 1, 1, 1))])
    with pytest.raises(LabelError, match="strengths"):
        list(boundaries_at(np.zeros((2, 2, 1)), [0.5]))
