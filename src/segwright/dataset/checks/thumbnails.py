"""Small grey pictures, by which pictures are compared with each other."""

from __future__ import annotations

import numpy as np
from PIL import Image as PillowImage

from segwright.images.image import Image

SIDE = 48
"""Height and width of a thumbnail; the sides are squeezed to it, whatever their ratio."""


def thumbnail(image: Image) -> np.ndarray:
    """The mean brightness of 48 × 48 equal parts of a picture.

    Returns:
        (48, 48) float32 of mean 0 and length 1, so that brightness and contrast of the picture do
        not matter; all 0 for a picture of one value.
    """
    shown = image.pixels[..., :3] if image.num_channels >= 3 else image.pixels[..., :1]
    grey = np.zeros(image.size_hw, dtype=np.float32)
    for channel in range(shown.shape[-1]):
        grey += shown[..., channel]
    grey /= shown.shape[-1]
    small = PillowImage.fromarray(grey)
    small = small.resize((SIDE, SIDE), PillowImage.Resampling.BOX)
    # Dark noise or one grey step of 8 bits is no content.
    return standardised(np.asarray(small, dtype=np.float32), least=1e-5 * image.full_scale * SIDE)


def standardised(values: np.ndarray, *, least: float = 1e-6) -> np.ndarray:
    """Values (..., H, W) moved to mean 0 and scaled to length 1 over the last two axes.

    Args:
        values: Any real values.
        least: A length up to which a picture counts as empty and becomes 0.
    """
    moved = values - values.mean(axis=(-2, -1), keepdims=True)
    length = np.sqrt(np.square(moved).sum(axis=(-2, -1), keepdims=True))
    return np.where(length > least, moved / np.maximum(length, least), 0).astype(np.float32)


def packed(small: np.ndarray) -> bytes:
    """A thumbnail as one signed byte a pixel, for keeping."""
    return np.rint(small * (127 / max(float(np.abs(small).max()), 1e-9))).astype(np.int8).tobytes()


def unpacked(content: bytes) -> np.ndarray:
    """The thumbnail that `packed` made these bytes of, (48, 48) float32."""
    values = np.frombuffer(content, dtype=np.int8).reshape(SIDE, SIDE)
    return standardised(values.astype(np.float32))
