"""Kernels that make edges one pixel wide."""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel

_ROUNDING = 1e-5


@kernel
def ridges(
    strength: np.ndarray, yy: np.ndarray, yx: np.ndarray, xx: np.ndarray, above: np.float32,
    found: np.ndarray, begin: int, end: int,
) -> None:  # fmt: skip
    """Marks the pixels that are stronger than their surroundings across the edge.

    Across the edge is along the eigenvector of the larger eigenvalue of [[yy, yx], [yx, xx]].
    The strength one pixel further to either side is interpolated between the two pixels there. On a
    level ridge of two pixels the lower one is taken, or the right one.

    Args:
        strength: (Y, X) float32.
        yy: (Y, X) float32, of the matrix of gradients.
        yx: (Y, X) float32.
        xx: (Y, X) float32.
        above: Weaker pixels, and those as strong, are on no ridge; ≥ 0.
        found: (Y, X) uint8; 1 is written where there is a ridge.
        begin: First row.
        end: Row behind the last.
    """
    height, width = strength.shape
    for y in range(begin, end):
        for x in range(width):
            here = strength[y, x]
            if here <= above:
                continue
            across, beside = xx[y, x] - yy[y, x], 2 * yx[y, x]
            steep = across < 0
            # The tangent of half of an angle, from its cosine and sine.
            length = np.sqrt(across * across + beside * beside)
            slant = abs(beside) / (length + abs(across)) if length > 0 else np.float32(0)
            side = 1 if beside >= 0 else -1
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
