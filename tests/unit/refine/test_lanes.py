"""Rows of machine vectors against NumPy."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.kernels import kernel
from segwright.refine import lanes

ROWS = 40
SHARES = (np.float32(0.5), np.float32(-2), np.float32(3))


@kernel
def added(row, target, numbers, shares, first, count, factor, source, begin):
    lanes.add_rows(row, target, numbers, shares, first, count, factor, source, begin)


@kernel
def spread(row, target, at, step, shares, source, begin):
    lanes.spread_row(row, target, at, step, shares, source, begin)


@kernel
def gathered(row, target, at, shares, source, begin, step):
    lanes.gather_row(row, target, at, shares, source, begin, step)


@kernel
def summed(row, target, at, shares, numbers, first, count, source, origin, step):
    lanes.sum_rows(row, target, at, shares, numbers, first, count, source, origin, step)


@kernel
def reduced(row, source, begin):
    return lanes.largest_of_row(row, source, begin), lanes.sum_of_row(row, source, begin)


@pytest.fixture(params=[4, 8, 16])
def length(request: pytest.FixtureRequest) -> int:
    return request.param


def numbers(length: int, seed: int) -> np.ndarray:
    """Rows that are whole numbers, so that every order of additions gives the same."""
    drawn = np.random.default_rng(seed).integers(-50, 50, (ROWS, length))
    return drawn.astype(np.float32)


@pytest.mark.parametrize("count", [0, 1, 2, 7])
def test_rows_are_added_where_numbers_say(length: int, count: int) -> None:
    target, source = numbers(length, 0), numbers(length, 1)
    where, shares = np.arange(ROWS, dtype=np.uint16)[::-1].copy(), numbers(1, 2).ravel()
    expected = target.copy()
    for n in range(3, 3 + count):
        expected[where[n]] += 2 * shares[n] * source[5]
    given = where, shares, 3, count, np.float32(2), source.ravel(), 5 * length
    added(tuple(range(length)), target.ravel(), *given)
    np.testing.assert_array_equal(target, expected)


def test_a_row_is_spread_and_gathered(length: int) -> None:
    row, source = tuple(range(length)), numbers(length, 1)
    target = numbers(length, 0)
    expected = target.copy()
    for n, share in enumerate(SHARES):
        expected[4 + 6 * n] += share * source[9]
    spread(row, target.ravel(), 4 * length, 6 * length, SHARES, source.ravel(), 9 * length)
    np.testing.assert_array_equal(target, expected)

    expected[2] = sum(share * source[1 + 8 * n] for n, share in enumerate(SHARES))
    gathered(row, target.ravel(), 2 * length, SHARES, source.ravel(), length, 8 * length)
    np.testing.assert_array_equal(target, expected)


@pytest.mark.parametrize("count", [0, 1, 2, 9])
def test_rows_are_summed_from_where_numbers_say(length: int, count: int) -> None:
    target, source = numbers(length, 0), numbers(length, 1)
    which, shares = np.arange(ROWS, dtype=np.int32)[::-1].copy(), numbers(1, 2).ravel()
    expected = target.copy()
    expected[7] = sum((shares[n] * source[which[n]] for n in range(4, 4 + count)), np.zeros(1))
    given = shares, which, 4, count, source.ravel(), 0, length
    summed(tuple(range(length)), target.ravel(), 7 * length, *given)
    np.testing.assert_array_equal(target, expected)


def test_the_largest_and_the_sum_of_a_row(length: int) -> None:
    source = numbers(length, 3) - 100  # all below 0: lanes that are not there would be seen
    for at in range(ROWS):
        largest, total = reduced(tuple(range(length)), source.ravel(), at * length)
        assert (largest, total) == (source[at].max(), source[at].sum())


def test_memory_begins_with_a_cache_line() -> None:
    for size in (1, 15, 16, 10_000_000):
        memory = lanes.aligned(size)
        assert (memory.shape, memory.dtype.name) == ((size,), "float32")
        assert memory.ctypes.data % 64 == 0
