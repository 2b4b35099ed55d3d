"""Tiles at hand-computed places; the general laws are in tests/properties."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.errors import UsageError
from segwright.images import Tile, blend_window, tile_grid


def test_last_tile_is_shifted_inwards():
    tiles = tile_grid((5, 10), (4, 4), overlap=1)
    assert [(tile.y, tile.x) for tile in tiles] == [(0, 0), (0, 3), (0, 6), (1, 0), (1, 3), (1, 6)]
    assert all(tile.size_hw == (4, 4) and tile.pad_hw == (0, 0) for tile in tiles)


def test_exact_fit_makes_no_second_tile():
    assert tile_grid((8, 4), (4, 4)) == [Tile(0, 0, (4, 4)), Tile(4, 0, (4, 4))]


def test_small_picture_is_one_tile_that_says_its_padding():
    assert tile_grid((3, 100), (4, 64), overlap=2) == [
        Tile(0, 0, (3, 64), (1, 0)),
        Tile(0, 36, (3, 64), (1, 0)),
    ]
    assert tile_grid((1, 1), (32, 64)) == [Tile(0, 0, (1, 1), (31, 63))]


def test_slices_cut_the_tile_out():
    picture = np.arange(50).reshape(5, 10)
    tile = tile_grid((5, 10), (4, 4), overlap=1)[-1]
    np.testing.assert_array_equal(picture[tile.slices], picture[1:5, 6:10])


@pytest.mark.parametrize(
    ("size_hw", "tile_hw", "overlap"),
    [((0, 5), (4, 4), 0), ((5, 5), (0, 4), 0), ((5, 5), (4, 8), 3), ((5, 5), (4, 4), -1)],
)
def test_impossible_grids_are_refused(size_hw, tile_hw, overlap):
    with pytest.raises(UsageError, match=r"must be 1 or more|outside 0 … 2"):
        tile_grid(size_hw, tile_hw, overlap)


def test_window_is_highest_in_the_middle_and_symmetric():
    window = blend_window((5, 8))
    assert window.shape == (5, 8) and window.dtype == np.float32
    np.testing.assert_array_equal(window, window[::-1, ::-1])
    assert window.max() == window[2, 3] == window[2, 4]
    assert blend_window((1, 1)) == pytest.approx(1)
