"""K-means: inertia beside scikit-learn's, exact assignment, and what is degenerate."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra 'classical' is not installed")
cluster = pytest.importorskip("sklearn.cluster")

from segwright.classical.clustering import lloyd  # noqa: E402


def blobs(seed: int, *, count: int = 6, size: int = 3, num_points: int = 3000) -> np.ndarray:
    rng = np.random.default_rng(seed)
    middles = rng.random((count, size))
    points = middles[rng.integers(count, size=num_points)] + rng.normal(0, 0.05, (num_points, size))
    return np.ascontiguousarray(points.T, np.float32)


@pytest.mark.parametrize("seed", range(4))
def test_centres_are_as_good_as_those_of_scikit_learn(seed: int):
    points = blobs(seed)
    theirs = cluster.KMeans(6, n_init=5, random_state=seed).fit(points.T)
    found = [
        lloyd.inertia(points, lloyd.centres_of(points, 6, np.random.default_rng(draw)))
        for draw in range(3)
    ]
    assert min(found) <= theirs.inertia_ * 1.001
    assert max(found) <= theirs.inertia_ * 1.3


def test_started_from_the_same_centres_lloyd_ends_where_scikit_learn_does():
    points = blobs(7)
    start = lloyd._seeds(points, 6, np.random.default_rng(0))
    theirs = cluster.KMeans(6, init=start, n_init=1, tol=0, max_iter=100).fit(points.T)
    centres = start
    for _ in range(100):
        centres = lloyd._improved(points, centres)
    np.testing.assert_allclose(centres, theirs.cluster_centers_, atol=1e-5)


def test_every_point_has_its_nearest_centre():
    rng = np.random.default_rng(1)
    points = rng.random((4, 2500), np.float32)
    centres = rng.random((37, 4), np.float32)
    distances = ((points.T[:, None] - centres[None]) ** 2).sum(2)
    labels = lloyd.nearest(points, centres)
    assert labels.dtype == np.uint8
    chosen = distances[np.arange(2500), labels]
    np.testing.assert_allclose(chosen, distances.min(1), rtol=1e-5, atol=1e-7)
    assert lloyd.inertia(points, centres) == pytest.approx(distances.min(1).sum(), rel=1e-5)


def test_centres_do_not_depend_on_the_number_of_threads(monkeypatch: pytest.MonkeyPatch):
    points = blobs(3, num_points=40_000)
    found = []
    for threads in (1, 2, 5):
        monkeypatch.setattr("numba.config.NUMBA_NUM_THREADS", threads)
        found.append(lloyd.centres_of(points, 9, np.random.default_rng(0)))
    assert np.array_equal(found[0], found[1]) and np.array_equal(found[0], found[2])


def test_more_centres_than_different_points():
    points = np.array([[0, 0, 1, 1, 1]], np.float32)
    centres = lloyd.centres_of(points, 4, np.random.default_rng(0))
    assert centres.shape == (4, 1) and set(centres.ravel()) == {0.0, 1.0}
    assert lloyd.inertia(points, centres) == 0


def test_a_centre_that_loses_its_points_takes_the_one_furthest_off():
    points = np.array([[0, 1, 2, 10]], np.float32)
    moved = lloyd._improved(points, np.array([[1.0], [50.0]]))
    assert sorted(moved.ravel()) == [3.25, 10.0]


def test_centres_come_from_dark_to_bright():
    centres = lloyd.centres_of(blobs(5), 6, np.random.default_rng(2))
    assert (np.diff(centres[:, 0]) >= 0).all()
