"""The pixels of any image on one scale, so that the parameters of a method mean the same on all."""

from __future__ import annotations

import numpy as np

from segwright.images.image import LUMINANCE, Image
from segwright.images.picture import require_picture
from segwright.images.tones import tone_range, tones
from segwright.packages import package


def planes(image: Image) -> np.ndarray:
    """The channels in units of full scale (`images.tones`).

    Args:
        image: A picture (axes "YX").

    Returns:
        (Y, X, C) float32, 0 … 1; not to be written to.

    Raises:
        ImageError: A volume, or values that are not finite.
    """
    require_picture(image)
    return tones(image)


def grey(image: Image) -> np.ndarray:
    """The brightness: luminance of RGB (ITU-R BT.601), the mean of any other channels.

    Returns:
        (Y, X) float32, 0 … 1, on the scale of `planes`.

    Raises:
        ImageError: As `planes`.
    """
    require_picture(image)
    channels = image.num_channels
    shares = LUMINANCE if channels == 3 else np.full(channels, 1 / channels, np.float32)
    low, span = tone_range(image)
    # Channel by channel: a product of matrices would make a float copy of the whole image first.
    mixed = np.zeros(image.size_hw, np.float32)
    for channel, share in enumerate(shares):
        mixed += image.pixels[..., channel] * np.float32(share / span)
    if low:
        mixed -= np.float32(low / span)
    return np.clip(mixed, 0, 1, out=mixed)


def grey8(image: Image) -> np.ndarray:
    """`grey` in 256 levels, rounded: (Y, X) uint8, not to be written to."""
    if image.num_channels in (1, 3) and image.pixels.dtype == np.uint8:
        require_picture(image)
        if image.num_channels == 1:
            return image.pixels[..., 0]
        cv2 = package("cv2", purpose="the brightness of an image")
        return cv2.cvtColor(image.pixels, cv2.COLOR_RGB2GRAY).reshape(image.size_hw)
    mixed = grey(image)
    mixed *= 255
    return np.rint(mixed, out=mixed).astype(np.uint8)
