"""Kernels of the colour cells of the bilateral grid."""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel


@kernel
def describe(positions, origin, strides, blur, codes, shares, own, begin, end):
    """Which cells colours give to, how much, and what comes back; for some rows of pixels.

    Args:
        positions: (Y, X, D) colours in steps of the grid.
        origin: (D,) lowest cell.
        strides: (D,) between the codes of cells along each axis.
        blur: (3, 3) weights between three neighbouring nodes.
        codes: (Y, X) int32, written: of the nearest cell.
        shares: (Y, X, 3 ** D) float32, written: quadratic B-splines of the cells around it (as
            `grid_nodes.quadratic` gives along one axis), those along the last axis side by side.
        own: (Y, X) float32, written: weight of the kernel for a colour and itself.
    """
    _, width, dimensions = positions.shape
    half, one = np.float32(0.5), np.float32(1)
    along = np.empty(3, np.float32)
    for y in range(begin, end):
        for x in range(width):
            codes[y, x], own[y, x], shares[y, x, 0] = 0, one, one
            number = 1
            for d in range(dimensions):
                nearest = np.floor(positions[y, x, d] + half)
                codes[y, x] += (np.int64(nearest) - origin[d]) * strides[d]
                off = positions[y, x, d] - nearest
                along[0] = half * (half - off) ** 2
                along[1] = np.float32(0.75) - off**2
                along[2] = half * (half + off) ** 2
                back = np.float32(0)
                for i in range(3):
                    for j in range(3):
                        back += along[i] * blur[i, j] * along[j]
                own[y, x] *= back
                for n in range(number - 1, -1, -1):  # from the end: nothing is read too late
                    share = shares[y, x, n]
                    for k in range(3):
                        shares[y, x, 3 * n + k] = share * along[k]
                number *= 3
