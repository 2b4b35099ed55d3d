"""The random walker against scikit-image and a dense solution."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.classical.catalog import build_method
from segwright.classical.graphs.random_walker import edge_weights, walked
from segwright.images.image import Image

pytest.importorskip("numba")
segmentation = pytest.importorskip("skimage.segmentation")


def dense_solution(weights: np.ndarray, seeds: np.ndarray, labels: int) -> np.ndarray:
    """The Dirichlet problem by a dense solver: (K, Y, X)."""
    height, width = seeds.shape
    laplacian = np.zeros((seeds.size, seeds.size))
    for y, x, direction in np.ndindex(height, width, 2):
        ny, nx = (y, x + 1) if direction == 0 else (y + 1, x)
        if ny < height and nx < width:
            one, other = y * width + x, ny * width + nx
            weight = weights[y, x, direction]
            laplacian[[one, other], [one, other]] += weight
            laplacian[[one, other], [other, one]] -= weight
    flat = seeds.ravel()
    free = flat < 0
    found = np.stack([flat == one for one in range(labels)]).astype(float)
    right = -laplacian[np.ix_(free, ~free)] @ found[:, ~free].T
    found[:, free] = np.linalg.solve(laplacian[np.ix_(free, free)], right).T
    return found.reshape(labels, height, width)


@pytest.mark.parametrize("size_hw", [(12, 17), (1, 30), (30, 1)])
@pytest.mark.parametrize("beta", [0.0, 10.0, 90.0])
def test_chances_are_those_of_a_dense_solver(size_hw: tuple[int, int], beta: float):
    rng = np.random.default_rng(0)
    weights = edge_weights(rng.random((*size_hw, 3)).astype(np.float32), beta)
    seeds = np.full(size_hw, -1, np.int32)
    seeds.ravel()[rng.choice(seeds.size, 8, replace=False)] = [0, 1, 3, 0, 1, 3, 1, 3]
    found = walked(weights, seeds, labels=4)
    assert np.abs(found - dense_solution(weights, seeds, 4)).max() < 5e-4
    assert (found[2] == 0).all(), "no seed, no chance"
    assert np.allclose(found.sum(0), 1, atol=1e-5)


def test_chances_are_those_of_scikit_image():
    rng = np.random.default_rng(1)
    data = rng.random((25, 30))
    seeds = np.full(data.shape, -1, np.int32)
    seeds[3, 3], seeds[20, 25] = 0, 1
    steps = max(np.abs(np.diff(data, axis=axis)).max() for axis in (0, 1))
    # There a squared step is divided by 10 deviations, here by the largest of the image.
    beta = 5 * 10 * data.std() / steps**2
    expected = segmentation.random_walker(
        data, seeds + 1, beta=beta, mode="bf", return_full_prob=True
    )
    found = walked(edge_weights(data[..., None].astype(np.float32), 5), seeds, labels=2)
    assert np.abs(found - expected).max() < 1e-3


def test_a_walk_on_a_line_meets_the_nearer_end():
    seeds = np.full((1, 5), -1, np.int32)
    seeds[0, 0], seeds[0, 4] = 0, 1
    found = walked(edge_weights(np.zeros((1, 5, 1), np.float32), 90), seeds, labels=2)
    assert found[1, 0] == pytest.approx([0, 0.25, 0.5, 0.75, 1], abs=1e-4)


@pytest.mark.parametrize("seeds", ["brightness", "colour"])
def test_noise_at_rims_is_resolved(seeds: str):
    rng = np.random.default_rng(0)
    truth = np.zeros((60, 70), bool)
    truth[15:45, 20:55] = True
    values = np.clip(np.where(truth, 170, 80) + rng.normal(0, 22, truth.shape), 0, 255)
    image = Image(np.repeat(values[..., None], 3, axis=2).astype(np.uint8))
    parts = build_method("random_walker", seeds=seeds, sure=0.3, beta=20).parts(image)
    threshold = build_method("otsu").parts(image)
    wrong = ((parts == 1) != truth).mean()
    assert wrong < 0.01 and wrong < ((threshold == 1) != truth).mean()


def test_colours_are_those_of_all_images_once_fitted():
    rng = np.random.default_rng(0)
    dark, bright = (Image(rng.integers(low, low + 60, (20, 20, 3), np.uint8)) for low in (0, 190))
    method = build_method("random_walker", seeds="colour").fit([dark, bright])
    assert (method.parts(dark) == 0).all() and (method.parts(bright) == 1).all()
