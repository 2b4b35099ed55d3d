"""Inscribed circles, which of them touch, and their groups."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra 'classical' is not installed")
pytest.importorskip("cv2", reason="the extra 'classical' is not installed")

from segwright.classical.clustering.circles import Circles, dense_groups
from segwright.classical.clustering.radius import Radius
from segwright.images.image import Image


def some_edges(seed: int = 0) -> np.ndarray:
    return np.random.default_rng(seed).random((60, 80)) < 0.02


def test_no_edge_enters_a_circle_and_the_largest_comes_first():
    edges = some_edges()
    circles = Circles.between(edges)
    edge_yx = np.argwhere(edges)
    for middle, radius in zip(circles.middles, circles.radii, strict=True):
        away = np.sqrt(((edge_yx - middle) ** 2).sum(1)).min()
        assert away == pytest.approx(radius, abs=1e-4)
    assert (np.diff(circles.radii) <= 0).all()


def test_every_free_pixel_is_in_a_circle_and_no_middle_in_the_inner_half_of_a_larger():
    edges = some_edges(1)
    circles = Circles.between(edges)
    painted = circles.paint(np.zeros(len(circles), int), edges.shape)
    assert (painted[~edges] >= 0).all()
    apart = np.linalg.norm(circles.middles[:, None] - circles.middles[None], axis=2)
    larger = np.tri(len(circles), k=-1, dtype=bool)
    assert (apart > circles.radii * 0.5)[larger].all()


def test_touching_pairs_are_those_of_all_pairs():
    circles = Circles.between(some_edges(2))
    vectors = np.random.default_rng(0).random((len(circles), 3))
    pairs = {tuple(sorted(pair)) for pair in circles.touching(vectors, 0.5).tolist()}
    apart = np.linalg.norm(circles.middles[:, None] - circles.middles[None], axis=2)
    differ = np.linalg.norm(vectors[:, None] - vectors[None], axis=2)
    near = (apart <= circles.radii[:, None] + circles.radii[None] + 2) & (differ <= 0.5)
    expected = set(map(tuple, np.argwhere(np.triu(near, 1)).tolist()))
    assert pairs == expected and len(circles.touching(vectors, 0.5)) == len(pairs)


def test_what_is_in_a_circle():
    colours = np.random.default_rng(0).random((20, 24, 2)).astype(np.float32)
    circles = Circles(np.array([[9, 11], [0, 0]]), np.array([4.5, 3.0], np.float32))
    found = circles.describe(colours, 2.0)
    y, x = np.mgrid[:20, :24]
    for row, (middle, radius) in zip(found, [((9, 11), 4.5), ((0, 0), 3.0)], strict=True):
        inside = colours[(y - middle[0]) ** 2 + (x - middle[1]) ** 2 <= radius**2]
        np.testing.assert_allclose(row, np.r_[inside.mean(0), 2 * inside.std(0)], rtol=1e-5)


def test_groups_are_those_of_dbscan():
    cluster = pytest.importorskip("sklearn.cluster")
    rng = np.random.default_rng(3)
    points = rng.random((200, 2))
    apart = np.linalg.norm(points[:, None] - points[None], axis=2)
    pairs = np.argwhere(np.triu(apart <= 0.06, 1))
    theirs = cluster.DBSCAN(eps=0.06, min_samples=4).fit(points)
    groups = dense_groups(pairs, np.ones(200), 4)
    core = theirs.core_sample_indices_
    seen = set(zip(groups[core].tolist(), theirs.labels_[core].tolist(), strict=True))
    assert len(seen) == len(set(theirs.labels_[core].tolist()))
    assert np.array_equal(groups < 0, theirs.labels_ < 0)


def test_a_gap_smaller_than_the_circles_is_not_passed():
    pixels = np.full((60, 100, 3), 120, np.uint8)
    pixels[:, 49:51] = 255  # a fence with a hole of 4 pixels between two grounds of one colour
    pixels[28:32, 49:51] = 120
    found = Radius(smooth_px=0, edge=0.05).parts(Image(pixels))
    open_wide = pixels.copy()
    open_wide[10:50, 49:51] = 120
    assert found[30, 10] != found[30, 90] or found.max() == 0
    opened = Radius(smooth_px=0, edge=0.05).parts(Image(open_wide))
    assert opened[30, 10] == opened[30, 90]
