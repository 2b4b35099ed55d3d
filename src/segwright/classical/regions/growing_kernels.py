"""Kernel of seeded region growing: one queue of pixels beside regions, by how alike they are."""

from __future__ import annotations

import heapq

import numpy as np

from segwright.kernels import kernel


@kernel
def _difference(pixels, pixel: int, sums, sizes, label: int) -> float:
    """Distance of a pixel's colour from a region's mean, squared."""
    total = 0.0
    for channel in range(pixels.shape[1]):
        apart = pixels[pixel, channel] - sums[label, channel] / sizes[label]
        total += apart * apart
    return total


@kernel
def _closest(pixels, labels, pixel: int, width: int, sums, sizes):
    """The adjacent region whose mean is closest to a pixel, and the squared distance."""
    best, closest = np.inf, -1
    column = pixel % width
    for direction in range(4):
        other = pixel + (-width, -1, 1, width)[direction]
        if other < 0 or other >= len(labels) or labels[other] < 0:
            continue
        if (direction == 1 and column == 0) or (direction == 2 and column == width - 1):
            continue
        apart = _difference(pixels, pixel, sums, sizes, labels[other])
        if apart < best:
            best, closest = apart, labels[other]
    return best, closest


@kernel
def grow(pixels: np.ndarray, labels: np.ndarray, width: int, regions: int) -> None:
    """Gives every pixel that seeds reach the region it is most alike, the most alike first.

    Args:
        pixels: (n, C) float32, rows of `width` pixels.
        labels: (n,) int32, seeds from 0 and -1 elsewhere; changed in place.
        width: Pixels in a row.
        regions: Number of seeds.
    """
    count, channels = pixels.shape
    sums, sizes = np.zeros((regions, channels)), np.zeros(regions, np.int64)
    queue = [(0.0, 0, 0) for _ in range(0)]  # how unlike, which came first, the pixel
    waiting = np.zeros(count, np.bool_)
    age = 0
    for pixel in range(count):
        if labels[pixel] >= 0:
            sizes[labels[pixel]] += 1
            sums[labels[pixel]] += pixels[pixel]
    for pixel in range(count):
        if labels[pixel] < 0:
            apart, closest = _closest(pixels, labels, pixel, width, sums, sizes)
            if closest >= 0:
                heapq.heappush(queue, (apart, age, pixel))
                waiting[pixel] = True
                age += 1
    while len(queue):
        _, _, pixel = heapq.heappop(queue)
        _, label = _closest(pixels, labels, pixel, width, sums, sizes)
        labels[pixel] = label
        sizes[label] += 1
        sums[label] += pixels[pixel]
        column = pixel % width
        for direction in range(4):
            other = pixel + (-width, -1, 1, width)[direction]
            if other < 0 or other >= count or labels[other] >= 0 or waiting[other]:
                continue
            if (direction == 1 and column == 0) or (direction == 2 and column == width - 1):
                continue
            apart = _difference(pixels, other, sums, sizes, label)
            heapq.heappush(queue, (apart, age, other))
            waiting[other] = True
            age += 1
