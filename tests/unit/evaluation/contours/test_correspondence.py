"""Pairs of boundary pixels, against an assignment over the full matrix of costs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from scipy.optimize import linear_sum_assignment

from segwright.errors import LabelError, UsageError
from segwright.evaluation.contours.correspondence import Correspondence

_SHAPE = st.tuples(st.integers(1, 9), st.integers(1, 9))


def _least_cost(truth: np.ndarray, marked: np.ndarray, radius: float) -> float:
    """Pairs within the radius cost their distance, a pixel alone 100 radii."""
    ours, theirs = np.argwhere(truth), np.argwhere(marked)
    distances = np.sqrt(((ours[:, None] - theirs[None]) ** 2).sum(-1))
    n, m = distances.shape
    costs = np.full((n + m, n + m), 1e9)
    costs[:n, :m] = np.where(distances <= radius, distances, 1e9)
    costs[:n, m:] = np.where(np.eye(n, dtype=bool), 100 * radius, 1e9)
    costs[n:, :m] = np.where(np.eye(m, dtype=bool), 100 * radius, 1e9)
    costs[n:, m:] = 0
    return float(costs[linear_sum_assignment(costs)].sum())


@given(st.data(), _SHAPE, st.sampled_from([1.0, 1.5, 2.3, 4.33]))
def test_the_cost_is_the_least_after_every_change(data, shape, radius):
    truth = data.draw(hnp.arrays(bool, shape))
    correspondence = Correspondence(truth, radius)
    for _ in range(3):
        marked = data.draw(hnp.arrays(bool, shape))
        matched = correspondence.match(marked)
        assert not (matched & ~marked).any()
        # Distances are rounded to 1/1000 pixel.
        assert abs(correspondence.cost_px - _least_cost(truth, marked, radius)) < 0.05


def test_a_pixel_is_the_partner_of_one_only():
    truth = np.zeros((5, 9), bool)
    truth[2] = True
    double = np.zeros((5, 9), bool)
    double[1] = double[3] = True
    assert Correspondence(truth, 1.0).match(double).sum() == 9


def test_more_pairs_come_before_nearer_ones():
    truth = np.array([[1, 0, 1, 0, 0]], bool)
    marked = np.array([[0, 0, 1, 0, 1]], bool)
    # The pixel in common alone would be nearer, but then two are left without a partner.
    assert Correspondence(truth, 2.0).match(marked).sum() == 2


def test_pixels_beyond_the_radius_are_no_partners():
    truth, marked = np.zeros((2, 4, 9), bool)
    truth[0, 0] = marked[3, 4] = True  # 5 pixels apart
    assert Correspondence(truth, 5.0).match(marked).sum() == 1
    assert Correspondence(truth, 4.99).match(marked).sum() == 0


def test_rows_do_not_run_into_one_another():
    truth, marked = np.zeros((2, 3, 6), bool)
    truth[0, -1] = marked[1, 0] = True
    assert Correspondence(truth, 4.0).match(marked).sum() == 0


@pytest.mark.parametrize("radius", [-1.0, float("nan"), float("inf")])
def test_a_radius_that_is_none_is_refused(radius):
    with pytest.raises(UsageError, match="radius_px"):
        Correspondence(np.zeros((2, 2), bool), radius)


def test_another_shape_is_refused():
    with pytest.raises(LabelError, match=r"\(2, 3\)"):
        Correspondence(np.zeros((2, 2), bool), 1.0).match(np.zeros((2, 3), bool))
