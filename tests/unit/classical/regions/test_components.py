"""Connected pieces against SciPy, and small ones taken into their neighbours."""

from __future__ import annotations

import hypothesis
import hypothesis.extra.numpy as arrays
import hypothesis.strategies as st
import numpy as np
import pytest

pytest.importorskip("numba")
ndimage = pytest.importorskip("scipy.ndimage")

from segwright.classical.regions.components_kernels import (  # noqa: E402
    absorb,
    connected,
    sizes_and_sums,
)

SMALL = arrays.arrays(
    np.int32, st.tuples(st.integers(1, 9), st.integers(1, 9)), elements=st.integers(0, 2)
)


@hypothesis.given(SMALL)
def test_pieces_are_those_of_scipy(labels: np.ndarray):
    found, count = connected(labels)
    expected = np.full(labels.shape, -1)
    total = 0
    for label in np.unique(labels):
        pieces, number = ndimage.label(labels == label)
        expected[pieces > 0] = pieces[pieces > 0] + total
        total += number
    assert count == total
    assert len(np.unique(np.stack([found.ravel(), expected.ravel()]), axis=1).T) == count
    first = np.unique(found, return_index=True)[1]
    assert np.array_equal(first, np.sort(first)), "numbered in the order of first pixels"


def test_sizes_and_sums_are_counted():
    labels = np.array([[0, 0, 1], [2, 1, 1]])
    pixels = np.arange(12, dtype=np.float32).reshape(2, 3, 2)
    sizes, sums = sizes_and_sums(labels, pixels, 3)
    assert sizes.tolist() == [2, 3, 1]
    assert sums.tolist() == [[2, 4], [4 + 8 + 10, 5 + 9 + 11], [6, 7]]


def test_a_small_piece_joins_the_neighbour_of_the_closest_colour():
    labels = np.array([[0, 0, 0, 1, 2, 2, 2]], np.int32)
    colour = np.array([[0, 0, 0, 7, 9, 9, 9]], np.float32)[..., None]
    sizes, sums = sizes_and_sums(labels, colour, 3)
    assert absorb(labels, sizes, sums, 2) == 2
    assert labels.tolist() == [[0, 0, 0, 1, 1, 1, 1]]


@hypothesis.given(SMALL, st.integers(1, 12))
def test_nothing_small_is_left_beside_something(labels: np.ndarray, min_size: int):
    found, count = connected(labels)
    sizes, sums = sizes_and_sums(found, labels[..., None].astype(np.float32), count)
    left = absorb(found, sizes, sums, min_size)
    kept = np.bincount(found.ravel())
    assert len(kept) == left and kept.min() > 0
    assert left == 1 or kept.min() >= min_size
    assert connected(found)[1] == left, "merged pieces are adjacent"
