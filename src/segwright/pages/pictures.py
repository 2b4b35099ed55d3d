"""Pictures of a page: small, lossy and inside it."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image as PilImage

_JPEG_QUALITY = 82


def shrunk_photo(photo: np.ndarray, max_side: int) -> np.ndarray:
    """A (Y, X, 3) uint8 picture with its longer side at most `max_side`, filtered by area."""
    height, width = shrunk_size_hw(photo.shape[:2], max_side)
    if (height, width) == photo.shape[:2]:
        return photo
    shrunk = PilImage.fromarray(photo).resize((width, height), PilImage.Resampling.BOX)
    return np.asarray(shrunk)


def shrunk_ids(ids: np.ndarray, max_side: int) -> np.ndarray:
    """(Y, X) ids on the grid of `shrunk_photo`: each from the centre of its pixel."""
    height, width = shrunk_size_hw(ids.shape, max_side)
    y = ((np.arange(height) + 0.5) * ids.shape[0] / height).astype(int)
    x = ((np.arange(width) + 0.5) * ids.shape[1] / width).astype(int)
    return ids[np.ix_(y, x)]


def shrunk_size_hw(size_hw: tuple[int, ...], max_side: int) -> tuple[int, int]:
    """Height and width with the longer side at most `max_side`; never larger, never 0."""
    factor = min(1.0, max_side / max(size_hw))
    return max(1, round(size_hw[0] * factor)), max(1, round(size_hw[1] * factor))


def data_uri(picture: np.ndarray) -> str:
    """A (Y, X, 3) uint8 picture as a JPEG that a page can hold itself."""
    buffer = io.BytesIO()
    PilImage.fromarray(picture).save(
        buffer, "JPEG", quality=_JPEG_QUALITY, subsampling=0, optimize=True
    )
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
