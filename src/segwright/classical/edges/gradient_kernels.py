"""Kernels of the gradient of several channels: its matrix, and what is steepest."""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel


@kernel
def add_products(
    along_y: np.ndarray, along_x: np.ndarray, sums: np.ndarray, begin: int, end: int
) -> None:
    """Adds the products of the derivatives of one channel to those of others.

    Args:
        along_y: (Y, X) float32, the derivative along Y.
        along_x: The same along X.
        sums: (3, Y, X) float32 to be added to: yy, yx, xx.
        begin: First row.
        end: Row behind the last.
    """
    for y in range(begin, end):
        for x in range(along_y.shape[1]):
            dy, dx = along_y[y, x], along_x[y, x]
            sums[0, y, x] += dy * dy
            sums[1, y, x] += dy * dx
            sums[2, y, x] += dx * dx


@kernel
def steepest(
    yy: np.ndarray, yx: np.ndarray, xx: np.ndarray, found: np.ndarray, begin: int, end: int
) -> None:
    """Square roots of the larger eigenvalues of symmetric matrices.

    Args:
        yy: (Y, X) float32.
        yx: (Y, X) float32.
        xx: (Y, X) float32.
        found: (Y, X) float32; written.
        begin: First row.
        end: Row behind the last.
    """
    half = np.float32(0.5)
    for y in range(begin, end):
        for x in range(yy.shape[1]):
            apart, beside = half * (yy[y, x] - xx[y, x]), yx[y, x]
            middle = half * (yy[y, x] + xx[y, x])
            found[y, x] = np.sqrt(middle + np.sqrt(apart * apart + beside * beside))


@kernel
def by_upper_bits(bits: np.ndarray) -> np.ndarray:
    """How many numbers (n,) uint32 have each of the 65,536 upper halves: int64."""
    found = np.zeros(65_536, np.int64)
    for one in bits:
        found[one >> np.uint32(16)] += 1
    return found
