"""Finds where a ring crosses itself.

Two edges cross if the ends of each lie on different sides of the other. A ring that only touches
itself, at a vertex or along an edge as the outlines of pixels do, does not cross itself. Sides are
told from 64-bit numbers, and where rounding leaves a doubt it is taken for a touch; so what is
found is true.

Edges that follow each other lie close together, so a binary tree of bounds over their order (along
x, y and both diagonals) leaves few pairs to be looked at: about n log n for what people and tools
draw.

Source of the error bound: J. R. Shewchuk, "Adaptive Precision Floating-Point Arithmetic and Fast
Robust Geometric Predicates", 1997, section 4.3.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache

import numpy as np

_ROUNDING = (3 + 16 * 2**-53) * 2**-53
_ALL_PAIRS_OF = 64  # nodes of the tree that are paired at once to begin with
_PAIRS_AT_ONCE = 1 << 16
_MOST_PAIRS = 1 << 23


def crossing(ring: np.ndarray) -> tuple[float, float] | None:
    """A point where a ring crosses itself, as (x, y); None if it does not.

    Args:
        ring: (P, 2) finite float64 of (x, y), closed by itself.

    Raises:
        OverflowError: The ring is so tangled that more than 8 million pairs of edges lie close to
            each other.

    Example:
        >>> crossing(np.array([[0, 0], [2, 2], [2, 0], [0, 2]], dtype=np.float64))
        (1.0, 1.0)
    """
    ring = ring[(ring != np.roll(ring, -1, axis=0)).any(axis=1)]
    if len(ring) < 4:
        return None
    for one, other in _close_pairs(ring):
        found = _crossing_of(ring, one, other)
        if found is None:
            found = _crossing_of(ring, other, one)
        if found is not None:
            return found
    return None


def _close_pairs(ring: np.ndarray) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """Pairs of edges whose bounds meet, as two arrays of edge numbers; edge e starts at vertex e.

    Raises:
        OverflowError: They are more than `_MOST_PAIRS`.
    """
    levels = _bounds(ring)
    first = next(depth for depth, (low, _) in enumerate(levels) if low.shape[1] <= _ALL_PAIRS_OF)
    one, other = _all_pairs(levels[first][0].shape[1])
    waiting, number = [(first, one, other)], 0
    while waiting:
        depth, one, other = waiting.pop()
        if len(one) > _PAIRS_AT_ONCE:
            half = len(one) // 2
            waiting += [(depth, one[half:], other[half:]), (depth, one[:half], other[:half])]
            continue
        low, high = levels[depth]
        meet = (one <= other) & (low[:, one] <= high[:, other]).all(axis=0)
        meet &= (low[:, other] <= high[:, one]).all(axis=0)
        one, other = one[meet], other[meet]
        number += len(one)
        if number > _MOST_PAIRS:
            raise OverflowError
        if depth == 0:
            # Neighbours meet at the vertex they share.
            apart = (other - one > 1) & (other - one < len(ring) - 1)
            if apart.any():
                yield one[apart], other[apart]
        elif len(one):
            one, other = 2 * one[:, None] + (0, 0, 1, 1), 2 * other[:, None] + (0, 1, 0, 1)
            waiting.append((depth - 1, one.ravel(), other.ravel()))


@lru_cache(maxsize=_ALL_PAIRS_OF + 1)
def _all_pairs(count: int) -> tuple[np.ndarray, np.ndarray]:
    return np.triu_indices(count)


def _bounds(ring: np.ndarray) -> list[tuple[np.ndarray, np.ndarray]]:
    """Lower and upper bounds, (4, N) each, of the edges, of pairs of edges, of pairs of those …"""
    x, y = ring.T
    along = np.stack((x, y, x + y, x - y))
    following = np.roll(along, -1, axis=1)
    low, high = np.minimum(along, following), np.maximum(along, following)
    levels = [(low, high)]
    while low.shape[1] > _ALL_PAIRS_OF:
        odd = ((0, 0), (0, low.shape[1] % 2))
        low = np.pad(low, odd, constant_values=np.inf)
        high = np.pad(high, odd, constant_values=-np.inf)
        levels[-1] = low, high  # with an edge that meets nothing
        low, high = np.minimum(low[:, ::2], low[:, 1::2]), np.maximum(high[:, ::2], high[:, 1::2])
        levels.append((low, high))
    return levels


def _crossing_of(
    ring: np.ndarray, one: np.ndarray, other: np.ndarray
) -> tuple[float, float] | None:
    """A point where one of the edges `one` crosses its partner in `other`; or begins on it, while
    the ring comes from its one side and goes on to its other."""
    count = len(ring)
    start, end = ring[one % count], ring[(one + 1) % count]
    first, second = ring[other % count], ring[(other + 1) % count]
    side_start, side_end = _side(first, second, start), _side(first, second, end)
    through = side_start * side_end < 0
    through &= _side(start, end, first) * _side(start, end, second) < 0
    if through.any():
        at = int(np.argmax(through))
        return _meeting(start[at], end[at], first[at], second[at])
    begins = np.flatnonzero((side_start == 0) & (side_end != 0))
    start, first, second = start[begins], first[begins], second[begins]
    place = ((start - first) * (second - first)).sum(axis=1)
    inside = (place > 0) & (place < ((second - first) ** 2).sum(axis=1))
    before = _side(first, second, ring[(one[begins] - 1) % count])
    inside &= before * side_end[begins] < 0
    if not inside.any():
        return None
    x, y = start[int(np.argmax(inside))].tolist()
    return x, y


def _side(first: np.ndarray, second: np.ndarray, point: np.ndarray) -> np.ndarray:
    """On which side of the line from `first` to `second` points lie: -1, 1, or 0 for on it."""
    left = (first[:, 0] - point[:, 0]) * (second[:, 1] - point[:, 1])
    right = (first[:, 1] - point[:, 1]) * (second[:, 0] - point[:, 0])
    side = left - right
    sure = np.abs(side) > _ROUNDING * (np.abs(left) + np.abs(right))
    return np.where(sure, np.sign(side), 0).astype(np.int8)


def _meeting(
    start: np.ndarray, end: np.ndarray, first: np.ndarray, second: np.ndarray
) -> tuple[float, float]:
    """Where two lines meet."""
    (dx, dy), (ex, ey) = end - start, second - first
    along = ((first[0] - start[0]) * ey - (first[1] - start[1]) * ex) / (dx * ey - dy * ex)
    return float(start[0] + along * dx), float(start[1] + along * dy)
