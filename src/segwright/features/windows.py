"""Histograms of a square window that slides over a plane of levels, and what is read off them.

A window loses one column and gains one with every step, so a pixel costs two columns whatever the
size of the window.
"""

from __future__ import annotations

import numpy as np

from segwright.kernels import in_shares, kernel


def as_levels(plane: np.ndarray, levels: int) -> np.ndarray:
    """(Y, X) of values in 0 … 1 → uint8 levels 0 … `levels` - 1, of equal width."""
    scaled = np.clip(plane * np.float32(levels), 0, levels - 1)
    return scaled.astype(np.uint8)


def medians_and_entropies(levels: np.ndarray, radius: int, most: int) -> np.ndarray:
    """Median level and entropy of the levels in the window of each pixel.

    Args:
        levels: (Y, X) uint8, below `most`.
        radius: The window has 2 · radius + 1 pixels a side.
        most: Number of levels, ≤ 256.

    Returns:
        (2, Y, X) float32: median (a level), entropy in bits.
    """
    height, width = levels.shape
    padded = np.pad(levels, radius, mode="symmetric")
    found = np.empty((2, height, width), np.float32)
    bits = _count_bits((2 * radius + 1) ** 2)

    in_shares(_slide, height, padded, radius, most, bits, found, at_least=16)
    return found


def _count_bits(most: int) -> np.ndarray:
    """n · log2 n for n = 0 … `most`, float64."""
    counts = np.arange(most + 1, dtype=np.float64)
    return counts * np.log2(np.maximum(counts, 1))


@kernel
def _slide(padded, radius, most, bits, found, start, stop):
    side = 2 * radius + 1
    area = side * side
    middle = area // 2
    width = found.shape[2]
    for y in range(start, stop):
        counts = np.zeros(most, np.int32)
        for dy in range(side):
            for dx in range(side):
                counts[padded[y + dy, dx]] += 1
        median = 0  # `below` pixels of the window have a lower level
        below = 0
        spread = 0.0
        for level in range(most):
            spread += bits[counts[level]]
        for x in range(width):
            if x:
                for dy in range(side):
                    gone = padded[y + dy, x - 1]
                    come = padded[y + dy, x + side - 1]
                    if gone == come:
                        continue
                    count = counts[gone]
                    spread += bits[count - 1] - bits[count]
                    counts[gone] = count - 1
                    count = counts[come]
                    spread += bits[count + 1] - bits[count]
                    counts[come] = count + 1
                    below += (come < median) - (gone < median)
            while below > middle:
                median -= 1
                below -= counts[median]
            while below + counts[median] <= middle:
                below += counts[median]
                median += 1
            found[0, y, x] = median
            found[1, y, x] = max(0.0, np.log2(area) - spread / area)
