"""Tiles: cover everything, on the grid, with weights that add up; woven in bounded memory."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segwright.segmenter.tiles import Span, spans, woven


@st.composite
def layouts(draw):
    multiple = draw(st.sampled_from([1, 2, 8, 32]))
    units = draw(st.integers(1, 12))
    overlap = draw(st.integers(0, units // 2)) * multiple
    tile = units * multiple + draw(st.integers(0, multiple - 1))
    return draw(st.integers(1, 40 * multiple + 7)), tile, overlap, multiple


@given(layouts())
def test_weights_of_all_tiles_add_up_to_one_at_every_pixel(layout):
    length, tile, overlap, multiple = layout
    total = np.zeros(length)
    for span in spans(length, tile, overlap, multiple):
        assert (span.weights >= 0).all()
        total[span.slice] += span.weights
    np.testing.assert_allclose(total, 1, atol=1e-6)


@given(layouts())
def test_tiles_start_on_the_grid_fit_and_share_at_least_the_overlap(layout):
    length, tile, overlap, multiple = layout
    found = spans(length, tile, overlap, multiple)
    assert found[0].start == 0
    assert found[-1].stop == length
    assert all(span.start % multiple == 0 for span in found)
    assert all(0 < span.stop - span.start <= tile for span in found)
    for left, right in pairwise(found):
        assert left.start < right.start
        assert left.stop - right.start >= overlap


@given(layouts())
def test_pixels_beside_a_cut_have_no_weight(layout):
    length, tile, overlap, multiple = layout
    for span in spans(length, tile, overlap, multiple):
        unused = overlap // 4
        if span.start > 0:
            assert not span.weights[:unused].any()
        if span.stop < length:
            assert not span.weights[len(span.weights) - unused :].any()


def test_a_length_that_fits_is_one_tile():
    (only,) = spans(100, 100, 20, 32)
    assert (only.start, only.stop) == (0, 100)
    assert (only.weights == 1).all()


def test_a_known_layout():
    found = spans(100, 64, 32, 16)
    # 100 px are 7 units of 16, a tile is 4: a slack of 3 units in steps of at most 2.
    assert [(span.start, span.stop) for span in found] == [(0, 64), (16, 80), (48, 100)]


@pytest.mark.parametrize("size_hw", [(50, 70), (64, 64), (33, 200)])
def test_woven_gives_every_row_once_and_restores_a_field_cut_into_tiles(size_hw):
    rng = np.random.default_rng(0)
    field = rng.random((3, *size_hw), dtype=np.float32)
    rows, columns = (spans(length, 32, 16, 4) for length in size_hw)

    def run(row: Span, column: Span) -> np.ndarray:
        return field[:, row.slice, column.slice]

    seen = []
    restored = np.empty_like(field)
    for where, output in woven(rows, columns, run, num_classes=3):
        seen += range(where.start, where.stop)
        restored[:, where] = output
    assert seen == list(range(size_hw[0]))
    np.testing.assert_allclose(restored, field, atol=1e-6)


def test_woven_holds_one_row_of_tiles_only():
    rows, columns = spans(4096, 64, 16, 16), spans(64, 64, 16, 16)
    run = lambda row, column: np.ones((2, row.stop - row.start, 64), np.float32)  # noqa: E731
    bands = [output.base for _, output in woven(rows, columns, run, num_classes=2)]
    assert all(band is bands[0] for band in bands)
    assert bands[0].shape == (2, 64, 64)
