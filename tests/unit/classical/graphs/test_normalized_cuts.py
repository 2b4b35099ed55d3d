"""Normalised cuts: eigenvectors, likeness, and pictures with an obvious division."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.classical.catalog import build_method
from segwright.classical.graphs.affinity import Affinity, strongest_between, superpixel_affinity
from segwright.classical.graphs.normalized_cuts import spectral_points
from segwright.images.image import Image

pytest.importorskip("numba")
sparse = pytest.importorskip("scipy.sparse")
linalg = pytest.importorskip("scipy.linalg")


@pytest.mark.parametrize("nodes", [40, 500])  # all eigenvectors at once, and a few by iteration
def test_points_are_generalised_eigenvectors(nodes: int):
    rng = np.random.default_rng(nodes)
    places = rng.random((nodes, 2))
    apart = np.linalg.norm(places[:, None] - places[None], axis=2)
    weights = np.exp(-((apart / 0.1) ** 2))
    np.fill_diagonal(weights, 0)
    degrees = np.diag(weights.sum(1))
    values, vectors = linalg.eigh(degrees - weights, degrees)
    found = spectral_points(sparse.csr_array(weights), 6)
    assert np.allclose(found[:, 0], 0)
    for number in range(1, 6):
        expected = vectors[:, number] / values[number]
        sign = np.sign(expected @ found[:, number])
        assert np.allclose(found[:, number], sign * expected, rtol=1e-3, atol=1e-3 / values[number])


def test_the_strongest_edge_between_two_points():
    edges = np.zeros((9, 9), np.float32)
    edges[:, 4] = 0.7
    edges[8, :] = 0.2
    middles = np.array([[1.0, 1.0], [1.0, 7.0], [7.0, 1.0], [8.0, 1.0]])
    pairs = np.array([[0, 1], [0, 2], [2, 3], [1, 3]])
    assert strongest_between(edges, middles, pairs) == pytest.approx([0.7, 0, 0.2, 0.7])


def test_likeness_falls_with_colour_edges_and_distance():
    pixels = np.full((40, 80, 1), 100, np.uint8)
    pixels[:, 40:] = 180
    pieces = np.zeros((40, 80), np.int32) + np.arange(80) // 10
    found = superpixel_affinity(Image(pixels), pieces, Affinity(1.0, 0.05, 0.02)).toarray()
    assert np.array_equal(found, found.T) and (np.diag(found) == 0).all()
    assert found[0, 1] > 0.99 and found[3, 4] < 1e-3
    assert found[0, 1] == pytest.approx(found[6, 7])
    assert found[0, 3] == 0, "further than a side of a superpixel"


@pytest.mark.parametrize("regions", [1, 2, 3])
def test_a_picture_is_cut_where_it_hangs_together_least(regions: int):
    pixels = np.full((60, 90, 3), 90, np.uint8)
    pixels[:, 50:] = (160, 90, 60)
    pixels[30:, 50:] = (60, 90, 160)
    pixels = pixels + np.random.default_rng(0).integers(0, 8, pixels.shape, np.uint8)
    parts = build_method("ncuts", regions=regions, superpixels=80).parts(Image(pixels))
    assert parts.max() + 1 == regions
    truth = np.zeros((60, 90), int)
    truth[:, 50:] = 1
    truth[30:, 50:] = 2
    counts = np.zeros((regions, 3))
    np.add.at(counts, (parts, truth), 1)
    if regions == 3:
        assert counts.max(1).sum() / truth.size > 0.97
    if regions == 2:  # two of the three areas together
        assert counts.max(0).sum() / truth.size > 0.97


def test_fewer_superpixels_than_regions_are_the_regions():
    pixels = np.random.default_rng(0).integers(0, 256, (6, 7, 3), np.uint8)
    parts = build_method("ncuts", regions=500, superpixels=5).parts(Image(pixels))
    assert parts.max() + 1 <= 42
