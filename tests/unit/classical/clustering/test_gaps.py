"""Gaps are closed by what is around them."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra import numpy as arrays

pytest.importorskip("numba", reason="the extra 'classical' is not installed")
ndimage = pytest.importorskip("scipy.ndimage")

from segwright.classical.clustering.gaps import grown, without_small  # noqa: E402

labels = arrays.arrays(
    np.int32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(-1, 3)
)


def test_labels_meet_in_the_middle():
    assert grown(np.array([[0, -1, -1, -1, -1, 1]])).tolist() == [[0, 0, 0, 1, 1, 1]]


@given(labels)
def test_a_gap_takes_a_label_at_the_least_number_of_steps(given_labels: np.ndarray):
    found = grown(given_labels)
    known = given_labels >= 0
    assert np.array_equal(found[known], given_labels[known])
    if not known.any():
        assert (found == 0).all()
        return
    steps = {
        label: ndimage.distance_transform_cdt(given_labels != label, "taxicab")
        for label in np.unique(given_labels[known])
    }
    nearest = np.min(list(steps.values()), axis=0)
    for label, distance in steps.items():
        assert (distance[found == label] == nearest[found == label]).all()


@given(labels, st.integers(1, 12))
def test_regions_are_connected_numbered_and_large(given_labels: np.ndarray, min_px: int):
    regions = without_small(given_labels, min_px)
    assert np.array_equal(np.unique(regions), np.arange(regions.max() + 1))
    for region in range(regions.max() + 1):
        assert ndimage.label(regions == region)[1] == 1
        assert (regions == region).sum() >= min_px or regions.max() == 0


def test_a_small_piece_goes_to_its_neighbours_from_all_sides():
    picture = np.zeros((5, 8), int)
    picture[:, 4:] = 1
    picture[1:4, 3:5] = 2
    assert np.array_equal(without_small(picture, 7), np.repeat([[0] * 4 + [1] * 4], 5, axis=0))
