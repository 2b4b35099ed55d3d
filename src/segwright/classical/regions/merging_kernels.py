"""Kernel that merges adjacent regions, the most alike first."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np

from segwright.kernels import kernel

COLOUR, WARD, SPREAD = range(3)
"""What merging two regions costs; see `merging.Cost`."""


@kernel
def _root(parent: np.ndarray, node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
def _cost(kind: int, sizes, sums, squares, one: int, other: int) -> float:
    apart = 0.0
    for channel in range(sums.shape[1]):
        step = sums[one, channel] / sizes[one] - sums[other, channel] / sizes[other]
        apart += step * step
    if kind == COLOUR:
        return np.sqrt(apart)
    size = sizes[one] + sizes[other]
    if kind == WARD:
        return apart * sizes[one] * sizes[other] / size
    spread = (squares[one] + squares[other]) / size
    for channel in range(sums.shape[1]):
        mean = (sums[one, channel] + sums[other, channel]) / size
        spread -= mean * mean
    return np.sqrt(max(0.0, spread))


@kernel
def merge(
    pairs: np.ndarray, sizes: np.ndarray, sums: np.ndarray, squares: np.ndarray,
    kind: int, limit: float, least: int,
) -> np.ndarray:  # fmt: skip
    """Merges the two adjacent regions of the least cost, again and again.

    Args:
        pairs: (E, 2) int32, the adjacent regions.
        sizes: (R,) float64 pixels; changed.
        sums: (R, C) float64 sums of colours; changed.
        squares: (R,) float64 sums of squared lengths of colours; changed.
        kind: COLOUR, WARD or SPREAD.
        limit: No merge costs more.
        least: Regions to be left at least.

    Returns:
        (R,) int32: the number of the region that each is part of, in the order of their first.
    """
    count = len(sizes)
    parent = np.arange(count)
    changes = np.zeros(count, np.int64)
    # The neighbours of a region are a linked list of half edges, 2e from pairs[e, 0] to [e, 1] and
    # 2e + 1 back, so that the lists of two regions are joined at once.
    first, last = np.full(count, -1, np.int64), np.full(count, -1, np.int64)
    behind = np.full(2 * len(pairs), -1, np.int64)
    queue: list[Any] = [(0.0, 0, 0, 0, 0) for _ in range(0)]
    for half in range(2 * len(pairs)):
        one = pairs[half >> 1, half & 1]
        behind[half] = first[one]
        first[one] = half
        if last[one] < 0:
            last[one] = half
    for one, other in pairs:
        cost = _cost(kind, sizes, sums, squares, one, other)
        queue.append((cost, np.int64(one), np.int64(other), 0, 0))
    heapq.heapify(queue)
    seen = np.full(count, -1, np.int64)
    left, merges = count, 0
    while len(queue) and left > least:
        cost, one, other, at_one, at_other = heapq.heappop(queue)
        if cost > limit:
            break
        if changes[one] != at_one or changes[other] != at_other:
            continue
        parent[other] = one
        sizes[one] += sizes[other]
        sums[one] += sums[other]
        squares[one] += squares[other]
        changes[one] += 1
        changes[other] = -1
        left -= 1
        behind[last[one]] = first[other]
        last[one] = last[other]
        before, half = -1, first[one]
        while half >= 0:
            target = _root(parent, pairs[half >> 1, 1 - (half & 1)])
            if target != one and seen[target] != merges:
                seen[target] = merges
                cost = _cost(kind, sizes, sums, squares, one, target)
                heapq.heappush(queue, (cost, one, target, changes[one], changes[target]))
                before = half
            elif before < 0:  # inside, or a second edge to the same region
                first[one] = behind[half]
            else:
                behind[before] = behind[half]
            half = behind[half]
        last[one] = before
        merges += 1
    found = np.empty(count, np.int32)
    numbers = np.full(count, -1, np.int32)
    regions = 0
    for region in range(count):
        root = _root(parent, region)
        if numbers[root] < 0:
            numbers[root] = regions
            regions += 1
        found[region] = numbers[root]
    return found
