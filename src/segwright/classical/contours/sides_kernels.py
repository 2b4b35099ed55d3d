"""The kernel that finds what lies between regions."""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel


@kernel
def sides(regions, contours):
    """Every side of a pixel between two regions, and the stronger of the contours at both pixels.

    Args:
        regions: (Y, X) int32 numbers.
        contours: (Y, X) float32.

    Returns:
        (n,) int64 smaller number * 2³¹ + larger one, and (n,) float32 strengths.
    """
    height, width = regions.shape
    keys, strengths = (
        np.empty(2 * height * width, np.int64),
        np.empty(2 * height * width, np.float32),
    )
    number = 0
    for y in range(height):
        for x in range(width):
            for down in range(2):
                v, u = y + down, x + 1 - down
                if v >= height or u >= width or regions[v, u] == regions[y, x]:
                    continue
                one, two = np.int64(regions[y, x]), np.int64(regions[v, u])
                keys[number] = (min(one, two) << 31) + max(one, two)
                strengths[number] = max(contours[y, x], contours[v, u])
                number += 1
    return keys[:number], strengths[:number]
