"""Hierarchies as pictures: thresholds, nesting, and back from joined regions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy import ndimage

from segwright.errors import LabelError, UsageError
from segwright.labels.ultrametric import UltrametricMap


def _drawn(seed: int) -> UltrametricMap:
    rng = np.random.default_rng(seed)
    regions = rng.integers(0, 12, (6, 8))
    pairs = [(n, n + 1) for n in range(11)]
    return UltrametricMap.joining(regions, pairs, rng.integers(1, 9, 11) / 10)


@given(st.integers(0, 10_000), st.floats(0, 1))
def test_regions_are_what_no_stronger_contour_divides(seed, threshold):
    tree = _drawn(seed)
    ours = tree.labels(threshold)
    expected = ndimage.label(tree.strengths <= threshold)[0][1::2, 1::2]
    pairs = np.unique(np.stack([ours.ravel(), expected.ravel()]), axis=1)
    assert pairs.shape[1] == len(np.unique(ours)) == len(np.unique(expected))


@given(st.integers(0, 10_000))
def test_raising_the_threshold_only_joins(seed):
    nested = _drawn(seed).nested(np.arange(10) / 10)
    for finer, coarser in zip(nested.merged, nested.merged[1:], strict=False):
        assert len(np.unique(np.stack([finer, coarser]), axis=1).T) == len(np.unique(finer))


def test_a_chain_is_joined_at_its_highest_step():
    tree = UltrametricMap.joining(np.array([[0, 2]]), [(0, 1), (1, 2)], [0.3, 0.6])
    assert tree.strengths[1, 2] == np.float32(0.6)
    assert tree.contours().tolist() == [[pytest.approx(0.6), 0]]


def test_corners_are_as_strong_as_the_strongest_side():
    tree = UltrametricMap.joining(np.array([[0, 1], [0, 0]]), [(0, 1)], [0.5])
    assert tree.strengths[2, 2] == 0.5
    assert tree.strengths[0, 2] == 0.5  # the frame takes what it touches


def test_what_is_no_hierarchy_is_refused():
    with pytest.raises(LabelError, match=r"\(4, 5\)"):
        UltrametricMap(np.zeros((4, 5)))
    with pytest.raises(LabelError, match="not all finite"):
        UltrametricMap(np.full((3, 3), np.nan))
    with pytest.raises(LabelError, match="never joined"):
        UltrametricMap.joining(np.array([[0, 1, 2]]), [(0, 1)], [0.5])
    with pytest.raises(UsageError, match="ascending"):
        UltrametricMap(np.zeros((3, 3))).nested([0.5, 0.2])
