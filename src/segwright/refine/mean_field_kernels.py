"""Kernels of the mean field: Gaussian smoothing in place, and probabilities from energies."""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel


@kernel
def smooth_along_x(values, scale, weights, smoothed, begin, end):
    """Scales pixels and sums them along each row, for some rows.

    Args:
        values: (Y, X, L).
        scale: (Y, X).
        weights: (2r + 1,) of pixels r before … r after.
        smoothed: (Y, X, L), written.
    """
    _, width, length = values.shape
    reach = len(weights) // 2
    scaled = np.empty(width * length, np.float32)
    for y in range(begin, end):
        here, there = values[y].reshape(-1), smoothed[y].reshape(-1)
        for x in range(width):
            for k in range(length):
                scaled[x * length + k] = scale[y, x] * here[x * length + k]
        there[:] = 0
        for shift in range(-min(reach, width - 1), min(reach, width - 1) + 1):
            weight = weights[reach + shift]
            source = scaled[max(0, shift) * length :]
            target = there[max(0, -shift) * length :]
            for n in range((width - abs(shift)) * length):
                target[n] += weight * source[n]


@kernel
def smooth_along_y(values, weights, smoothed, begin, end):
    """The same along the columns, for some rows of the result: (Y, W) → (Y, W)."""
    height, width = values.shape
    reach = len(weights) // 2
    for y in range(begin, end):
        there = smoothed[y]
        there[:] = 0
        for other in range(max(0, y - reach), min(height, y + reach + 1)):
            weight, here = weights[other - y + reach], values[other]
            for n in range(width):
                there[n] += weight * here[n]


@kernel
def add_message(sums, factor, own, beliefs, weight, energy, begin, end):
    """energy += weight · (factor · sums - own · beliefs), for some rows of pixels.

    Args:
        sums: (Y, X, L) over all pixels, each itself included.
        factor: (Y, X).
        own: (Y, X) share of a pixel in its own sum.
        beliefs: (Y, X, L) what the sums are of.
        weight: Of the kernel.
        energy: (Y, X, L), added to.
    """
    _, width, length = sums.shape
    for y in range(begin, end):
        for x in range(width):
            a, b = weight * factor[y, x], weight * own[y, x]
            for k in range(length):
                energy[y, x, k] += a * sums[y, x, k] - b * beliefs[y, x, k]


@kernel
def believe(logs, energy, beliefs, begin, end):
    """beliefs = softmax of (logs + energy) over all classes, for some rows of pixels.

    Args:
        logs: (N, Y, X, L) logarithms of what the method believes; the N · L lanes are classes.
        energy: (N, Y, X, L).
        beliefs: (N, Y, X, L), written.
    """
    groups, _, width, length = logs.shape
    row = np.empty(groups * width * length, np.float32)
    powers = np.empty(len(row), np.int32)
    for y in range(begin, end):
        for x in range(width):
            highest = np.float32(-1e30)
            for n in range(groups):
                at = (n * width + x) * length
                for k in range(length):
                    one = logs[n, y, x, k] + energy[n, y, x, k]
                    row[at + k] = one
                    highest = max(highest, one)
            for n in range(groups):
                at = (n * width + x) * length
                for k in range(length):
                    row[at + k] -= highest
        _exponentials(row, powers)
        for x in range(width):
            total = np.float32(0)
            for n in range(groups):
                at = (n * width + x) * length
                for k in range(length):
                    total += row[at + k]
            share = np.float32(1) / total
            for n in range(groups):
                at = (n * width + x) * length
                for k in range(length):
                    beliefs[n, y, x, k] = share * row[at + k]


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
