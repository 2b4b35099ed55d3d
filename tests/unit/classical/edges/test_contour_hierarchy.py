"""The hierarchy of Canny's contours against a slow one, and on images that people divided."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segwright.classical.catalog import build_method
from segwright.classical.edges.canny_owt import CannyOwt
from segwright.classical.edges.gradient import Gradients
from segwright.classical.edges.hierarchy import watershed_hierarchy
from segwright.evaluation.contours.annotated import annotated_images
from segwright.evaluation.contours.regions import RegionCounts, RegionScores
from segwright.images.image import Image

pytest.importorskip("numba")


def joined_slowly(
    pairs: np.ndarray, sums: np.ndarray, lengths: np.ndarray, count: int
) -> tuple[list[float], list[list[set[int]]]]:
    """Heights, and the regions after each, by looking at all contours every time."""
    regions = [{one} for one in range(count)]
    heights, states = [], []
    while len(regions) > 1:
        between: dict[tuple[int, int], list[float]] = {}
        of = {one: index for index, region in enumerate(regions) for one in region}
        for (one, other), total, length in zip(pairs.tolist(), sums, lengths, strict=True):
            key = (min(of[one], of[other]), max(of[one], of[other]))
            if key[0] != key[1]:
                known = between.setdefault(key, [0.0, 0.0])
                known[0] += total
                known[1] += length
        (one, other), (total, length) = min(
            between.items(), key=lambda item: item[1][0] / item[1][1]
        )
        heights.append(max(total / length, heights[-1] if heights else 0.0))
        regions = [r for i, r in enumerate(regions) if i not in (one, other)] + [
            regions[one] | regions[other]
        ]
        states.append(regions)
    return heights, states


def same(numbers: np.ndarray, sets: list[set[int]]) -> bool:
    expected = {frozenset(one) for one in sets}
    return {
        frozenset(np.flatnonzero(numbers == n).tolist()) for n in np.unique(numbers)
    } == expected


@pytest.mark.parametrize("seed", range(5))
def test_regions_are_joined_as_by_looking_at_all_contours(seed: int):
    from segwright.classical.edges.hierarchy_kernels import cut
    from segwright.classical.regions.joining_kernels import join

    rng = np.random.default_rng(seed)
    side = 6
    numbers = np.arange(side * side).reshape(side, side)
    pairs = np.concatenate(
        [
            np.stack([numbers[:-1].ravel(), numbers[1:].ravel()], 1),
            np.stack([numbers[:, :-1].ravel(), numbers[:, 1:].ravel()], 1),
        ]
    ).astype(np.int32)
    lengths = rng.integers(1, 9, len(pairs)).astype(float)
    sums = rng.random(len(pairs)) * lengths
    heights, states = joined_slowly(pairs, sums, lengths, side * side)
    alike, colours = np.ones(side * side), np.zeros((side * side, 0))
    order, found = join(pairs, sums.copy(), lengths.copy(), alike, colours, 0.0, 0.0)
    assert np.allclose(found, heights)
    for joined in range(1, side * side):
        assert same(cut(order[:joined], side * side), states[joined - 1])


def canny_owt(**settings: float) -> CannyOwt:
    method = build_method("canny_owt", **settings)
    assert isinstance(method, CannyOwt)
    return method


def noise(seed: int = 0) -> Image:
    return Image(np.random.default_rng(seed).integers(0, 256, (40, 50, 3), np.uint8))


def test_levels_are_nested_and_are_those_of_the_map():
    hierarchy = canny_owt(sigma_px=1.5).hierarchy(noise())
    contours = hierarchy.contours()
    before = None
    for level in np.quantile(hierarchy.heights, (0, 0.2, 0.5, 0.8, 0.95, 1)):
        found = hierarchy.regions(float(level))
        # The map is float32: a contour as strong as the level may be rounded to above it.
        drawn = contours.labels(float(level) * (1 + 1e-6))
        pairs = np.unique(np.stack([found.ravel(), drawn.ravel()]), axis=1)
        assert pairs.shape[1] == found.max() + 1 == drawn.max() + 1
        if before is not None:
            assert len(np.unique(np.stack([before.ravel(), found.ravel()]), axis=1).T) == (
                before.max() + 1
            )
        before = found
    assert (hierarchy.regions(float(hierarchy.heights[-1])) == 0).all()
    assert (np.diff(hierarchy.heights) >= 0).all()


def test_the_strength_of_a_straight_contour_is_its_step():
    values = np.zeros((40, 60, 1), np.float32)
    values[:, 20:] = 0.4
    values[:, 40:] = 0.5
    gradients = Gradients.of(Image(values), sigma_px=2.0, operator="central")
    hierarchy = watershed_hierarchy(gradients, depth=1e-4)
    assert hierarchy.finest.max() == 2
    # The steepest slope of a step blurred by a Gaussian is step / (σ √(2π)).
    expected = np.array([0.1, 0.4]) / (2.0 * np.sqrt(2 * np.pi))
    assert np.allclose(hierarchy.heights, expected, rtol=0.06)
    assert hierarchy.regions(float(expected.mean()))[0, [0, 30, 59]].tolist() == [0, 1, 1]


def test_a_watershed_that_runs_across_an_edge_is_not_taken_for_it():
    """Two blobs beside a strong edge: their common contour ends at it, at right angles."""
    y, x = np.mgrid[:60, :60]
    values = np.where(x < 30, 0.0, 0.6)
    values = values + np.where(x < 30, 0.05 * (np.abs(y - 30) > 1), 0)
    gradients = Gradients.of(
        Image(values.astype(np.float32)[..., None]), sigma_px=1.0, operator="central"
    )
    hierarchy = watershed_hierarchy(gradients, depth=1e-4)
    last = hierarchy.regions(float(hierarchy.heights[-2]))
    assert last.max() == 1 and (last[:, :28] == last[0, 0]).all() and (last[:, 32:] == 1).all()


def test_a_constant_image_is_one_region():
    constant = Image(np.full((9, 11, 3), 77, np.uint8))
    assert (canny_owt().parts(constant) == 0).all()
    assert canny_owt().hierarchy(constant).heights.size == 0
    assert canny_owt().parts(Image(np.zeros((1, 1, 1), np.uint8))).tolist() == [[0]]


def test_dim_images_have_the_regions_of_bright_ones():
    values = np.random.default_rng(3).random((60, 80, 1)).astype(np.float32)
    bright, dim = (canny_owt(level=0.8).parts(Image(values * one)) for one in (1.0, 0.125))
    assert bright.max() > 3
    # The relief is in whole levels, which are coarser in the dim image.
    assert abs(int(bright.max()) - int(dim.max())) <= 0.1 * bright.max()


def test_natural_images_are_covered_as_published(shared_data: Path):
    images = annotated_images(shared_data / "bsds500" / "train")[::50]
    counts = []
    for image in images:
        nested = canny_owt().hierarchy(image.read()).contours().nested(CannyOwt.scales)
        counts.append(RegionCounts.of(nested, image.regions_of()))
    assert RegionScores.of(counts).covering_ods > 0.49
