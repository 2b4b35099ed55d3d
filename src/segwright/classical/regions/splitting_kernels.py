"""Kernel that splits a picture into even rectangles."""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel


@kernel
def _spread(pixels: np.ndarray, top: int, left: int, bottom: int, right: int) -> float:
    """Mean squared distance of the pixels of a rectangle from their mean."""
    total = 0.0
    size = (bottom - top) * (right - left)
    for channel in range(pixels.shape[2]):
        origin = pixels[top, left, channel]  # sums of differences do not cancel
        sums = squares = 0.0
        for y in range(top, bottom):
            for x in range(left, right):
                value = pixels[y, x, channel] - origin
                sums += value
                squares += value * value
        total += squares / size - (sums / size) ** 2
    return total


@kernel
def split(pixels: np.ndarray, tolerance: float, smallest: int) -> np.ndarray:
    """Quarters a picture, and every quarter again, until each is even.

    Args:
        pixels: (Y, X, C) float32.
        tolerance: Root mean square distance from the mean up to which a rectangle is even.
        smallest: Rectangles are not divided into sides of fewer pixels than that.

    Returns:
        (Y, X) int32, the number of each pixel's rectangle from 0.
    """
    found = np.empty(pixels.shape[:2], np.int32)
    waiting = [(0, 0, pixels.shape[0], pixels.shape[1])]
    count = 0
    while len(waiting):
        top, left, bottom, right = waiting.pop()
        low, wide = bottom - top >= 2 * smallest, right - left >= 2 * smallest
        even = _spread(pixels, top, left, bottom, right) <= tolerance * tolerance
        if even or not (low or wide):
            found[top:bottom, left:right] = count
            count += 1
            continue
        middle = (top + bottom) // 2 if low else bottom
        centre = (left + right) // 2 if wide else right
        if low and wide:
            waiting.append((middle, centre, bottom, right))
        if low:
            waiting.append((middle, left, bottom, centre))
        if wide:
            waiting.append((top, centre, middle, right))
        waiting.append((top, left, middle, centre))
    return found
