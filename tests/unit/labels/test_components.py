"""Connected regions, against scikit-image."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from skimage.measure import label

from segwright.labels.components import components


@given(
    arrays(np.uint8, array_shapes(min_dims=2, max_dims=2, max_side=16), elements=st.integers(0, 2))
)
def test_regions_are_those_of_scikit_image_in_the_same_order(ids):
    for neighbours, connectivity in ((4, 1), (8, 2)):
        found, count = components(ids, neighbours=neighbours)
        oracle, oracle_count = label(
            ids.astype(int), background=-1, connectivity=connectivity, return_num=True
        )
        assert count == oracle_count
        np.testing.assert_array_equal(found + 1, oracle)


@pytest.mark.parametrize("neighbours", [4, 8])
def test_large_noise_and_winding_shapes(neighbours):
    noise = np.random.default_rng(0).integers(0, 2, (301, 207))
    spiral = np.zeros((41, 41), int)
    for ring in range(0, 20, 2):  # one arm, joined from ring to ring
        spiral[ring, max(0, ring - 2) : 41 - ring] = 1
        spiral[ring : 41 - ring, 40 - ring] = 1
        spiral[40 - ring, ring : 41 - ring] = 1
        spiral[ring + 2 : 41 - ring, ring] = 1
    for ids in (noise, spiral, spiral[::-1], np.eye(50, dtype=int)):
        found, _ = components(ids, neighbours=neighbours)
        oracle = label(ids, background=-1, connectivity=1 if neighbours == 4 else 2)
        np.testing.assert_array_equal(found + 1, oracle)


def test_corners_join_only_where_asked():
    ids = np.eye(3, dtype=np.uint8)
    assert components(ids, neighbours=8)[1] == 2
    assert components(ids, neighbours=4)[1] == 5
