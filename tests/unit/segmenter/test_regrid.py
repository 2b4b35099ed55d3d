"""Scores on another grid: whatever pieces they come in, what a whole resize gives."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st
from torch.nn import functional

from segwright.segmenter.regrid import regridded

SIDES = st.integers(1, 40)


def in_bands(scores: np.ndarray, stops: list[int]):
    """Pieces of scores in one array that is used again, as `woven` gives them."""
    reused = np.empty_like(scores)
    starts = [0, *stops]
    for start, stop in zip(starts, [*stops, scores.shape[1]], strict=True):
        band = reused[:, : stop - start]
        band[:] = scores[:, start:stop]
        yield slice(start, stop), band
        band[:] = np.nan


@given(st.tuples(SIDES, SIDES), st.tuples(SIDES, SIDES), st.data())
def test_bands_are_resized_like_the_whole(seen_hw, size_hw, data) -> None:
    scores = np.random.default_rng(0).random((3, *seen_hw)).astype(np.float32)
    stops = sorted(data.draw(st.sets(st.integers(1, seen_hw[0]), max_size=6)) - {seen_hw[0]})
    found = np.full((3, *size_hw), np.nan, np.float32)
    reached = 0
    for where, band in regridded(in_bands(scores, stops), seen_hw, size_hw):
        assert where.start == reached and band.shape == (3, where.stop - where.start, size_hw[1])
        reached = where.stop
        found[:, where] = band
    assert reached == size_hw[0]
    expected = functional.interpolate(
        torch.from_numpy(scores)[None], size=size_hw, mode="bilinear", align_corners=False
    )[0].numpy()
    np.testing.assert_allclose(found, expected, atol=1e-5)


def test_on_the_same_grid_nothing_is_touched() -> None:
    bands = [(slice(0, 4), np.zeros((2, 4, 5), np.float32))]
    assert regridded(bands, (4, 5), (4, 5)) is bands


@pytest.mark.parametrize("height", [64, 6400])
def test_no_more_is_held_than_a_band_or_two(height: int) -> None:
    """Rows are given out as soon as both rows that they lie between have come."""
    taken = 0

    def bands():
        nonlocal taken
        for start in range(0, height, 8):
            taken = start + 8
            yield slice(start, start + 8), np.zeros((1, 8, 3), np.float32)

    for where, _ in regridded(bands(), (height, 3), (3 * height, 6)):
        assert where.stop >= 3 * (taken - 1)
