"""Felzenszwalb and Huttenlocher's method against scikit-image's, and on pictures one can solve."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segwright.classical.catalog import build_method
from segwright.classical.regions.felzenszwalb import felzenszwalb
from segwright.images.image import Image
from segwright.images.read import read_image

pytest.importorskip("numba")
segmentation = pytest.importorskip("skimage.segmentation")
metrics = pytest.importorskip("skimage.metrics")


def same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    pairs = np.unique(np.stack([one.ravel(), other.ravel()]), axis=1)
    return len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]


@pytest.mark.filterwarnings("ignore:Got image with third dimension")
@pytest.mark.parametrize("channels", [1, 3, 5])
@pytest.mark.parametrize(("scale", "min_size"), [(1, 1), (100, 1), (30, 12), (1000, 40)])
def test_the_regions_are_those_of_scikit_image(channels: int, scale: float, min_size: int):
    # Random floats: no two edges weigh the same, so that the order of edges is one.
    pixels = np.random.default_rng(channels).random((37, 53, channels)).astype(np.float32)
    expected = segmentation.felzenszwalb(
        pixels.astype(np.float64), scale=scale, sigma=0, min_size=min_size, channel_axis=-1
    )
    found = felzenszwalb(pixels, scale=scale / 255, min_size=min_size)
    assert same_partition(found, expected)


def test_photographs_are_divided_as_by_scikit_image(shared_data: Path):
    for name in ("100075", "12003"):
        image = read_image(shared_data / "bsds500" / "train" / "images" / f"{name}.jpg")
        found = build_method("felzenszwalb", scale=300, min_size=50).parts(image)
        expected = segmentation.felzenszwalb(image.pixels, scale=300, sigma=0.8, min_size=50)
        # Edges of equal weight may come in another order.
        assert metrics.adapted_rand_error(expected + 1, found + 1)[0] < 0.02


def test_bits_are_sorted_as_numbers():
    from segwright.classical.regions.felzenszwalb_kernels import ascending

    values = np.random.default_rng(0).random(5000).astype(np.float32)
    values[::7] = 0
    values[::11] = values[5]
    values[::13] = np.inf
    order = ascending(values.view(np.uint32).copy())
    assert np.array_equal(order, np.argsort(values, kind="stable"))


def test_a_step_parts_what_the_scale_does_not_tolerate():
    pixels = np.zeros((4, 6, 1), np.float32)
    pixels[:, 3:] = 0.5
    # Either half is of 12 pixels without differences: it tolerates scale / 12.
    assert felzenszwalb(pixels, scale=0.5 * 12 - 0.01, min_size=1).max() == 1
    assert felzenszwalb(pixels, scale=0.5 * 12 + 0.01, min_size=1).max() == 0
    assert felzenszwalb(pixels, scale=0.01, min_size=13).max() == 0


def test_no_region_is_smaller_than_asked_for():
    pixels = np.random.default_rng(3).integers(0, 256, (60, 70, 3), np.uint8)
    parts = build_method("felzenszwalb", scale=20, min_size=30, sigma_px=0).parts(Image(pixels))
    assert np.bincount(parts.ravel()).min() >= 30
    first = np.unique(parts, return_index=True)[1]
    assert np.array_equal(first, np.sort(first)), "numbered in the order of first pixels"
