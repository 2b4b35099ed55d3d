"""Rings that are cut off around an image keep every pixel of it."""

from __future__ import annotations

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from segwright.labels.clipping import clipped
from segwright.labels.polygon import rasterise

SIZE_HW = (7, 9)
WIDE_HW = (67, 69)  # 30 pixels more on every side


@given(st.lists(st.tuples(st.integers(-30, 39), st.integers(-30, 37)), min_size=3, max_size=12))
def test_no_pixel_changes(vertices: list[tuple[int, int]]) -> None:
    # Cuts are rounded; an odd fraction keeps them away from pixel centres, where that would show.
    ring = np.array(vertices, dtype=np.float64) * (1, 0.99) + (0.21, 0.13)
    expected = rasterise([ring + 30], WIDE_HW, thin=False).mask()[30:37, 30:39]
    cut = clipped(ring, SIZE_HW)
    if len(cut):
        assert cut.min() >= -1
        assert (cut <= (10, 8)).all()
        np.testing.assert_array_equal(rasterise([cut], SIZE_HW, thin=False).mask(), expected)
    else:
        assert not expected.any()


def test_what_lies_within_stays_as_it_is() -> None:
    ring = np.array([[0.0, 0.5], [9, 0], [4, 7]])
    np.testing.assert_array_equal(clipped(ring, SIZE_HW), ring)


def test_a_continent_around_the_image() -> None:
    ring = np.array([[-1e7, -1e7], [1e7, -1e7], [1e7, 1e7], [-1e7, 1e7]])
    assert rasterise([clipped(ring, SIZE_HW)], SIZE_HW).area_px == 63
    assert len(clipped(ring + 3e7, SIZE_HW)) == 0
