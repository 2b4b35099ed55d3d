"""The colours that region methods compare, in a space where distance is what the eye sees."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from segwright.classical.planes import planes
from segwright.features.colour import converted
from segwright.features.derivatives import first_derivatives
from segwright.features.view import gaussian, gaussian_reach
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
    found = None
    for rows, _, band in _bands(image):
        if len(band) == image.size_hw[0]:  # there is but one
            found = band
            break
        if found is None:
            found = np.empty((*image.size_hw, image.num_channels), np.float32)
        found[rows] = band
    assert found is not None  # an image has rows
    if sigma_px:
        for channel in range(image.num_channels):
            found[..., channel] = gaussian(np.ascontiguousarray(found[..., channel]), sigma_px)
    return found


def colour_bands(image: Image, *, overlap: int = 0) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """`colours` in bands of rows, so that a large image is never held in floats as a whole.

    Args:
        image: A picture.
        overlap: Rows above and below that a filter of the band sees.

    Yields:
        The rows; where they are in the band; and the band with its overlap, (C, y, X) float32.
    """
    for rows, inner, band in _bands(image, overlap=overlap):
        yield rows, inner, np.ascontiguousarray(np.moveaxis(band, -1, 0))


def _bands(image: Image, *, overlap: int = 0) -> Iterator[tuple[slice, slice, np.ndarray]]:
    """As `colour_bands`, but channels stay last: (y, X, C) float32."""
    # The scale of floats is that of the whole image.
    whole = planes(image) if image.pixels.dtype.kind == "f" else None
    height, width = image.size_hw
    step = max(1, 4 * overlap, _BAND_PIXELS // width)
    for top in range(0, height, step):
        bottom = min(top + step, height)
        seen = slice(max(0, top - overlap), min(height, bottom + overlap))
        band = planes(Image(image.pixels[seen])) if whole is None else whole[seen]
        inner = slice(top - seen.start, bottom - seen.start)
        if image.num_channels == 3:
            band = converted(np.ascontiguousarray(band), "lab")
        yield slice(top, bottom), inner, band


def steepness(image: Image, *, sigma_px: float = 0.0) -> np.ndarray:
    """How much neighbouring colours differ: the length of the gradient over all channels.

    Args:
        image: A picture.
        sigma_px: Standard deviation of a Gaussian that `colours` are blurred with first; 0: none.

    Returns:
        (Y, X) float32, per pixel, by central differences with mirrored borders; a step from black
        to white has 0.5.
    """
    found = np.empty(image.size_hw, np.float32)
    for rows, inner, band in colour_bands(image, overlap=gaussian_reach(sigma_px) + 1):
        total = np.zeros(band.shape[1:], np.float32)
        for plane in band:
            for slope in first_derivatives(gaussian(plane, sigma_px) if sigma_px else plane):
                total += slope * slope
        np.sqrt(total[inner], out=found[rows])
    return found
