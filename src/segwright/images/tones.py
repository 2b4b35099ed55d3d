"""The pixels of any image on one scale, so that a setting means the same on all."""

from __future__ import annotations

import numpy as np

from segwright.images.image import Image


def tones(image: Image) -> np.ndarray:
    """The pixels in units of full scale, as an array of its own.

    Integers are divided by the largest value of their type. Floats have no scale: they are taken
    as they are inside 0 … 1, and else from the image's own smallest value to its largest.

    Args:
        image: With finite pixels.

    Returns:
        (…, C) float32, 0 … 1.
    """
    low, span = tone_range(image)
    if image.pixels.dtype.kind == "f" and (low, span) != (0.0, 1.0):
        return ((image.pixels.astype(np.float64) - low) / span).astype(np.float32)
    scaled = image.pixels.astype(np.float32)
    scaled *= np.float32(1 / span)
    return scaled


def tone_range(image: Image) -> tuple[float, float]:
    """The value that stands for 0, and the span from it to the one that stands for 1."""
    if image.pixels.dtype.kind == "u":
        return 0.0, image.full_scale
    low, high = float(image.pixels.min()), float(image.pixels.max())
    if low >= 0 and high <= 1:
        return 0.0, 1.0
    return low, (high - low) or 1.0
