"""Seeded region growing against its definition, written plainly."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.classical.catalog import build_method
from segwright.classical.regions.region_growing import flattest_in_cells, grown
from segwright.images.image import Image

pytest.importorskip("numba")


def _neighbours(place, size_hw):
    y, x = place
    for ny, nx in ((y - 1, x), (y, x - 1), (y, x + 1), (y + 1, x)):
        if 0 <= ny < size_hw[0] and 0 <= nx < size_hw[1]:
            yield ny, nx


def _grown_plainly(pixels: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """Adams and Bischof's list, sorted anew at each step."""
    labels, size_hw = seeds.copy(), seeds.shape
    waiting: list[tuple[float, int, tuple[int, int]]] = []
    listed, age = set(), 0

    def distance(place, label):
        return float(((pixels[place] - pixels[labels == label].mean(0, np.float64)) ** 2).sum())

    def beside(place):
        return {labels[one] for one in _neighbours(place, size_hw)} - {-1}

    for place in np.ndindex(size_hw):
        if labels[place] < 0 and beside(place):
            waiting.append((min(distance(place, one) for one in beside(place)), age, place))
            listed.add(place)
            age += 1
    while waiting:
        waiting.sort()
        _, _, place = waiting.pop(0)
        labels[place] = label = min(beside(place), key=lambda one: distance(place, one))
        for one in _neighbours(place, size_hw):
            if labels[one] < 0 and one not in listed:
                waiting.append((distance(one, label), age, one))
                listed.add(one)
                age += 1
    return labels


@pytest.mark.parametrize("seed", range(4))
def test_regions_are_those_of_the_definition(seed: int):
    rng = np.random.default_rng(seed)
    pixels = rng.random((9, 11, 2)).astype(np.float32)
    seeds = np.full((9, 11), -1, np.int32)
    places = rng.choice(99, 4, replace=False)
    seeds.ravel()[places] = np.arange(4)
    assert np.array_equal(grown(pixels, seeds), _grown_plainly(pixels, seeds))


def test_seeds_of_a_grid_are_the_flattest_of_their_cells():
    relief = np.random.default_rng(0).permutation(120).reshape(10, 12).astype(np.uint16)
    seeds = flattest_in_cells(relief, 4)
    for number, (y, x) in enumerate(((0, 0), (0, 6), (5, 0), (5, 6))):
        cell = relief[y : y + 5, x : x + 6]
        inside = seeds[y : y + 5, x : x + 6]
        assert (inside >= 0).sum() == 1 and cell[inside >= 0] == cell.min(), number


@pytest.mark.parametrize("seeds", ["minima", "grid"])
def test_an_object_grows_up_to_its_rim(seeds: str):
    values = np.full((40, 60), 60, np.uint8)
    values[:, 30:] = 180
    values += np.random.default_rng(0).integers(0, 8, values.shape, np.uint8)
    parts = build_method("region_growing", regions=12, seeds=seeds).parts(Image(values[..., None]))
    assert 2 <= parts.max() + 1 <= 16
    left, right = set(np.unique(parts[:, :28])), set(np.unique(parts[:, 32:]))
    assert not left & right
