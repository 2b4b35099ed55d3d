"""Splitting into even rectangles and merging them again."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.classical.catalog import build_method
from segwright.features.adjacency import Adjacency
from segwright.images.image import Image

pytest.importorskip("numba")

from segwright.classical.regions.components_kernels import connected
from segwright.classical.regions.splitting_kernels import split


def test_a_picture_is_quartered_where_it_is_uneven():
    pixels = np.zeros((5, 7, 1), np.float32)
    pixels[4, 6] = 1  # only the last pixel differs
    assert split(pixels, 1.0, 1).max() == 0
    assert split(pixels, 0.1, 1).tolist() == [
        [0, 0, 0, 1, 1, 1, 1],
        [0, 0, 0, 1, 1, 1, 1],
        [2, 2, 2, 3, 3, 4, 4],
        [2, 2, 2, 5, 5, 6, 7],
        [2, 2, 2, 5, 5, 8, 9],
    ]
    assert split(pixels, 0.1, 2)[2:, 3:].tolist() == [[3, 3, 4, 4]] * 3


@pytest.mark.parametrize("size_hw", [(33, 50), (1, 40), (40, 1)])
def test_regions_are_even_connected_and_cannot_be_merged(size_hw: tuple[int, int]):
    rng = np.random.default_rng(0)
    values = (np.indices(size_hw).sum(0) // 9 % 3 * 60 + rng.integers(0, 12, size_hw)).astype(
        np.uint8
    )
    method = build_method("split_merge", tolerance=0.06, smallest_px=1, min_size=1, sigma_px=0)
    parts = method.parts(Image(values[..., None]))
    count = int(parts.max()) + 1
    assert connected(parts)[1] == count
    shares = values / 255
    for region in range(count):
        assert shares[parts == region].std() <= 0.06 + 1e-6
    for one, other in Adjacency.of(parts).edges:
        assert shares[(parts == one) | (parts == other)].std() > 0.06 - 1e-6


def test_squares_are_found_whatever_the_size_of_the_picture():
    values = np.full((61, 83), 50, np.uint8)
    values[20:45, 30:70] = 200
    parts = build_method("split_merge", smallest_px=1, sigma_px=0).parts(Image(values[..., None]))
    assert parts.max() == 1 and np.array_equal(parts == 1, values == 200)
