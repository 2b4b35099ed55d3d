"""Kernel that finds where values change their sign."""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel


@kernel
def cross(values: np.ndarray, least: np.float32, found: np.ndarray) -> None:
    """Marks the pixel nearer to zero of two neighbours of opposite sign, of equals the first.

    Args:
        values: (Y, X) float32.
        least: The difference between both that is exceeded.
        found: (Y, X) uint8; 1 is written.
    """
    height, width = values.shape
    for y in range(height):
        for x in range(width):
            here = values[y, x]
            if x + 1 < width:
                beside = values[y, x + 1]
                if (here < 0) != (beside < 0) and abs(here - beside) > least:
                    found[y, x + (abs(here) > abs(beside))] = 1
            if y + 1 < height:
                below = values[y + 1, x]
                if (here < 0) != (below < 0) and abs(here - below) > least:
                    found[y + (abs(here) > abs(below)), x] = 1
