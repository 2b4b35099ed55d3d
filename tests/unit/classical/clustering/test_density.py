"""DBSCAN: scikit-learn's clusters, up to border points, in one to seven dimensions."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

pytest.importorskip("numba", reason="the extra 'classical' is not installed")
cluster = pytest.importorskip("sklearn.cluster")

from segwright.classical.clustering.density import density_clusters  # noqa: E402


def assert_same_clusters(points: np.ndarray, radius: float, least: int) -> None:
    """Core points and their clusters are scikit-learn's; others join a core point in reach."""
    points = points.astype(np.float32)
    theirs = cluster.DBSCAN(eps=radius, min_samples=least, algorithm="brute").fit(
        points.astype(np.float64)
    )
    labels, core = density_clusters(points, radius, least)
    assert np.array_equal(np.flatnonzero(core), theirs.core_sample_indices_)
    assert np.array_equal(labels[core], theirs.labels_[core])
    assert np.array_equal(labels < 0, theirs.labels_ < 0)
    for point in np.flatnonzero(~core & (labels >= 0)):
        own = points[core & (labels == labels[point])].astype(np.float64)
        others = points[core].astype(np.float64)
        nearest = ((others - points[point]) ** 2).sum(1).min()
        assert ((own - points[point]) ** 2).sum(1).min() == pytest.approx(nearest)


@pytest.mark.parametrize("axes", [1, 2, 3, 4, 5, 7])
@pytest.mark.parametrize("least", [1, 4, 12])
def test_clusters_are_those_of_scikit_learn(axes: int, least: int):
    rng = np.random.default_rng(axes * 100 + least)
    blobs = rng.random((5, axes))[rng.integers(5, size=600)] + rng.normal(0, 0.04, (600, axes))
    points = np.vstack([blobs, rng.random((150, axes)) * 1.4 - 0.2])
    for radius in (0.03, 0.1, 0.25):
        assert_same_clusters(points, radius, least)


@settings(max_examples=60)
@given(
    st.integers(0, 10**6), st.integers(1, 4), st.integers(1, 80), st.sampled_from([0.9, 1, 1.5, 2])
)
def test_points_on_a_lattice_lie_on_the_borders_of_cells(seed, axes, count, radius):
    points = np.random.default_rng(seed).integers(0, 6, (count, axes)).astype(np.float32)
    assert_same_clusters(points, radius, 3)


def test_pixels_of_a_photo(shared_data):
    from segwright.classical.regions.colours import colours
    from segwright.images.read import read_image

    image = read_image(sorted((shared_data / "bsds500/train/images").glob("*.jpg"))[0])
    pixels = colours(image)[100:150, 200:260]
    places = np.indices(pixels.shape[:2]).reshape(2, -1).T * (0.05 / 3)
    assert_same_clusters(np.hstack([pixels.reshape(-1, 3), places]), 0.05, 12)
    assert_same_clusters(pixels.reshape(-1, 3), 0.02, 40)


def test_one_point_and_equal_points():
    assert density_clusters(np.zeros((1, 3)), 1.0, 2)[0].tolist() == [-1]
    assert density_clusters(np.zeros((1, 3)), 1.0, 1)[0].tolist() == [0]
    assert density_clusters(np.full((9, 2), 7.0), 1e-6, 9)[0].tolist() == [0] * 9


def test_the_order_of_the_points_changes_numbers_only():
    rng = np.random.default_rng(0)
    points = rng.random((500, 3)).astype(np.float32)
    order = rng.permutation(500)
    labels, core = density_clusters(points, 0.12, 5)
    again, core_again = density_clusters(points[order], 0.12, 5)
    assert np.array_equal(core[order], core_again)
    pairs = set(zip(labels[order].tolist(), again.tolist(), strict=True))
    assert len(pairs) == len(set(labels.tolist())) == len(set(again.tolist()))


@pytest.mark.parametrize(("reach_px", "least"), [(0.5, 1), (1.2, 3), (2.7, 9), (4.6, 25)])
def test_windows_find_the_clusters_of_scikit_learn(reach_px: float, least: int, shared_data):
    from segwright.classical.clustering.dbscan import window_clusters
    from segwright.classical.regions.colours import colours
    from segwright.images.read import read_image

    image = read_image(sorted((shared_data / "bsds500/train/images").glob("*.jpg"))[0])
    pixels = np.ascontiguousarray(colours(image)[100:150, 200:260])
    eps = 0.04
    found = window_clusters(pixels, eps=eps, reach_px=reach_px, least=least).ravel()
    places = np.indices(pixels.shape[:2]).reshape(2, -1).T * (eps / reach_px)
    points = np.hstack([pixels.reshape(-1, 3).astype(np.float64), places])
    theirs = cluster.DBSCAN(eps=eps, min_samples=least, algorithm="brute").fit(points)
    core = theirs.core_sample_indices_
    names, first = np.unique(theirs.labels_[core], return_index=True)
    ours = np.full(len(names) + 1, -1)
    ours[names] = found[core][first]
    assert len(np.unique(ours)) == len(ours) and ours[-1] == -1
    assert np.array_equal(found[core], ours[theirs.labels_[core]])
    assert np.array_equal(found < 0, theirs.labels_ < 0)
    border = np.setdiff1d(np.flatnonzero(found >= 0), core)
    for point in border:
        apart = ((points[core] - points[point]) ** 2).sum(1)
        own = apart[found[core] == found[point]]
        assert own.min() == pytest.approx(apart.min(), rel=1e-5)
