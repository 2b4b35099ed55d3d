"""Kernels that number connected pieces of equal labels and take the small ones into neighbours."""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel


@kernel
def _root(parent: np.ndarray, node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
def connected(labels: np.ndarray) -> tuple[np.ndarray, int]:
    """Numbers the 4-connected pieces of equal labels.

    Args:
        labels: (Y, X) integers.

    Returns:
        (Y, X) int32, 0 … pieces - 1 in the order of their first pixels; and their number.
    """
    height, width = labels.shape
    found = np.empty((height, width), np.int32)
    parent = np.empty(height * width, np.int32)  # as much of it is touched as there are pieces
    count = 0
    for y in range(height):
        for x in range(width):
            left = x > 0 and labels[y, x - 1] == labels[y, x]
            if y > 0 and labels[y - 1, x] == labels[y, x]:
                found[y, x] = found[y - 1, x]
                if left and found[y, x - 1] != found[y, x]:
                    one, other = _root(parent, found[y, x - 1]), _root(parent, found[y, x])
                    parent[max(one, other)] = min(one, other)
            elif left:
                found[y, x] = found[y, x - 1]
            else:
                parent[count] = count
                found[y, x] = count
                count += 1
    pieces = 0
    for node in range(count):  # a root is the smallest number of its tree
        if parent[node] == node:
            parent[node] = pieces
            pieces += 1
        else:
            parent[node] = parent[parent[node]]
    for y in range(height):
        for x in range(width):
            found[y, x] = parent[found[y, x]]
    return found, pieces


@kernel
def sizes_and_sums(
    labels: np.ndarray, pixels: np.ndarray, count: int
) -> tuple[np.ndarray, np.ndarray]:
    """Pixels of each region and the sum of their colours.

    Args:
        labels: (Y, X) integers, 0 … count - 1; negative where there is no region.
        pixels: (Y, X, C) numbers.

    Returns:
        (count,) int64 and (count, C) float64.
    """
    channels = pixels.shape[2]
    sizes = np.zeros(count, np.int64)
    sums = np.zeros((count, channels))
    for y in range(labels.shape[0]):
        for x in range(labels.shape[1]):
            label = labels[y, x]
            if label < 0:
                continue
            sizes[label] += 1
            for channel in range(channels):
                sums[label, channel] += pixels[y, x, channel]
    return sizes, sums


@kernel
def _closest(
    labels: np.ndarray, parent: np.ndarray, sizes: np.ndarray, sums: np.ndarray, min_size: int
) -> tuple[np.ndarray, bool]:
    """For every root of less than `min_size` pixels the adjacent root of the closest colour."""
    height, width = labels.shape
    channels = sums.shape[1]
    closest = np.full(len(sizes), -1, np.int64)
    distance = np.full(len(sizes), np.inf)
    found = False
    for y in range(height):
        for x in range(width):
            for direction in range(2):
                if (x if direction else y) == 0:
                    continue
                beside = labels[y, x - 1] if direction else labels[y - 1, x]
                if beside == labels[y, x]:
                    continue
                one, other = parent[labels[y, x]], parent[beside]
                if one == other or (sizes[one] >= min_size and sizes[other] >= min_size):
                    continue
                found = True
                apart = 0.0
                for channel in range(channels):
                    step = sums[one, channel] / sizes[one] - sums[other, channel] / sizes[other]
                    apart += step * step
                if sizes[one] < min_size and apart < distance[one]:
                    closest[one], distance[one] = other, apart
                if sizes[other] < min_size and apart < distance[other]:
                    closest[other], distance[other] = one, apart
    return closest, found


@kernel
def _any_small(parent: np.ndarray, sizes: np.ndarray, min_size: int) -> bool:
    small = 0
    for one in range(len(sizes)):
        small += parent[one] == one and sizes[one] < min_size
    return small > 0


@kernel
def absorb(labels: np.ndarray, sizes: np.ndarray, sums: np.ndarray, min_size: int) -> int:
    """Merges regions of less than `min_size` pixels into the 4-neighbour of the closest colour.

    Args:
        labels: (Y, X) integers, 0 … n - 1; changed in place to 0 … m - 1 in the order of regions.
        sizes: (n,) pixels; changed.
        sums: (n, C) sums of their colours; changed.
        min_size: Pixels.

    Returns:
        How many regions are left, m.
    """
    count = len(sizes)
    parent = np.arange(count)
    while _any_small(parent, sizes, min_size):
        closest, beside = _closest(labels, parent, sizes, sums, min_size)
        if not beside:
            break
        for one in range(count):
            if closest[one] < 0:
                continue
            start, other = _root(parent, one), _root(parent, closest[one])
            if start == other or (sizes[start] >= min_size and sizes[other] >= min_size):
                continue
            into, away = min(start, other), max(start, other)
            parent[away] = into
            sizes[into] += sizes[away]
            sums[into] += sums[away]
        for one in range(count):
            parent[one] = _root(parent, one)
    numbers = np.empty(count, np.int64)
    left = 0
    for one in range(count):
        if parent[one] == one:
            numbers[one] = left
            left += 1
    if left == count:
        return left
    for y in range(labels.shape[0]):
        for x in range(labels.shape[1]):
            labels[y, x] = numbers[parent[labels[y, x]]]
    return left
