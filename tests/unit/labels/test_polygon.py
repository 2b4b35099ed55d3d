from __future__ import annotations

import math
import tracemalloc

import numpy as np
import pytest
from pycocotools import mask as oracle

from segwright.errors import LabelError
from segwright.labels.polygon import rasterise


def _mask(*rings: list[list[float]], size_hw: tuple[int, int] = (6, 8)) -> np.ndarray:
    return rasterise([np.array(ring) for ring in rings], size_hw).mask()


def _box(left: float, top: float, right: float, bottom: float) -> list[list[float]]:
    return [[left, top], [right, top], [right, bottom], [left, bottom]]


def _distance(points: np.ndarray, ring: np.ndarray) -> np.ndarray:
    """Distance of (P, 2) points to the nearest edge of a ring."""
    start, step = ring, np.roll(ring, -1, axis=0) - ring
    along = ((points[:, None] - start) * step).sum(-1) / (step**2).sum(-1)
    nearest = start + along.clip(0, 1)[..., None] * step
    return np.linalg.norm(points[:, None] - nearest, axis=-1).min(axis=1)


def test_a_box_on_pixel_borders_is_exact() -> None:
    expected = np.zeros((6, 8), dtype=bool)
    expected[1:4, 2:7] = True
    np.testing.assert_array_equal(_mask(_box(2, 1, 7, 4)), expected)
    np.testing.assert_array_equal(_mask(_box(2, 1, 7, 4)[::-1]), expected)


def test_centres_decide() -> None:
    assert _mask(_box(0.6, 0.6, 2.4, 2.4)).nonzero() == ([1], [1])
    assert _mask(_box(0.5, 0.5, 1.5, 1.5)).nonzero() == ([0], [0])  # left and top edge belong


def test_neighbours_share_no_pixel_and_leave_no_gap() -> None:
    split = [3.3, 0.0], [5.1, 6.0]
    left = _mask([[0, 0], split[0], split[1], [0, 6]])
    right = _mask([split[0], [8, 0], [8, 6], split[1]])
    assert not (left & right).any()
    assert (left | right).all()


def test_rings_are_united_and_one_ring_is_even_odd() -> None:
    assert _mask(_box(0, 0, 4, 4), _box(2, 2, 6, 6)).sum() == 16 + 16 - 4
    outer, inner = _box(0, 0, 6, 6), _box(2, 2, 4, 4)
    twice_around = [*outer, outer[0], *inner, inner[0]]
    assert _mask(twice_around).sum() == 36 - 4


def test_hanging_over_the_border_is_cut() -> None:
    assert _mask(_box(-3, -2, 11, 9)).all()


def test_too_thin_for_any_centre_still_marks_a_pixel() -> None:
    assert _mask(_box(3.6, 2.6, 3.8, 2.8)).nonzero() == ([2], [3])
    assert _mask(_box(7.9, 5.9, 8.0, 6.0)).nonzero() == ([5], [7])


def test_stays_within_a_boundary_pixel_of_pycocotools() -> None:
    """They differ only at centres closer to an edge than their grid of fifths of a pixel."""
    rng = np.random.default_rng(7)
    size_hw = (60, 80)
    rows, columns = np.mgrid[:60, :80]
    centres = np.stack((columns, rows), axis=-1).reshape(-1, 2) + 0.5
    for _ in range(60):
        ring = rng.uniform(-10, 75, (rng.integers(3, 9), 2))
        ours = rasterise([ring], size_hw).mask()
        theirs = oracle.decode(oracle.frPyObjects([ring.ravel().tolist()], *size_hw))[..., 0] > 0
        differing = (ours != theirs).ravel()
        assert differing.mean() < 0.01
        assert (_distance(centres[differing], ring) < 0.4).all()


def test_many_edges_across_the_image_take_little_memory() -> None:
    """A zigzag of 8,000 edges over 400 columns: 3.2 million cuts, a few columns at a time."""
    size_hw = (64, 400)
    x = np.tile([0.0, 400.0], 4000)
    y = np.linspace(1, 63, 8000)
    ring = np.stack((x, y), axis=-1)
    tracemalloc.start()
    mask = rasterise([ring], size_hw).mask()
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 120e6
    for column in (0, 131, 132, 262, 399):  # on both sides of where the columns are divided
        cuts = np.sort(y + (column + 0.5 - x) / (np.roll(x, -1) - x) * (np.roll(y, -1) - y))
        below = np.searchsorted(cuts, np.arange(64) + 0.5, side="right")
        np.testing.assert_array_equal(mask[:, column], below % 2 == 1)


@pytest.mark.parametrize(
    ("ring", "message"),
    [
        ([[0, 0], [1, 1]], "shape"),
        ([[0, 0, 0]] * 3, "shape"),
        ([[0, 0], [math.nan, 1], [2, 2]], "vertex 1"),
        ([[0, 0], [5, 0], [5, math.inf]], "vertex 2"),
        ([[0, 0], [1e12, 0], [5, 5]], "far outside"),
        (_box(-7, 1, -1, 3), "wholly outside"),
        (_box(1, 6.5, 3, 8), "wholly outside"),
        ([["a", "b"]] * 3, "type"),
    ],
)
def test_refuses(ring: list[list[float]], message: str) -> None:
    with pytest.raises(LabelError, match=message):
        rasterise([np.array(ring)], (6, 8))


def test_refuses_no_ring() -> None:
    with pytest.raises(LabelError, match="without any ring"):
        rasterise([], (6, 8))


def test_of_several_rings_some_may_lie_outside() -> None:
    assert _mask(_box(1, 1, 2, 2), _box(9, 1, 12, 3), _box(-3, 1, 0, 3)).sum() == 1
    with pytest.raises(LabelError, match="wholly outside"):
        _mask(_box(9, 1, 12, 3), _box(-3, 1, 0, 3))


def test_thin_rings_mark_a_pixel_unless_they_are_holes() -> None:
    ring = np.array(_box(2.1, 2.1, 2.3, 2.3))
    assert rasterise([ring], (6, 8)).area_px == 1
    assert rasterise([ring], (6, 8), thin=False).area_px == 0


@pytest.mark.parametrize("at_once", [1, 7, 40])
def test_columns_may_be_taken_a_few_at_a_time(
    at_once: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    ring = np.random.default_rng(0).random((15, 2)) * (50, 40) - 5
    expected = rasterise([ring], (30, 40)).counts
    monkeypatch.setattr("segwright.labels.polygon._CUTS_AT_ONCE", at_once)
    np.testing.assert_array_equal(rasterise([ring], (30, 40)).counts, expected)
