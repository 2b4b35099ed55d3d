"""SLIC against its definition in NumPy, scikit-image's, and what superpixels promise."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segwright.classical.catalog import build_method
from segwright.images.image import Image
from segwright.images.read import read_image

pytest.importorskip("numba")
segmentation = pytest.importorskip("skimage.segmentation")

from segwright.classical.regions.components_kernels import connected  # noqa: E402
from segwright.classical.regions.slic_kernels import assign  # noqa: E402


def scene(size_hw: tuple[int, int] = (60, 80)) -> Image:
    y, x = np.mgrid[: size_hw[0], : size_hw[1]]
    inside = (y - 30) ** 2 + (x - 40) ** 2 < 18**2
    pixels = np.where(inside[..., None], (200, 60, 40), (30, 80, 150))
    noise = np.random.default_rng(0).normal(0, 8, (*size_hw, 3))
    return Image(np.clip(pixels + noise, 0, 255).astype(np.uint8))


@pytest.mark.parametrize("channels", [1, 3, 4])
@pytest.mark.parametrize("shares", [1, 3])
def test_every_pixel_has_the_nearest_centre_that_reaches_it(channels: int, shares: int):
    rng = np.random.default_rng(channels)
    colours = rng.integers(-9000, 9000, (channels, 23, 31)).astype(np.int16)
    centres = np.empty((9, channels + 2), np.float32)
    centres[:, :channels] = rng.integers(-9000, 9000, (9, channels))
    centres[:, channels:] = rng.random((9, 2)) * (22, 30)
    order = np.argsort(centres[:, channels], kind="stable").astype(np.int32)
    reach, weight = np.array([8, 9.5], np.float32), np.float32(250.0)
    labels = np.full((23, 31), 4, np.int32)
    sums = np.zeros((shares, 9, channels + 3), np.int64)
    assign(colours, centres, order, reach, weight, labels, sums, 0, shares)

    y, x = np.mgrid[:23, :31]
    dy, dx = (y[..., None] - centres[:, channels]), (x[..., None] - centres[:, channels + 1])
    apart = ((colours.transpose(1, 2, 0)[:, :, None] - centres[:, :channels]) ** 2.0).sum(-1)
    apart = np.where((abs(dy) <= 8) & (abs(dx) <= 9.5), apart + 250 * (dy**2 + dx**2), np.inf)
    expected = np.where(np.isinf(apart.min(-1)), 4, apart.argmin(-1))
    assert np.array_equal(labels, expected)
    total = sums.sum(0)
    for number in range(9):
        own = labels == number
        assert total[number].tolist() == [
            *(int(plane[own].sum()) for plane in colours), y[own].sum(), x[own].sum(), own.sum()
        ]  # fmt: skip


@pytest.mark.parametrize("regions", [1, 12, 60, 400])
def test_regions_are_connected_and_about_as_many_as_asked_for(regions: int):
    parts = build_method("slic", regions=regions).parts(scene())
    count = int(parts.max()) + 1
    assert connected(parts)[1] == count
    assert 0.6 * regions <= count <= 1.4 * regions
    assert np.bincount(parts.ravel()).min() >= parts.size // (regions * 2) * 0.8


def test_regions_follow_an_edge_and_are_squares_where_that_is_wanted():
    image = scene()
    inside = image.pixels[..., 0] > 115
    parts = build_method("slic", regions=60, compactness=5).parts(image)
    share = np.bincount(parts.ravel(), inside.ravel()) / np.bincount(parts.ravel())
    assert ((share < 0.03) | (share > 0.97)).mean() > 0.9
    squares = build_method("slic", regions=48, compactness=1000).parts(image)
    assert np.abs(np.bincount(squares.ravel()) - 100).max() <= 25


def test_photographs_are_covered_as_well_as_by_scikit_image(shared_data: Path):
    image = read_image(shared_data / "bsds500" / "train" / "images" / "100075.jpg")
    truth = read_image(shared_data / "bsds500" / "train" / "segmentations" / "100075_0.png")
    expected = segmentation.slic(image.pixels, n_segments=300, compactness=10, start_label=0)
    found = build_method("slic", regions=int(expected.max()) + 1).parts(image)
    ours, theirs = (_achievable(parts, truth.pixels[..., 0]) for parts in (found, expected))
    assert ours >= theirs - 0.01


def _achievable(parts: np.ndarray, truth: np.ndarray) -> float:
    """Share of pixels that are right if each superpixel takes the region it covers most."""
    counts = np.zeros((int(parts.max()) + 1, int(truth.max()) + 1))
    np.add.at(counts, (parts.ravel(), truth.ravel()), 1)
    return counts.max(1).sum() / parts.size
