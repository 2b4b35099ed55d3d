"""Co-occurrence of levels in a window that slides over a plane.

All sums are updated with the pairs that leave and enter the window, so no matrix is walked. They
are sums of whole numbers, but for homogeneity and entropy.
"""

from __future__ import annotations

import numpy as np

from segwright.kernels import in_shares, kernel

_OFFSETS = np.array([[0, 1], [1, 0], [1, 1], [1, -1]], np.int64)  # the other four are the same


def textures(levels: np.ndarray, side: int, distance_px: int, most: int) -> np.ndarray:
    """Six properties of the co-occurrence matrix of every pixel's window.

    A pair counts if both of its pixels lie in the window. Where the window is too small for any,
    the texture is that of a flat one.

    Args:
        levels: (Y, X) uint8, below `most`.
        side: Of the window, odd.
        distance_px: Between the two pixels of a pair.
        most: Number of levels, ≤ 32.

    Returns:
        (6, Y, X) float32: contrast, dissimilarity, homogeneity, energy, correlation, entropy.
    """
    found = np.empty((6, *levels.shape), np.float32)
    padded = np.pad(levels, side // 2, mode="symmetric")
    offsets = _OFFSETS * distance_px
    kept = max(side - distance_px, 0)
    pairs = kept * side * 2 + kept * kept * 2
    counts = np.arange(2 * pairs + 1, dtype=np.float64)
    bits = counts * np.log2(np.maximum(counts, 1))

    in_shares(_slide, len(levels), padded, side, offsets, most, bits, found, at_least=16)
    return found


@kernel
def _slide(padded, side, offsets, most, bits, found, start, stop):
    width = found.shape[2]
    near = np.empty(most)
    for apart in range(most):
        near[apart] = 1.0 / (1.0 + apart * apart)
    counts = np.empty((most, most), np.int64)
    sums = np.empty(7)  # pairs, |d|, d², 1 / (1 + d²), level, level², level · level
    squares = np.empty(2)  # Σ count² and Σ count · log2 count of the symmetric matrix
    for y in range(start, stop):
        counts[:] = 0
        sums[:] = 0
        squares[:] = 0
        for column in range(side):
            _column(padded, y, 0, column, side, offsets, 1, counts, near, bits, sums, squares)
        for x in range(width):
            if x:
                _column(padded, y, x - 1, 0, side, offsets, -1, counts, near, bits, sums, squares)
                last = side - 1
                _column(padded, y, x, last, side, offsets, 1, counts, near, bits, sums, squares)
            _properties(sums, squares, found, y, x)


@kernel
def _column(padded, y, left, column, side, offsets, sign, counts, near, bits, sums, squares):
    """Counts (or takes off) the pairs that one column of a window has with those on its inside.

    Where columns enter on the right, these are on its left; where one leaves, on its right.
    """
    x = left + column
    for k in range(offsets.shape[0]):
        dy, dx = offsets[k, 0], offsets[k, 1]
        for flip in range(2):
            # The pair seen from its other end; along a column both ends are in it: once.
            if flip and dx == 0:
                continue
            oy, ox = (-dy, -dx) if flip else (dy, dx)
            if ox * sign > 0:
                continue
            other = x + ox
            if other < left or other >= left + side:
                continue
            low, high = max(0, -oy), min(side, side - oy)
            sums[0] += sign * (high - low)
            _pairs(padded, y, x, oy, other, low, high, sign, counts, near, bits, sums, squares)


@kernel
def _pairs(padded, y, x, oy, other, low, high, sign, counts, near, bits, sums, squares):
    """The pairs of one column with one other, summed up aside: memory would be in the way."""
    apart_sum, square_sum, level_sum, level_square_sum, product_sum = 0, 0, 0, 0, 0
    near_sum, count_square_sum, bit_sum = 0.0, 0, 0.0
    for row in range(low, high):
        a = np.int64(padded[y + row, x])
        b = np.int64(padded[y + row + oy, other])
        apart = abs(b - a)
        apart_sum += apart
        square_sum += apart * apart
        near_sum += near[apart]
        level_sum += a + b
        level_square_sum += a * a + b * b
        product_sum += a * b
        old = counts[min(a, b), max(a, b)]
        new = old + sign
        counts[min(a, b), max(a, b)] = new
        if apart:  # stands at two places of the symmetric matrix
            count_square_sum += 2 * (new * new - old * old)
            bit_sum += 2 * (bits[new] - bits[old])
        else:  # stands at one, counted twice
            count_square_sum += 4 * (new * new - old * old)
            bit_sum += bits[2 * new] - bits[2 * old]
    sums[1] += sign * apart_sum
    sums[2] += sign * square_sum
    sums[3] += sign * near_sum
    sums[4] += sign * level_sum
    sums[5] += sign * level_square_sum
    sums[6] += sign * product_sum
    squares[0] += count_square_sum
    squares[1] += bit_sum


@kernel
def _properties(sums, squares, found, y, x):
    pairs = sums[0]
    if pairs == 0:
        found[0, y, x] = found[1, y, x] = found[5, y, x] = 0
        found[2, y, x] = found[3, y, x] = found[4, y, x] = 1
        return
    found[0, y, x] = sums[2] / pairs
    found[1, y, x] = sums[1] / pairs
    found[2, y, x] = sums[3] / pairs
    total = 2 * pairs
    found[3, y, x] = np.sqrt(squares[0]) / total
    mean = sums[4] / total
    variance = sums[5] / total - mean * mean
    covariance = sums[6] / pairs - mean * mean
    found[4, y, x] = covariance / variance if variance > 1e-9 else 1.0
    found[5, y, x] = max(0.0, np.log2(total) - squares[1] / total)
