"""Merging of adjacent regions against scikit-learn, SciPy and plain Python."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.classical.catalog import build_method
from segwright.classical.regions.merging import merged, merged_numbers
from segwright.features.adjacency import Adjacency
from segwright.images.image import Image

pytest.importorskip("numba")
cluster = pytest.importorskip("sklearn.cluster")


def same_partition(one: np.ndarray, other: np.ndarray) -> bool:
    pairs = np.unique(np.stack([one.ravel(), other.ravel()]), axis=1)
    return len(np.unique(pairs[0])) == len(np.unique(pairs[1])) == pairs.shape[1]


@pytest.mark.parametrize("least", [2, 5, 40])
def test_ward_merges_as_scikit_learn_does(least: int):
    pixels = np.random.default_rng(least).random((9, 11, 3)).astype(np.float32)
    labels = np.arange(99, dtype=np.int32).reshape(9, 11)
    grid = pytest.importorskip("sklearn.feature_extraction.image").grid_to_graph(9, 11)
    expected = cluster.AgglomerativeClustering(
        n_clusters=least, linkage="ward", connectivity=grid
    ).fit_predict(pixels.reshape(-1, 3))
    found = merged(labels, pixels, cost="ward", least=least)
    assert same_partition(found, expected)


@pytest.mark.parametrize("cost", ["colour", "ward", "spread"])
def test_the_cheapest_pair_is_merged_first_and_none_above_the_limit(cost):
    rng = np.random.default_rng(7)
    pixels = rng.random((5, 6, 2)).astype(np.float32)
    labels = np.arange(30, dtype=np.int32).reshape(5, 6)
    limit = {"colour": 0.25, "ward": 0.1, "spread": 0.2}[cost]
    expected = _merged_plainly(labels, pixels, cost, limit)
    assert same_partition(merged(labels, pixels, cost=cost, limit=limit), expected)


def _merged_plainly(labels, pixels, cost, limit):
    labels = labels.copy()
    while True:
        options = []
        for one, other in Adjacency.of(labels).edges:
            a, b = pixels[labels == one], pixels[labels == other]
            apart = ((a.mean(0) - b.mean(0)) ** 2).sum()
            both = np.concatenate([a, b])
            options.append({
                "colour": apart**0.5,
                "ward": apart * len(a) * len(b) / len(both),
                "spread": ((both - both.mean(0)) ** 2).sum(1).mean() ** 0.5,
            }[cost])  # fmt: skip
        if not options or min(options) > limit:
            return labels
        one, other = Adjacency.of(labels).edges[int(np.argmin(options))]
        labels[labels == other] = one


def test_nodes_that_nothing_joins_stay():
    pairs = np.array([[0, 1]], np.int32)
    found = merged_numbers(pairs, np.ones(3), np.zeros((3, 1)), cost="colour")
    assert found.tolist() == [0, 0, 1]


@pytest.mark.parametrize("linkage", ["ward", "colour"])
def test_superpixels_of_one_object_become_one_region(linkage):
    pixels = np.full((60, 80, 3), 90, np.uint8)
    pixels[15:45, 20:60] = (200, 60, 60)
    pixels = pixels + np.random.default_rng(0).integers(0, 6, pixels.shape, np.uint8)
    method = build_method("slic_merged", superpixels=60, tolerance=0.15, linkage=linkage)
    parts = method.parts(Image(pixels))
    assert parts.max() == 1
    inside = np.zeros((60, 80), bool)
    inside[15:45, 20:60] = True
    assert (parts == inside).mean() > 0.98
