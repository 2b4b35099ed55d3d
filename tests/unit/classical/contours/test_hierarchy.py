"""Joining regions across the weakest contour, against doing so step by step."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segwright.classical.contours.hierarchy import Hierarchy
from segwright.classical.contours.sides_kernels import sides
from segwright.classical.regions.joining_kernels import join
from segwright.errors import ImageError


def _naive(arcs, sums, lengths, sizes, colours, by_colour, by_size):
    """Looks at every arc before every step."""
    arcs = {frozenset(arc): [s, n] for arc, s, n in zip(arcs, sums, lengths, strict=True)}
    sizes, colours = dict(enumerate(sizes)), dict(enumerate(colours))
    heights = []

    def cost(arc, total, length):
        one, two = arc
        apart = np.linalg.norm(colours[one] / sizes[one] - colours[two] / sizes[two])
        return (total / length + by_colour * apart) * min(sizes[one], sizes[two]) ** by_size

    while arcs:
        costs = {arc: cost(arc, *along) for arc, along in arcs.items()}
        weakest = min(costs, key=costs.__getitem__)
        heights.append(max(costs[weakest], heights[-1] if heights else 0))
        one, two = weakest
        sizes[one] += sizes.pop(two)
        colours[one] = colours[one] + colours.pop(two)
        joined: dict[frozenset, list[float]] = {}
        for arc, (total, length) in arcs.items():
            moved = frozenset(one if region == two else region for region in arc)
            if len(moved) == 2:
                both = joined.setdefault(moved, [0.0, 0.0])
                both[0] += total
                both[1] += length
        arcs = joined
    return heights


@given(st.integers(0, 10_000), st.sampled_from([0.0, 0.3]), st.sampled_from([0.0, 0.5]))
def test_the_cheapest_are_joined_first(seed, by_colour, by_size):
    rng = np.random.default_rng(seed)
    count = int(rng.integers(2, 9))
    chain = [(n, n + 1) for n in range(count - 1)]
    extra = {(int(a), int(b)) for a, b in rng.integers(0, count, (8, 2)) if a < b - 1}
    ends = np.array(chain + sorted(extra), np.int64)
    sums, lengths = rng.random(len(ends)), rng.integers(1, 5, len(ends)).astype(float)
    sizes, colours = rng.random(count) + 0.1, rng.random((count, 3))
    expected = _naive(ends.tolist(), sums, lengths, sizes, colours, by_colour, by_size)
    pairs, heights = join(
        ends.copy(), sums.copy(), lengths.copy(), sizes.copy(), colours.copy(), by_colour, by_size
    )
    assert len(pairs) == count - 1
    np.testing.assert_allclose(heights, expected)


def test_sides_lie_between_two_regions():
    regions = np.array([[0, 0, 2], [1, 1, 2]], np.int32)
    contours = np.arange(6, dtype=np.float32).reshape(2, 3)
    keys, strengths = sides(regions, contours)
    found = sorted(zip((keys >> 31).tolist(), (keys & 7).tolist(), strengths.tolist(), strict=True))
    assert found == [(0, 1, 3), (0, 1, 4), (0, 2, 2), (1, 2, 5)]


def test_a_strong_contour_outlasts_a_weak_one():
    contours = np.zeros((30, 60), np.float32)
    contours[:, 20], contours[:, 40] = 0.9, 0.3
    tree = Hierarchy(by_size=0, spread=1).of(contours, np.full((30, 60, 3), 0.5, np.float32))
    assert [len(np.unique(tree.labels(level))) for level in (0.1, 0.5, 0.95)] == [3, 2, 1]
    middle = tree.labels(0.5)
    assert (middle[:, :20] == middle[0, 0]).all() and (middle[:, 22:] == middle[0, -1]).all()


def test_an_arc_is_not_strong_for_ending_at_a_strong_one():
    contours = np.zeros((40, 60), np.float32)
    contours[:, 28:33] = np.array([0.3, 0.6, 0.9, 0.6, 0.3])
    contours[20, :28] = 0.2
    tree = Hierarchy(by_size=0, spread=1).of(contours, np.full((40, 60, 3), 0.5, np.float32))
    assert tree.strengths[2 * 20 : 2 * 22, 1:40].max() < 0.3


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 9), (7, 1)])
def test_any_size_has_a_hierarchy(size_hw):
    contours = np.random.default_rng(0).random(size_hw).astype(np.float32)
    tree = Hierarchy().of(contours, np.zeros((*size_hw, 3), np.float32))
    assert tree.size_hw == size_hw
    assert len(np.unique(tree.labels(1.0))) == 1


def test_sizes_that_differ_are_refused():
    with pytest.raises(ImageError, match=r"\(4, 5\)"):
        Hierarchy().of(np.zeros((4, 5), np.float32), np.zeros((5, 4, 3), np.float32))
