"""Kernels of DBSCAN over pixels of which the neighbours lie in a small window around each."""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel


@kernel
def mark_core(planes, steps, limits, least, core, begin, end):
    """Marks pixels with at least `least` neighbours, themselves among them.

    Args:
        planes: (C, Y, X) float32 colours.
        steps: (K, 2) int64 along Y and X to every other pixel of the window.
        limits: (K,) float32: largest squared distance of the colours of neighbours a step apart.
        least: Pixels.
        core: (Y, X) bool, written to.
        begin: First row.
        end: One past the last.
    """
    channels, height, width = planes.shape
    apart = np.empty(width, np.float32)
    for y in range(begin, end):
        count = np.ones(width, np.int32)
        for step in range(len(steps)):
            dy, dx = steps[step]
            first, last = max(0, -dx), min(width, width - dx)
            if not 0 <= y + dy < height or first >= last:
                continue
            # Slices of rows, so that several pixels are compared at once.
            far, number = apart[first:last], count[first:last]
            far[:] = 0
            for channel in range(channels):
                here = planes[channel, y, first:last]
                there = planes[channel, y + dy, first + dx : last + dx]
                for x in range(len(far)):
                    difference = here[x] - there[x]
                    far[x] += difference * difference
            for x in range(len(far)):
                number[x] += far[x] <= limits[step]
        for x in range(width):
            core[y, x] = count[x] >= least


@kernel
def _apart(planes, y, x, other_y, other_x):
    apart = np.float32(0)
    for channel in range(planes.shape[0]):
        difference = planes[channel, y, x] - planes[channel, other_y, other_x]
        apart += difference * difference
    return apart


@kernel
def _root(parent, node):
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
def join(planes, steps, limits, core):
    """Joins core pixels that are neighbours.

    Args:
        planes … core: As of `mark_core`; of two opposite steps one is enough.

    Returns:
        (Y X,) int32: for each core pixel the first of its cluster; all others are their own.
    """
    height, width = core.shape
    parent = np.arange(height * width).astype(np.int32)
    for y in range(height):
        for x in range(width):
            if not core[y, x]:
                continue
            here = _root(parent, y * width + x)
            for step in range(len(steps)):
                other_y, other_x = y + steps[step, 0], x + steps[step, 1]
                if not (0 <= other_y < height and 0 <= other_x < width and core[other_y, other_x]):
                    continue
                there = other_y * width + other_x
                if parent[there] == here or _apart(planes, y, x, other_y, other_x) > limits[step]:
                    continue
                there = _root(parent, there)
                parent[max(here, there)] = min(here, there)
                here = min(here, there)
    for pixel in range(len(parent)):
        parent[pixel] = _root(parent, pixel)
    return parent


@kernel
def attach(planes, steps, limits, core, clusters, begin, end):
    """Gives other pixels the cluster of the nearest core pixel that is a neighbour, or -1.

    Args:
        planes … core: As of `mark_core`; the shortest steps first.
        clusters: (Y, X) int32, changed in place where pixels are no core.
        begin: First row.
        end: One past the last.
    """
    height, width = core.shape
    for y in range(begin, end):
        for x in range(width):
            if core[y, x]:
                continue
            clusters[y, x] = -1
            most = np.float32(-1)  # that is left of a limit, which falls as places lie apart
            for step in range(len(steps)):
                other_y, other_x = y + steps[step, 0], x + steps[step, 1]
                if not (0 <= other_y < height and 0 <= other_x < width and core[other_y, other_x]):
                    continue
                left = limits[step] - _apart(planes, y, x, other_y, other_x)
                if left >= 0 and left > most:
                    clusters[y, x], most = clusters[other_y, other_x], left
