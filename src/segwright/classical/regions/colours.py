"""The colours that region methods compare, in a space where distance is what the eye sees."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from segwright.classical.planes import planes
from segwright.features.colour import in_space
from segwright.features.view import gaussian
from segwright.images.image import Image

_BAND_PIXELS = 1 << 20


def colours(image: Image, *, sigma_px: float = 0.0) -> np.ndarray:
    """CIE L*a*b* / 100 of RGB (sRGB, D65), the planes 0 … 1 of any other image.

    Args:
        image: A picture.
        sigma_px: Standard deviation of a Gaussian that the planes of the image are blurred with
            first; 0 for none.

    Returns:
        (Y, X, C) float32; a distance of 0.023 is just noticeable in RGB.

    Raises:
        ImageError: A volume, or values that are not finite.
    """
    found = np.empty(image.pixels.shape, np.float32)
    for rows, band in colour_bands(image):
        found[rows] = np.moveaxis(band, 0, -1)
    if sigma_px:
        for channel in range(found.shape[2]):
            found[..., channel] = gaussian(np.ascontiguousarray(found[..., channel]), sigma_px)
    return found


def colour_bands(image: Image) -> Iterator[tuple[slice, np.ndarray]]:
    """`colours` in bands of rows, so that a large image is never held in floats as a whole.

    Yields:
        The rows, and (C, y, X) float32.
    """
    if image.pixels.dtype.kind == "f":  # its scale is that of the whole image
        whole = planes(image)
    else:
        whole = None
    height, width = image.size_hw
    step = max(1, _BAND_PIXELS // width)
    for top in range(0, height, step):
        rows = slice(top, min(top + step, height))
        band = planes(Image(image.pixels[rows])) if whole is None else whole[rows]
        if image.num_channels == 3:
            yield rows, in_space(np.ascontiguousarray(band), "lab")
        else:
            yield rows, np.ascontiguousarray(np.moveaxis(band, -1, 0))


def steepness(found: np.ndarray) -> np.ndarray:
    """How much neighbouring colours differ: the length of the gradient over all channels.

    Args:
        found: (Y, X, C) float32.

    Returns:
        (Y, X) float32, per pixel, by central differences with mirrored borders.
    """
    from segwright.features.derivatives import first_derivatives

    total = np.zeros(found.shape[:2], np.float32)
    for channel in range(found.shape[2]):
        for slope in first_derivatives(np.ascontiguousarray(found[..., channel])):
            total += slope * slope
    return np.sqrt(total, out=total)
