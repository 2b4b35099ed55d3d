"""Kernels of the mean field: Gaussian smoothing in place, and probabilities from energies."""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel
from segwright.refine.lanes import (
    aligned,
    gather_row,
    largest_of_row,
    spread_row,
    sum_of_row,
    sum_rows,
)

_aligned = kernel(aligned)


@kernel
def smooth_along_x(lanes, values, scale, weights, smoothed, begin, end):
    """Scales pixels and sums them along each row, for some rows.

    Args:
        lanes: A tuple of L numbers.
        values: (Y, X, L).
        scale: (Y, X).
        weights: (2r + 1,) of pixels r before … r after.
        smoothed: (Y, X, L), written.
    """
    _, width, length = values.shape
    reach, order = len(weights) // 2, np.arange(len(weights))
    scaled = _aligned(width * length)
    for y in range(begin, end):
        here, there = values[y].reshape(-1), smoothed[y].reshape(-1)
        for x in range(width):
            for k in range(length):
                scaled[x * length + k] = scale[y, x] * here[x * length + k]
        for x in range(width):
            first, last = max(0, reach - x), min(len(weights), reach - x + width)
            sum_rows(
                lanes, there, x * length, weights, order,
                first, last - first, scaled, (x - reach) * length, length,
            )  # fmt: skip


@kernel
def smooth_along_y(lanes, values, weights, smoothed, begin, end):
    """The same along the columns, for some rows of the result."""
    height, width, length = values.shape
    reach, order = len(weights) // 2, np.arange(len(weights))
    source, target = values.reshape(-1), smoothed.reshape(-1)
    for y in range(begin, end):
        first, last = max(0, reach - y), min(len(weights), reach - y + height)
        for x in range(width):
            sum_rows(
                lanes, target, (y * width + x) * length, weights, order,
                first, last - first,
                source, ((y - reach) * width + x) * length, width * length,
            )  # fmt: skip


@kernel
def add_up(lanes, own, beliefs, heard, energy, begin, end):
    """energy = sum of factor · sums over the kernels, less own · beliefs, for some rows of pixels.

    Args:
        lanes: A tuple of L numbers.
        own: (Y, X) what a pixel has heard from itself.
        beliefs: (Y, X, L) what the sums are of.
        heard: For each kernel (sums, factor): (Y, X, L) and (Y, X).
        energy: (Y, X, L), written.
    """
    _, width, length = beliefs.shape
    for y in range(begin, end):
        there, here = energy[y].reshape(-1), beliefs[y].reshape(-1)
        for x in range(width):
            gather_row(lanes, there, x * length, (-own[y, x],), here, x * length, 0)
        for sums, factor in heard:
            row, share = sums[y].reshape(-1), factor[y]
            for x in range(width):
                spread_row(lanes, there, x * length, 0, (share[x],), row, x * length)


@kernel
def believe(lanes, logs, energy, beliefs, begin, end):
    """beliefs = softmax of (logs + energy) over all classes, for some rows of pixels.

    Args:
        lanes: A tuple of L numbers.
        logs: (N, Y, X, L) logarithms of what the method believes; the N · L lanes are classes.
        energy: (N, Y, X, L).
        beliefs: (N, Y, X, L), written.
    """
    groups, _, width, length = logs.shape
    size = width * length
    row = _aligned(groups * size)
    powers = np.empty(len(row), np.int32)
    for y in range(begin, end):
        for n in range(groups):
            log, more = logs[n, y].reshape(-1), energy[n, y].reshape(-1)
            for at in range(size):
                row[n * size + at] = log[at] + more[at]
        for at in range(0, size, length):
            highest = largest_of_row(lanes, row, at)
            for n in range(1, groups):
                highest = max(highest, largest_of_row(lanes, row, n * size + at))
            for n in range(groups):
                for k in range(n * size + at, n * size + at + length):
                    row[k] -= highest
        _exponentials(row, powers)
        for x in range(width):
            total = np.float32(0)
            for n in range(groups):
                total += sum_of_row(lanes, row, n * size + x * length)
            share = (np.float32(1) / total,)
            for n in range(groups):
                there, at = beliefs[n, y].reshape(-1), x * length
                gather_row(lanes, there, at, share, row, n * size + at, 0)


@kernel
def _exponentials(values, powers):
    """exp of numbers that are not above 0, in place, to 1e-7 of their size; 0 below -87.

    2^n · 2^f with whole n and f inside ±1/2; the latter by its Taylor series up to the sixth power,
    the former written into the exponent of a float. Unlike calls of exp, it makes machine vectors.
    """
    scales = powers.view(np.float32)
    for i in range(len(values)):
        exponent = max(values[i], np.float32(-87)) * np.float32(1.44269504)
        whole = np.floor(exponent + np.float32(0.5))
        f = (exponent - whole) * np.float32(0.693147181)
        series = np.float32(1 / 720)
        series = series * f + np.float32(1 / 120)
        series = series * f + np.float32(1 / 24)
        series = series * f + np.float32(1 / 6)
        series = series * f + np.float32(0.5)
        series = series * f + np.float32(1)
        series = series * f + np.float32(1)
        powers[i] = (np.int32(whole) + np.int32(127)) << np.int32(23)
        values[i] = series if values[i] > np.float32(-87) else np.float32(0)
    for i in range(len(values)):
        values[i] *= scales[i]
