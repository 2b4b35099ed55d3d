"""Kernel that merges adjacent regions, the two that differ least first, until one is left."""

from __future__ import annotations

import heapq
from typing import Any

import numpy as np

from segwright.kernels import kernel

_STEPS = 0.3  # share of the steps along the border beside mean colours
_SIZE = 0.2  # exponents; see MergeTree
_OUTLINE = 0.3


@kernel
def _difference(sizes, sums, outlines, one, other, length, steps):
    apart = 0.0
    for channel in range(sums.shape[1]):
        step = sums[one, channel] / sizes[one] - sums[other, channel] / sizes[other]
        apart += step * step
    differ = (1 - _STEPS) * np.sqrt(apart) + _STEPS * steps / length
    shared = length / min(outlines[one], outlines[other])
    return differ * min(sizes[one], sizes[other]) ** _SIZE / shared**_OUTLINE


@kernel
def merge_all(
    sizes: np.ndarray, sums: np.ndarray, pairs: np.ndarray, lengths: np.ndarray, steps: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Merges regions until one is left.

    Args:
        sizes: (R,) float64 shares of the picture.
        sums: (R, C) float64 sums of colours, so that sums / sizes are the means.
        pairs: (E, 2) int64 adjacent regions, each pair once; all are connected by such.
        lengths: (E,) float64 lengths of the borders.
        steps: (E,) float64 sums of the steps of colour along them.

    Returns:
        (R - 1, 2) int32 merged nodes, and (R - 1,) float64 heights; see `MergeTree`.
    """
    count = len(sizes)
    nodes = 2 * count
    size, outline, total = np.zeros(nodes), np.zeros(nodes), np.zeros((nodes, sums.shape[1]))
    size[:count], total[:count] = sizes, sums
    alive = np.zeros(nodes, np.bool_)
    alive[:count] = True
    # The borders of a node are a linked list: where to, how long, how steep, and the next one.
    first, known = np.full(nodes, -1), np.full(nodes, -1)
    to: list[Any] = [np.int64(0) for _ in range(0)]
    behind: list[Any] = [np.int64(0) for _ in range(0)]
    long, steep = [0.0 for _ in range(0)], [0.0 for _ in range(0)]
    queue = [(0.0, np.int64(0), np.int64(0)) for _ in range(0)]
    for edge in range(len(pairs)):
        for end in range(2):
            node = pairs[edge, end]
            outline[node] += lengths[edge]
            to.append(pairs[edge, 1 - end])
            long.append(lengths[edge])
            steep.append(steps[edge])
            behind.append(first[node])
            first[node] = len(to) - 1
    for edge in range(len(pairs)):
        one, other = pairs[edge, 0], pairs[edge, 1]
        differ = _difference(size, total, outline, one, other, lengths[edge], steps[edge])
        queue.append((differ, one, other))
    heapq.heapify(queue)
    merges, heights = np.empty((count - 1, 2), np.int32), np.empty(count - 1)
    height, new = 0.0, count
    while new < 2 * count - 1:
        differ, one, other = heapq.heappop(queue)
        if not (alive[one] and alive[other]):
            continue
        height = max(height, differ)
        merges[new - count, 0], merges[new - count, 1] = one, other
        heights[new - count] = height
        alive[one], alive[other], alive[new] = False, False, True
        size[new] = size[one] + size[other]
        total[new] = total[one] + total[other]
        start, inside = len(to), 0.0
        for node in (one, other):
            border = first[node]
            while border >= 0:
                target = to[border]
                if target in (one, other):
                    inside += long[border]
                elif alive[target] and known[target] >= start:
                    long[known[target]] += long[border]
                    steep[known[target]] += steep[border]
                elif alive[target]:
                    to.append(target)
                    long.append(long[border])
                    steep.append(steep[border])
                    behind.append(first[new])
                    first[new] = known[target] = len(to) - 1
                border = behind[border]
        outline[new] = outline[one] + outline[other] - inside
        border = first[new]
        while border >= 0:
            target, length, step = to[border], long[border], steep[border]
            to.append(new)
            long.append(length)
            steep.append(step)
            behind.append(first[target])
            first[target] = len(to) - 1
            differ = _difference(size, total, outline, new, target, length, step)
            heapq.heappush(queue, (differ, np.int64(target), np.int64(new)))
            border = behind[border]
        new += 1
    return merges, heights
