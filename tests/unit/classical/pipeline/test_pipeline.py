"""The parts of a pipeline: distances by hand and by scipy, and what is joined by them."""

from __future__ import annotations

from typing import Literal

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra 'classical' is not installed")
distance = pytest.importorskip("scipy.spatial.distance")

from segwright.classical.pipeline.connectivity import (  # noqa: E402
    CONNECTIVITIES,
    Connectivity,
    Graph,
    Merge,
    Nearest,
    Spectral,
    Threshold,
    grid_edges,
)
from segwright.classical.pipeline.pipeline import Pipeline  # noqa: E402
from segwright.classical.pipeline.similarity import (  # noqa: E402
    SIMILARITIES,
    ChiSquared,
    Correlation,
    Cosine,
    Euclidean,
    Intersection,
    Mahalanobis,
    Similarity,
)
from segwright.errors import UnknownNameError, UsageError  # noqa: E402
from segwright.images.image import Image  # noqa: E402

features = np.random.default_rng(0).normal(0, 1, (5, 6, 7)).astype(np.float32)
ONE, OTHER = (2, 3), (4, 1)


@pytest.mark.parametrize(
    ("similarity", "expected"),
    [(Euclidean(), distance.euclidean), (Cosine(), distance.cosine),
     (Correlation(), distance.correlation)],
)  # fmt: skip
def test_distances_are_those_of_scipy(similarity: Similarity, expected):
    prepared = similarity.prepared(features)
    got = similarity.distance(prepared[:, *ONE], prepared[:, *OTHER])
    assert got == pytest.approx(expected(features[:, *ONE], features[:, *OTHER]), abs=1e-6)


def test_mahalanobis_is_that_of_scipy_and_knows_no_scale():
    mixed = features * np.array([1, 20, 3, 0.5, 7], np.float32)[:, None, None]
    inverse = np.linalg.inv(np.cov(mixed.reshape(5, -1), bias=True))
    similarity = Mahalanobis(floor=1e-9)
    prepared = similarity.prepared(mixed)
    got = similarity.distance(prepared[:, *ONE], prepared[:, *OTHER])
    expected = distance.mahalanobis(mixed[:, *ONE], mixed[:, *OTHER], inverse)
    assert got == pytest.approx(expected, rel=1e-4)


def test_distances_of_histograms_by_hand():
    one, other = np.array([0.5, 0.5, 0.0]), np.array([0.25, 0.25, 0.5])
    assert Intersection().distance(one, other) == pytest.approx(0.5)
    assert ChiSquared().distance(one, other) == pytest.approx(0.5 * (1 / 12 + 1 / 12 + 0.5))


@pytest.mark.parametrize("name", SIMILARITIES)
def test_a_distance_is_symmetric_and_zero_for_equals(name: str):
    similarity = SIMILARITIES[name]()
    prepared = similarity.prepared(features)
    one, other = prepared[:, :-1], prepared[:, 1:]
    forth, back = similarity.distance(one, other), similarity.distance(other, one)
    np.testing.assert_allclose(forth, back, atol=1e-6)
    assert forth.min() >= 0 and forth.max() > 0
    np.testing.assert_allclose(similarity.distance(one, one), 0, atol=1e-3)
    nothing = similarity.prepared(np.zeros_like(features))
    assert similarity.distance(nothing[:, 0], nothing[:, 1]).max() == 0


STEPS = np.array([[[0.0, 0.1, 0.2, 0.9, 1.0, 1.0]]], np.float32)


def found(connectivity: Connectivity, picture: np.ndarray = STEPS) -> list[int]:
    return connectivity.regions(picture, Euclidean()).ravel().tolist()


def test_a_threshold_follows_a_ramp_and_merging_by_means_does_not():
    ramp = np.arange(12, dtype=np.float32).reshape(1, 1, 12) / 10
    assert found(Threshold(threshold=0.11), ramp) == [0] * 12
    assert found(Threshold(threshold=0.11)) == [0, 0, 0, 1, 1, 1]
    assert len(set(found(Merge(threshold=0.25), ramp))) > 2
    assert found(Merge(threshold=0.25)) == [0, 0, 0, 1, 1, 1]


def test_merging_by_hand():
    # 0 | 0.1 first (0.1 < 0.15), then their mean 0.05 is 0.2 from 0.25.
    picture = np.array([[[0.0, 0.1, 0.25, 1.0]]], np.float32)
    assert found(Merge(threshold=0.12), picture) == [0, 0, 1, 2]
    assert found(Merge(threshold=0.19), picture) == [0, 0, 1, 2]
    assert found(Merge(threshold=0.21), picture) == [0, 0, 0, 1]


@pytest.mark.parametrize("scale", [0.3, 1.0, 3.0])
def test_regions_of_a_graph_are_those_of_the_criterion(scale: float):
    picture = np.random.default_rng(5).random((1, 7, 8)).astype(np.float32)
    one, other, differ = grid_edges(picture, Euclidean())
    assert len(one) == 7 * 7 + 6 * 8
    group = {pixel: frozenset([pixel]) for pixel in range(56)}
    inside = dict.fromkeys(group.values(), 0.0)
    for edge in np.argsort(differ, kind="stable"):
        here, there = group[one[edge]], group[other[edge]]
        limit = min(inside[here] + scale / len(here), inside[there] + scale / len(there))
        if here != there and differ[edge] <= limit:
            joined = here | there
            inside[joined] = float(differ[edge])
            group |= dict.fromkeys(joined, joined)
    got = Graph(scale=scale).regions(picture, Euclidean()).ravel()
    assert {frozenset(np.flatnonzero(got == one).tolist()) for one in set(got)} == set(
        group.values()
    )


