"""Outlines give back the very pixels, in as many pieces as touch along sides."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import array_shapes, arrays
from skimage import measure

from segwright.labels.outline import outline
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box, region_of

masks = arrays(bool, array_shapes(min_dims=2, max_dims=2, max_side=9))


@given(masks)
def test_the_outline_is_the_region(mask: np.ndarray) -> None:
    shape = outline(RunLengths.from_mask(mask))
    pieces = measure.label(mask, connectivity=1)
    assert len(shape.parts) == pieces.max()
    if mask.any():
        assert np.array_equal(region_of(shape, mask.shape).mask(), mask)
        # A hole is a background region, joined at corners too, that does not reach the border.
        outside = measure.label(np.pad(~mask, 1, constant_values=True), connectivity=2)
        assert shape.num_holes == outside.max() - 1


def test_a_ring_has_a_vertex_only_where_it_turns() -> None:
    mask = np.zeros((40, 60), bool)
    mask[5:30, 10:50] = True
    mask[10:20, 20:30] = False
    (part,) = outline(RunLengths.from_mask(mask)).parts
    assert part.exterior.tolist() == [[10, 5], [50, 5], [50, 30], [10, 30]]
    (hole,) = part.holes
    assert sorted(hole.tolist()) == [[20, 10], [20, 20], [30, 10], [30, 20]]


@given(masks, st.data())
def test_set_operations_are_those_of_masks(mask: np.ndarray, data: st.DataObject) -> None:
    other = data.draw(arrays(bool, mask.shape))
    mine, its = RunLengths.from_mask(mask), RunLengths.from_mask(other)
    assert np.array_equal((mine | its).mask(), mask | other)
    assert np.array_equal((mine & its).mask(), mask & other)
    assert np.array_equal((mine - its).mask(), mask & ~other)


def test_lengths_of_nothing_inside_do_not_disturb() -> None:
    torn = RunLengths((1, 5), np.array([1, 1, 0, 1, 2]))
    assert (torn & RunLengths.from_mask(np.ones((1, 5)))).counts.tolist() == [1, 2, 2]


@pytest.mark.parametrize(
    ("box", "area_px"), [(Box(0, 0, 2, 3), 6), (Box(0.4, 0.4, 1.6, 1.6), 4), (Box(-1, -1, 1, 1), 1)]
)
def test_a_box_covers_the_pixels_whose_centres_lie_in_it(box: Box, area_px: int) -> None:
    assert region_of(box, (10, 10)).area_px == area_px
