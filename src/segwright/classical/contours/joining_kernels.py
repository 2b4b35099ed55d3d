"""Kernels of the hierarchy: sides between regions, and joining across the weakest contour."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np

from segwright.kernels import kernel


@kernel
def sides(regions, contours):
    """Every side of a pixel between two regions, and the stronger of the contours at both pixels.

    Args:
        regions: (Y, X) int32 numbers.
        contours: (Y, X) float32.

    Returns:
        (n,) int64 smaller number * 2³¹ + larger one, and (n,) float32 strengths.
    """
    height, width = regions.shape
    keys, strengths = (
        np.empty(2 * height * width, np.int64),
        np.empty(2 * height * width, np.float32),
    )
    number = 0
    for y in range(height):
        for x in range(width):
            for down in range(2):
                v, u = y + down, x + 1 - down
                if v >= height or u >= width or regions[v, u] == regions[y, x]:
                    continue
                one, two = np.int64(regions[y, x]), np.int64(regions[v, u])
                keys[number] = (min(one, two) << 31) + max(one, two)
                strengths[number] = max(contours[y, x], contours[v, u])
                number += 1
    return keys[:number], strengths[:number]


@kernel
def _cost(edge, ends, sums, lengths, sizes, colours, by_colour, by_size):
    one, two = ends[edge, 0], ends[edge, 1]
    apart = 0.0
    for channel in range(colours.shape[1]):
        step = colours[one, channel] / sizes[one] - colours[two, channel] / sizes[two]
        apart += step * step
    smaller = min(sizes[one], sizes[two])
    return (sums[edge] / lengths[edge] + by_colour * np.sqrt(apart)) * smaller**by_size


@kernel
def join(ends, sums, lengths, sizes, colours, by_colour, by_size):
    """Joins two regions across the weakest contour, again and again until one is left.

    Args:
        ends: (E, 2) int64 the regions on both sides of each contour; changed, as is all else.
        sums: (E,) float64 strengths along it, summed.
        lengths: (E,) float64 sides of pixels along it.
        sizes: (R,) float64 pixels of each region, as shares of the image.
        colours: (R, C) float64 mean colour times size.
        by_colour: What a unit of distance in colour adds to the strength of a contour.
        by_size: Power of the smaller region's size that strengths are multiplied by.

    Returns:
        (M, 2) int64 regions joined, and (M,) float64 what it cost, never falling.
    """
    count, number = len(sizes), len(ends)
    # The contours of a region are a linked list of half edges: 2e at ends[e, 0], 2e + 1 at [e, 1].
    first, behind = np.full(count, -1, np.int64), np.full(2 * number, -1, np.int64)
    changes = np.zeros(number, np.int64)  # -1 for contours that are gone
    queue: list[Any] = [(0.0, 0, 0) for _ in range(0)]
    for half in range(2 * number):
        region = ends[half >> 1, half & 1]
        behind[half] = first[region]
        first[region] = half
    for edge in range(number):
        cost = _cost(edge, ends, sums, lengths, sizes, colours, by_colour, by_size)
        queue.append((cost, edge, 0))
    heapq.heapify(queue)
    towards = np.full(count, -1, np.int64)
    pairs, heights = np.empty((count, 2), np.int64), np.empty(count, np.float64)
    merges, highest = 0, 0.0
    while len(queue):
        cost, edge, change = heapq.heappop(queue)
        if changes[edge] != change:
            continue
        one, two = ends[edge, 0], ends[edge, 1]
        changes[edge] = -1
        highest = max(highest, cost)
        pairs[merges, 0], pairs[merges, 1], heights[merges] = one, two, highest
        merges += 1
        sizes[one] += sizes[two]
        colours[one] += colours[two]
        kept = -1
        for region in (one, two):
            half = first[region]
            while half >= 0:
                following = behind[half]
                here = half >> 1
                if changes[here] >= 0:
                    ends[here, half & 1] = one
                    target = ends[here, 1 - (half & 1)]
                    same = towards[target]
                    if same >= 0 and same != here:
                        sums[same] += sums[here]
                        lengths[same] += lengths[here]
                        changes[here] = -1
                    else:
                        towards[target] = here
                        behind[half] = kept
                        kept = half
                half = following
        first[one], first[two] = kept, -1
        half = kept
        while half >= 0:
            here = half >> 1
            towards[ends[here, 1 - (half & 1)]] = -1
            changes[here] += 1
            cost = _cost(here, ends, sums, lengths, sizes, colours, by_colour, by_size)
            heapq.heappush(queue, (cost, here, changes[here]))
            half = behind[half]
    return pairs[:merges], heights[:merges]
