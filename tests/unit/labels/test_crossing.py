"""Rings that cross themselves, against a test of all pairs in exact fractions."""

from __future__ import annotations

from fractions import Fraction
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from segwright.labels.crossing import crossing
from segwright.labels.outline import outline
from segwright.labels.rle import RunLengths

Point = tuple[Fraction, Fraction]


def _side(a: Point, b: Point, c: Point) -> int:
    value = (b[0] - a[0]) * (c[1] - a[1]) - (b[1] - a[1]) * (c[0] - a[0])
    return (value > 0) - (value < 0)


def _crosses_plainly(ring: list[tuple[int, int]]) -> bool:
    """Whether the insides of any two edges cross, by looking at all pairs."""
    points = [(Fraction(x), Fraction(y)) for x, y in ring]
    edges = list(zip(points, points[1:] + points[:1], strict=True))
    return any(
        _side(*one, other[0]) * _side(*one, other[1]) < 0
        and _side(*other, one[0]) * _side(*other, one[1]) < 0
        for one, other in combinations(edges, 2)
    )


@given(st.lists(st.tuples(st.integers(0, 12), st.integers(0, 12)), min_size=3, max_size=90))
def test_finds_every_plain_crossing(ring: list[tuple[int, int]]) -> None:
    found = crossing(np.array(ring, dtype=np.float64))
    if _crosses_plainly(ring):
        assert found is not None


@given(
    st.lists(st.tuples(st.integers(0, 2**40), st.integers(0, 2**40)), min_size=3, max_size=12),
    st.integers(0, 100),
)
def test_with_vertices_in_general_position_finds_nothing_else(
    ring: list[tuple[int, int]], shift: int
) -> None:
    """Far apart coordinates are practically never on one line, where touching and crossing meet."""
    ring = ring[shift % len(ring) :] + ring[: shift % len(ring)]
    x = [point[0] for point in ring]
    y = [point[1] for point in ring]
    if len({*x}) == len(ring) and len({*y}) == len(ring):
        points = [(Fraction(x), Fraction(y)) for x, y in ring]
        if all(_side(*three) for three in combinations(points, 3)):
            found = crossing(np.array(ring, dtype=np.float64))
            assert (found is not None) == _crosses_plainly(ring)


def test_a_crossing_at_a_vertex_that_lies_on_another_edge() -> None:
    # The ring goes down through (2, 0), which lies in the middle of its first edge.
    ring = np.array([[0, 0], [4, 0], [4, 4], [2, 4], [2, 0], [2, -4], [0, -4]], dtype=np.float64)
    assert crossing(ring) == (2, 0)


@pytest.mark.parametrize(
    "ring",
    [
        [[0, 0], [4, 0], [4, 4], [2, 0], [0, 4]],  # a vertex on an edge, from one side
        [[0, 0], [2, 2], [4, 0], [4, 4], [2, 2], [0, 4]],  # two vertices at one place
        [[0, 0], [4, 0], [4, 4], [0, 4], [0, 0]],  # the first vertex again
        [[0, 0], [4, 0], [2, 0], [2, 2]],  # an edge along another
        [[1, 1], [1, 1], [1, 1]],
        [[0, 0], [1, 0]],
    ],
)
def test_touching_is_no_crossing(ring: list[list[int]]) -> None:
    assert crossing(np.array(ring, dtype=np.float64)) is None


@given(st.integers(0, 2**32 - 1), st.floats(0.2, 0.8))
def test_outlines_of_pixels_never_cross(seed: int, share: float) -> None:
    mask = np.random.default_rng(seed).random((12, 12)) < share
    for ring in outline(RunLengths.from_mask(mask)).rings:
        assert crossing(ring) is None


@pytest.mark.parametrize("count", [63, 64, 65, 1000, 20_001])
def test_one_crossing_is_found_in_a_large_ring(count: int) -> None:
    angle = np.linspace(0, 2 * np.pi, count, endpoint=False)
    radius = 100 + 20 * np.sin(7 * angle)
    ring = np.stack((radius * np.cos(angle), radius * np.sin(angle)), axis=1)
    assert crossing(ring) is None
    at = count * 2 // 3
    ring[[at, at + 1]] = ring[[at + 1, at]]  # two neighbours change places
    found = crossing(ring)
    assert found is not None
    assert np.abs(ring[at] - found).max() < 30
