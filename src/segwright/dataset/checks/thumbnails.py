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
    pixels = image.pixels[..., :3]
    grey = pixels[..., 0] if pixels.shape[-1] < 3 else pixels.mean(axis=-1, dtype=np.float32)
    small = PillowImage.fromarray(np.ascontiguousarray(grey, dtype=np.float32))
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
