"""Kernel of seeded region growing: one queue of pixels beside regions, by how alike they are.

Pixels have a frame around them that belongs to no region, so that none is asked whether it has
neighbours. A place in the queue is one whole number: the difference, as the bits of a float32,
which grow as it does, and below these how many came before.
"""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel

_AGE_BITS = np.uint64(32)
_TO_AGE = np.uint64(2**32 - 1)


@kernel
def _difference(pixels, pixel: int, means, label: int) -> float:
    """Distance of a pixel's colour from a region's mean, squared."""
    total = 0.0
    for channel in range(pixels.shape[1]):
        apart = pixels[pixel, channel] - means[label, channel]
        total += apart * apart
    return total


@kernel
def _closest(pixels, labels, pixel: int, width: int, means):
    """The adjacent region whose mean is closest to a pixel, and the squared distance."""
    best, closest = np.inf, -1
    for step in (-width, -1, 1, width):
        label = labels[pixel + step]
        if label < 0 or label == closest:
            continue
        apart = _difference(pixels, pixel, means, label)
        if apart < best:
            best, closest = apart, label
    return best, closest


@kernel
def _push(heap, size: int, apart: float, age: int) -> None:
    """Adds to a heap of `size` in which a place is not before that of its four children."""
    key = (np.uint64(np.float32(apart).view(np.uint32)) << _AGE_BITS) | np.uint64(age)
    at = size
    while at > 0:
        above = (at - 1) >> 2
        if heap[above] <= key:
            break
        heap[at] = heap[above]
        at = above
    heap[at] = key


@kernel
def _pop(heap, size: int) -> int:
    """Takes away the first of `size`, and returns its age."""
    first = heap[0]
    last = heap[size - 1]
    at, left = 0, size - 1
    while True:
        child = 4 * at + 1
        if child >= left:
            break
        least = child
        for other in range(child + 1, min(child + 4, left)):
            if heap[other] < heap[least]:
                least = other
        if heap[least] >= last:
            break
        heap[at] = heap[least]
        at = least
    heap[at] = last
    return int(first & _TO_AGE)


@kernel
def grow(pixels: np.ndarray, labels: np.ndarray, width: int, regions: int) -> None:
    """Gives every pixel that seeds reach the region it is most alike, the most alike first.

    Args:
        pixels: (n, C) float32, rows of `width` pixels, the outermost of which are the frame.
        labels: (n,) int32, seeds from 0, -1 elsewhere and -2 on the frame; changed in place.
        width: Pixels in a row.
        regions: Number of seeds.
    """
    count, channels = pixels.shape
    sums, sizes = np.zeros((regions, channels)), np.zeros(regions, np.int64)
    means = np.zeros((regions, channels))
    heap = np.empty(count, np.uint64)
    listed = np.empty(count, np.int32)  # in the order they came
    waiting = np.zeros(count, np.bool_)
    size = age = 0
    for pixel in range(count):
        label = labels[pixel]
        if label >= 0:
            sizes[label] += 1
            for channel in range(channels):
                sums[label, channel] += pixels[pixel, channel]
                means[label, channel] = sums[label, channel] / sizes[label]
    for pixel in range(count):
        if labels[pixel] == -1:
            apart, closest = _closest(pixels, labels, pixel, width, means)
            if closest >= 0:
                _push(heap, size, apart, age)
                listed[age] = pixel
                waiting[pixel] = True
                size += 1
                age += 1
    while size > 0:
        pixel = listed[_pop(heap, size)]
        size -= 1
        _, label = _closest(pixels, labels, pixel, width, means)
        labels[pixel] = label
        sizes[label] += 1
        for channel in range(channels):
            sums[label, channel] += pixels[pixel, channel]
            means[label, channel] = sums[label, channel] / sizes[label]
        for step in (-width, -1, 1, width):
            other = pixel + step
            if labels[other] != -1 or waiting[other]:
                continue
            _push(heap, size, _difference(pixels, other, means, label), age)
            listed[age] = other
            waiting[other] = True
            size += 1
            age += 1
