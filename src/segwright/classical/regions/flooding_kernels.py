"""Kernels of the watershed: the minima of a relief with their depths, and flooding from markers.

A relief is whole numbers of 16 bits, so that pixels are put in order by counting: the time grows
with the number of pixels alone.
"""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel

LEVELS = 1 << 16


@kernel
def _root(parent: np.ndarray, node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
def _by_level(relief: np.ndarray, inside: np.ndarray) -> np.ndarray:
    """The pixels inside, from low to high, by counting."""
    places = np.zeros(LEVELS + 1, np.int64)
    for pixel in range(len(relief)):
        if inside[pixel]:
            places[relief[pixel] + 1] += 1
    for level in range(LEVELS):
        places[level + 1] += places[level]
    order = np.empty(places[LEVELS], np.int32)
    for pixel in range(len(relief)):
        if inside[pixel]:
            order[places[relief[pixel]]] = pixel
            places[relief[pixel]] += 1
    return order


@kernel
def minima(
    relief: np.ndarray, inside: np.ndarray, width: int, depth: int
) -> tuple[np.ndarray, np.ndarray]:
    """The minima of a relief that are at least so deep.

    The depth of a minimum (its dynamics) is how far one must climb from it to reach a lower one.
    The relief is filled from its lowest pixel: where two lakes meet, the shallower ends.

    Args:
        relief: (n,) uint16, rows of `width` pixels.
        inside: (n,) bool; other pixels do not exist.
        width: Pixels in a row.
        depth: Levels, 1 or more.

    Returns:
        (m,) int32, one pixel of each minimum; and (m,) int32 depths, 65,536 for those that no way
        leads from to a lower one.
    """
    order = _by_level(relief, inside)
    parent = np.full(len(relief), -1, np.int32)
    found, depths = [np.int32(0) for _ in range(0)], [np.int32(0) for _ in range(0)]
    for pixel in order:
        parent[pixel] = pixel
        column = pixel % width
        for direction in range(4):
            other = pixel + (-width, -1, 1, width)[direction]
            if other < 0 or other >= len(relief) or parent[other] < 0:
                continue
            if (direction == 1 and column == 0) or (direction == 2 and column == width - 1):
                continue
            one, two = _root(parent, pixel), _root(parent, other)
            if one == two:
                continue
            low, high = one, two
            if relief[two] < relief[one] or (relief[two] == relief[one] and two < one):
                low, high = two, one
            climb = np.int32(relief[pixel]) - np.int32(relief[high])
            if climb >= depth:
                found.append(np.int32(high))
                depths.append(climb)
            parent[high] = low
    for pixel in order:
        if parent[pixel] == pixel:
            found.append(pixel)
            depths.append(np.int32(LEVELS))
    return np.array(found, np.int32), np.array(depths, np.int32)


@kernel
def flood(relief: np.ndarray, labels: np.ndarray, inside: np.ndarray, width: int) -> None:
    """Gives every pixel the marker whose water reaches it first.

    Pixels wait in one queue for each level, the first come the first served, and take the label of
    the 4-neighbour that they are reached from.

    Args:
        relief: (n,) uint16.
        labels: (n,) int32, markers from 0 and -1 elsewhere; changed in place. Pixels that are not
            inside, or that no marker reaches, keep -1.
        inside: (n,) bool.
        width: Pixels in a row.
    """
    count = len(relief)
    first, last = np.full(LEVELS, -1, np.int32), np.full(LEVELS, -1, np.int32)
    behind = np.empty(count, np.int32)
    lowest = LEVELS
    for pixel in range(count):
        if labels[pixel] >= 0:
            level = relief[pixel]
            if first[level] < 0:
                first[level] = pixel
            else:
                behind[last[level]] = pixel
            last[level] = pixel
            behind[pixel] = -1
            lowest = min(lowest, np.int64(level))
    while lowest < LEVELS:
        pixel = first[lowest]
        if pixel < 0:
            lowest += 1
            continue
        first[lowest] = behind[pixel]
        column = pixel % width
        for direction in range(4):
            other = pixel + (-width, -1, 1, width)[direction]
            if other < 0 or other >= count or labels[other] >= 0 or not inside[other]:
                continue
            if (direction == 1 and column == 0) or (direction == 2 and column == width - 1):
                continue
            labels[other] = labels[pixel]
            level = relief[other]
            if first[level] < 0:
                first[level] = other
            else:
                behind[last[level]] = other
            last[level] = other
            behind[other] = -1
            lowest = min(lowest, np.int64(level))
