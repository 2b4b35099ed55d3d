"""Joins regions, the two with the cheapest contour between them first, until one is left."""

from __future__ import annotations

import heapq
from typing import Any

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
def _cost(contour, at, sums, lengths, sizes, colours, by_colour, by_size):
    strength = sums[contour] / lengths[contour]
    if by_colour == 0 and by_size == 0:
        return strength
    one, two = at[2 * contour], at[2 * contour + 1]
    apart = 0.0
    for channel in range(colours.shape[1]):
        step = colours[one, channel] / sizes[one] - colours[two, channel] / sizes[two]
        apart += step * step
    smaller = min(sizes[one], sizes[two])
    return (strength + by_colour * np.sqrt(apart)) * smaller**by_size


@kernel
def join(
    ends: np.ndarray,
    sums: np.ndarray,
    lengths: np.ndarray,
    sizes: np.ndarray,
    colours: np.ndarray,
    by_colour: float,
    by_size: float,
):
    """Joins two regions across the cheapest contour, again and again until one is left.

    A contour costs its mean strength; with `by_colour` and `by_size`, what the regions are counts
    too, and all contours of a joined region get a new cost. Without, only those that become one do,
    and the region with fewer contours goes into the one with more, so that the work is of the order
    of E log E however large a region grows.

    Contour e is two halves, 2e in the list of one region and 2e + 1 in that of the other.

    Args:
        ends: (E, 2) int32 or int64, the regions on both sides of each contour; no two contours are
            between the same ones.
        sums: (E,) float64 strengths along it, summed; changed, as is all that follows.
        lengths: (E,) float64.
        sizes: (R,) float64 pixels of each region, as shares of the image.
        colours: (R, C) float64 mean colour times size.
        by_colour: What a unit of distance in colour adds to the strength of a contour.
        by_size: Power of the smaller region's size that strengths are multiplied by.

    Returns:
        (M, 2) int32 regions joined, and (M,) float64 what it cost, never falling.
    """
    count, number = len(sizes), len(ends)
    regions_count = by_colour != 0 or by_size != 0
    at = np.empty(2 * number, np.int32)  # the region that the half is in the list of
    first, degree = np.full(count, -1, np.int64), np.zeros(count, np.int64)
    before, behind = np.full(2 * number, -1, np.int64), np.full(2 * number, -1, np.int64)
    changes = np.zeros(number, np.int64)  # -1 for contours that are gone
    queue: list[Any] = [(0.0, 0, 0) for _ in range(0)]
    for contour in range(number):
        for side in range(2):
            half = 2 * contour + side
            at[half] = ends[contour, side]
            degree[at[half]] += 1
            _put_in(half, at[half], first, before, behind)
        cost = _cost(contour, at, sums, lengths, sizes, colours, by_colour, by_size)
        queue.append((cost, contour, 0))
    heapq.heapify(queue)
    joined, heights = np.empty((count, 2), np.int32), np.empty(count, np.float64)
    made, height = 0, 0.0
    while len(queue):
        cost, contour, change = heapq.heappop(queue)
        if changes[contour] != change:
            continue
        height = max(height, cost)
        into, gone = at[2 * contour], at[2 * contour + 1]
        if not regions_count and degree[into] < degree[gone]:
            into, gone = gone, into
        joined[made, 0], joined[made, 1], heights[made] = into, gone, height
        made += 1
        sizes[into] += sizes[gone]
        colours[into] += colours[gone]
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
                changes[dropped] = -1
                degree[other] -= 1
                _take_out(half ^ 1, other, first, before, behind)
                if not regions_count:
                    changes[kept] += 1
                    cost = sums[kept] / lengths[kept]
                    heapq.heappush(queue, (cost, int(kept), int(changes[kept])))
            half = following
        half = first[into] if regions_count else -1
        while half >= 0:
            contour = half >> 1
            changes[contour] += 1
            cost = _cost(contour, at, sums, lengths, sizes, colours, by_colour, by_size)
            heapq.heappush(queue, (cost, int(contour), int(changes[contour])))
            half = behind[half]
    return joined[:made], heights[:made]
