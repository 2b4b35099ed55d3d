"""Kernels that make edges one pixel wide."""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel

_ROUNDING = 1e-5


@kernel
def ridges(
    strength: np.ndarray, along_y: np.ndarray, along_x: np.ndarray, found: np.ndarray,
    begin: int, end: int,
) -> None:  # fmt: skip
    """Marks the pixels that are stronger than their surroundings across the edge.

    The strength one pixel further to either side is interpolated between the two pixels there. On a
    level ridge of two pixels the lower one is taken, or the right one.

    Args:
        strength: (Y, X) float32.
        along_y: (Y, X) float32, the Y part of the direction across the edge, of any sign.
        along_x: The same along X; the larger of both must not be 0.
        found: (Y, X) uint8; 1 is written where there is a ridge.
        begin: First row.
        end: Row behind the last.
    """
    height, width = strength.shape
    for y in range(begin, end):
        for x in range(width):
            here = strength[y, x]
            if here <= 0:
                continue
            dy, dx = along_y[y, x], along_x[y, x]
            if dy < 0 or (dy == 0 and dx < 0):
                dy, dx = -dy, -dx
            steep = dy > abs(dx)
            slant = abs(dx) / dy if steep else dy / abs(dx)
            side = 1 if dx >= 0 else -1
            highest = True
            for sign in (-1, 1):
                # One step along the longer part, and then none or one along the shorter.
                y_near, x_near = (y + sign, x) if steep else (y, x + sign * side)
                y_far, x_far = y + sign, x + sign * side
                beside = np.float32(0)
                if 0 <= y_near < height and 0 <= x_near < width:
                    beside += (1 - slant) * strength[y_near, x_near]
                if 0 <= y_far < height and 0 <= x_far < width:
                    beside += slant * strength[y_far, x_far]
                # Equal but for rounding is equal; of two such the second is the ridge.
                if here < beside * (1 + sign * _ROUNDING):
                    highest = False
            if highest:
                found[y, x] = 1
