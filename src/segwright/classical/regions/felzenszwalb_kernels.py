"""Kernels of Felzenszwalb and Huttenlocher's method: edges of the grid, their order, merging."""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel


@kernel
def weigh_edges(pixels: np.ndarray, weights: np.ndarray, begin: int, end: int) -> None:
    """Colour distance of each pixel to the ones right, below right, below and below left of it.

    Args:
        pixels: (Y, X, C) float32.
        weights: (Y, X, 4) float32 to be written; infinite where there is no such neighbour.
    """
    height, width, channels = pixels.shape
    for y in range(begin, end):
        for x in range(width):
            for direction in range(4):
                ny = y + (1 if direction > 0 else 0)
                nx = x + (1 if direction < 2 else (0 if direction == 2 else -1))
                if ny >= height or nx < 0 or nx >= width:
                    weights[y, x, direction] = np.inf
                    continue
                total = np.float32(0)
                for channel in range(channels):
                    apart = pixels[y, x, channel] - pixels[ny, nx, channel]
                    total += apart * apart
                weights[y, x, direction] = np.sqrt(total)


@kernel
def ascending(bits: np.ndarray) -> np.ndarray:
    """The stable order of non-negative float32, by a radix sort of their bits.

    Args:
        bits: (n,) uint32, their representation, which grows as they do; overwritten.

    Returns:
        (n,) int32 indices.
    """
    count = len(bits)
    order = np.arange(count).astype(np.int32)
    other_bits, other_order = np.empty_like(bits), np.empty_like(order)
    for shift in (0, 11, 22):
        places = np.zeros(2049, np.int64)
        for n in range(count):
            places[((bits[n] >> np.uint32(shift)) & np.uint32(2047)) + 1] += 1
        for n in range(2048):
            places[n + 1] += places[n]
        for n in range(count):
            digit = (bits[n] >> np.uint32(shift)) & np.uint32(2047)
            place = places[digit]
            places[digit] = place + 1
            other_bits[place] = bits[n]
            other_order[place] = order[n]
        bits, other_bits = other_bits, bits
        order, other_order = other_order, order
    return order


@kernel
def _root(parent: np.ndarray, node: int) -> int:
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
def merge_edges(
    weights: np.ndarray, order: np.ndarray, width: int, scale: float, min_size: int
) -> np.ndarray:
    """Merges regions across edges from the weakest to the strongest.

    Args:
        weights: (n * 4,) float32 as from `weigh_edges`.
        order: (n * 4,) int32, edges by weight.
        width: Pixels in a row.
        scale: What divided by the size of a region is the difference it tolerates on top of its
            own.
        min_size: Smaller regions are merged with the neighbour across their weakest edge.

    Returns:
        (n,) int32 region numbers in the order of their first pixels.
    """
    count = len(weights) // 4
    steps = np.array([1, width + 1, width, width - 1])
    parent = np.arange(count).astype(np.int32)
    size = np.ones(count, np.int32)
    tolerated = np.full(count, scale, np.float64)
    for enlarging in range(2):
        for edge in order:
            weight = weights[edge]
            if weight == np.inf:
                break
            one = _root(parent, edge >> 2)
            other = _root(parent, (edge >> 2) + steps[edge & 3])
            if one == other:
                continue
            if enlarging:
                if size[one] >= min_size and size[other] >= min_size:
                    continue
            elif weight > tolerated[one] or weight > tolerated[other]:
                continue
            if size[one] < size[other]:
                one, other = other, one
            parent[other] = one
            size[one] += size[other]
            tolerated[one] = weight + scale / size[one]
    numbers = np.full(count, -1, np.int32)
    found = np.empty(count, np.int32)
    regions = 0
    for pixel in range(count):
        root = _root(parent, pixel)
        if numbers[root] < 0:
            numbers[root] = regions
            regions += 1
        found[pixel] = numbers[root]
    return found
