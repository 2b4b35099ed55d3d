"""Kernels that join regions, the two with the weakest contour between them first."""

from __future__ import annotations

import heapq

import numpy as np

from segwright.kernels import kernel


@kernel
def _take_out(half: int, at: int, first: np.ndarray, before: np.ndarray, behind: np.ndarray):
    """Takes a half contour out of the list of the region `at`."""
    if before[half] >= 0:
        behind[before[half]] = behind[half]
    else:
        first[at] = behind[half]
    if behind[half] >= 0:
        before[behind[half]] = before[half]


@kernel
def _put_in(half: int, at: int, first: np.ndarray, before: np.ndarray, behind: np.ndarray):
    """Puts a half contour in front of the list of the region `at`."""
    before[half], behind[half] = -1, first[at]
    if first[at] >= 0:
        before[first[at]] = half
    first[at] = half


@kernel
def join_all(
    pairs: np.ndarray, sums: np.ndarray, lengths: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Joins regions until one is left.

    Contour e is two halves, 2e in the list of one region and 2e + 1 in that of the other. The
    region with fewer contours goes into the one with more, so that the work is of the order of
    E log E however large a region grows.

    Args:
        pairs: (E, 2) int32, the regions on both sides of each contour; no two are the same.
        sums: (E,) float64 strength times length; changed.
        lengths: (E,) float64; changed.
        count: Regions, all of them connected by contours.

    Returns:
        (count - 1, 2) int32 pairs that were joined, and (count - 1,) float64 ascending heights.
    """
    halves = 2 * len(pairs)
    at = np.empty(halves, np.int32)  # the region that the half is in the list of
    first, degree = np.full(count, -1, np.int64), np.zeros(count, np.int64)
    before, behind = np.full(halves, -1, np.int64), np.full(halves, -1, np.int64)
    changes = np.zeros(len(pairs), np.int64)
    queue = [(0.0, 0, 0) for _ in range(0)]
    for contour in range(len(pairs)):
        for side in range(2):
            half = 2 * contour + side
            at[half] = pairs[contour, side]
            degree[at[half]] += 1
            _put_in(half, at[half], first, before, behind)
        queue.append((float(sums[contour] / lengths[contour]), contour, 0))
    heapq.heapify(queue)
    joined, heights = np.empty((count - 1, 2), np.int32), np.empty(count - 1)
    made, height = 0, 0.0
    while len(queue):
        strength, contour, version = heapq.heappop(queue)
        if changes[contour] != version:
            continue
        height = max(height, strength)
        into, gone = at[2 * contour], at[2 * contour + 1]
        if degree[into] < degree[gone]:
            into, gone = gone, into
        joined[made, 0], joined[made, 1], heights[made] = into, gone, height
        made += 1
        changes[contour] = -1
        for half in (2 * contour, 2 * contour + 1):
            degree[at[half]] -= 1
            _take_out(half, at[half], first, before, behind)
        half = first[gone]
        while half >= 0:
            following = behind[half]
            other = at[half ^ 1]
            # A contour between `into` and `other`, looked for in the shorter of their lists.
            short, target = (into, other) if degree[into] < degree[other] else (other, into)
            same = first[short]
            while same >= 0 and at[same ^ 1] != target:
                same = behind[same]
            if same < 0:
                at[half] = into
                degree[into] += 1
                _put_in(half, into, first, before, behind)
            else:
                kept, dropped = same >> 1, half >> 1
                sums[kept] += sums[dropped]
                lengths[kept] += lengths[dropped]
                changes[kept] += 1
                changes[dropped] = -1
                degree[other] -= 1
                _take_out(half ^ 1, other, first, before, behind)
                strength = float(sums[kept] / lengths[kept])
                heapq.heappush(queue, (strength, int(kept), int(changes[kept])))
            half = following
    return joined[:made], heights[:made]


@kernel
def cut(pairs: np.ndarray, count: int) -> np.ndarray:
    """Numbers the regions that pairs join.

    Args:
        pairs: (n, 2) int32.
        count: Regions before.

    Returns:
        (count,) int32, from 0, in the order of their first.
    """
    parent = np.arange(count)
    for index in range(len(pairs)):
        roots = [0, 0]
        for side in range(2):
            node = int(pairs[index, side])
            while parent[node] != node:
                parent[node] = parent[parent[node]]
                node = int(parent[node])
            roots[side] = node
        parent[max(roots[0], roots[1])] = min(roots[0], roots[1])
    found = np.empty(count, np.int32)
    numbers = 0
    for node in range(count):  # a root is the first of its region
        root = node
        while parent[root] != root:
            root = parent[root]
        if root == node:
            found[node] = numbers
            numbers += 1
        else:
            found[node] = found[root]
    return found