@pytest.mark.parametrize("size_hw", [(1, 9), (7, 1), (6, 8)])
def test_mutual_nearest_are_those_of_all_pairs(size_hw: tuple[int, int]):
    graph = pytest.importorskip("scipy.sparse.csgraph")
    picture = np.random.default_rng(1).random((2, *size_hw)).astype(np.float32)
    k, reach = 2, 1
    places = np.argwhere(np.ones(size_hw))
    rows = picture.reshape(2, -1).T
    differ = np.linalg.norm(rows[:, None] - rows[None], axis=2)
    window = np.abs(places[:, None] - places[None]).max(2)
    differ[(window > reach) | (window == 0)] = np.inf
    farthest = np.sort(differ, axis=1)[:, k - 1]
    mutual = np.isfinite(differ) & (differ <= np.minimum(farthest[:, None], farthest[None]))
    expected = graph.connected_components(mutual, directed=False)[1]
    got = Nearest(k=k, window_px=3, threshold=10).regions(picture, Euclidean()).ravel()
    assert len(set(zip(got.tolist(), expected.tolist(), strict=True))) == len(set(got.tolist()))
    assert len(set(got.tolist())) == len(set(expected.tolist()))


def test_spectral_cuts_where_the_picture_does():
    picture = np.zeros((1, 18, 30), np.float32)
    picture[:, :, 10:20], picture[:, :, 20:] = 0.5, 1.0
    picture += np.random.default_rng(0).normal(0, 0.03, picture.shape).astype(np.float32)
    cut = Spectral(regions_wanted=3, pieces=60).regions(picture, Euclidean())
    for left in (0, 10, 20):
        values, counts = np.unique(cut[:, left : left + 10], return_counts=True)
        assert counts.max() >= 0.95 * 180, (values, counts)
    assert len(np.unique(cut[:, [5, 15, 25]])) == 3


@pytest.mark.parametrize("name", CONNECTIVITIES)
def test_a_constant_picture_is_one_region_or_as_many_as_asked_for(name: str):
    picture = np.full((3, 11, 13), 0.4, np.float32)
    cut = CONNECTIVITIES[name]().regions(picture, Euclidean())
    assert cut.shape == (11, 13) and cut.max() == 0


def test_long_rows_of_equal_steps_are_merged_in_few_rounds():
    from segwright.classical.pipeline.region_means import RegionMeans

    ramp = np.arange(4096, dtype=np.float32).reshape(1, 1, 4096)
    means = RegionMeans.of_pixels(ramp, Euclidean(), by_size=False)
    rounds = 0
    while means.merge(np.inf):
        rounds += 1
    assert len(means) == 1 and rounds < 60


def two_colours() -> Image:
    pixels = np.full((30, 40, 3), (200, 40, 40), np.uint8)
    pixels[:, 20:] = (40, 40, 200)
    return Image(pixels)


def test_parts_are_given_by_name_by_settings_or_as_objects():
    short = Pipeline(
        features=[{"colour": "rgb"}],
        similarity="cosine",
        connectivity={"merge": 0.2},  # type: ignore[arg-type]
    )
    long = Pipeline(
        features=[{"colour": "rgb"}],  # type: ignore[arg-type]
        similarity=Cosine(),
        connectivity={"merge": {"threshold": 0.2, "linkage": "mean"}},  # type: ignore[arg-type]
    )
    assert short.get_params() == long.get_params()
    assert np.array_equal(np.unique(short.parts(two_colours())), [0, 1])


def test_an_object_of_the_users_own_takes_the_place_of_a_part():
    class Blueness(Similarity):
        step: Literal["blueness"] = "blueness"

        def distance(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
            return np.abs(one[2] - other[2])

    class Halves(Connectivity):
        step: Literal["halves"] = "halves"

        def regions(self, features: np.ndarray, similarity: Similarity) -> np.ndarray:
            blue = similarity.distance(features, np.zeros_like(features))
            return (blue > 0.5).astype(np.int32)

    method = Pipeline(
        features=[{"colour": "rgb"}],  # type: ignore[arg-type]
        similarity=Blueness(),
        connectivity=Halves(),
    )
    assert np.array_equal(method.parts(two_colours())[0], [0] * 20 + [1] * 20)


def test_what_there_is_not_is_refused():
    with pytest.raises(UnknownNameError, match="cosinus"):
        Pipeline(similarity="cosinus")  # type: ignore[arg-type]
    with pytest.raises(UnknownNameError, match="treshold"):
        Pipeline(connectivity={"merge": {"treshold": 0.1}})  # type: ignore[arg-type]
    with pytest.raises(UsageError, match="threshold"):
        Pipeline(connectivity={"merge": {"threshold": -1}})  # type: ignore[arg-type]
    with pytest.raises(UsageError):
        Pipeline(connectivity=3)  # type: ignore[arg-type]
