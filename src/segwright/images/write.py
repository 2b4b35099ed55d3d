"""Arrays to PNG files that are whole or absent."""

from __future__ import annotations

import io
import os
from pathlib import Path

import numpy as np

from segwright.errors import UsageError
from segwright.storage import write_whole


def write_png(
    path: str | os.PathLike[str], array: np.ndarray, palette: np.ndarray | None = None
) -> None:
    """Writes a PNG file without loss, at once: readers see the old file, or the whole new one.

    Args:
        path: The file to make or replace; its folder must exist.
        array: (Y, X) uint8 or uint16 grey values, (Y, X, 3) uint8 RGB, (Y, X, 4) uint8 RGB and
            alpha, or, with a palette, (Y, X) uint8 indices.
        palette: (N, 3) uint8 colours, N ≤ 256, of the indices 0 … N-1; indices beyond them are kept
            as they are and shown white.

    Raises:
        UsageError: The array or the palette has another shape or dtype.
        StorageError: The file cannot be written.
    """
    write_whole(Path(path), _encoded(array, palette), sync=False)


def _encoded(array: np.ndarray, palette: np.ndarray | None) -> bytes:
    from PIL import Image as PillowImage

    shape = "YX" if array.ndim == 2 else f"YX{array.shape[-1]}" if array.ndim == 3 else "?"
    accepted = {("YX", "uint8"), ("YX", "uint16"), ("YX3", "uint8"), ("YX4", "uint8")}
    if (shape, array.dtype.name) not in accepted or array.size == 0:
        raise UsageError(
            f"a PNG cannot be made of {array.dtype.name} {array.shape}; accepted are uint8 or "
            "uint16 (Y, X), and uint8 (Y, X, 3) or (Y, X, 4), with sides of 1 or more",
            remedy="Convert the array first",
        )
    picture = PillowImage.fromarray(np.ascontiguousarray(array))
    if palette is not None:
        picture = _with_palette(picture, array, palette)
    buffer = io.BytesIO()
    picture.save(buffer, format="PNG")
    return buffer.getvalue()


def _with_palette(picture, array: np.ndarray, palette: np.ndarray):
    fits = palette.ndim == 2 and palette.shape[1] == 3 and 1 <= len(palette) <= 256
    if not fits or palette.dtype != np.uint8 or array.ndim != 2 or array.dtype != np.uint8:
        raise UsageError(
            f"a palette of {palette.dtype.name} {palette.shape} for an array of "
            f"{array.dtype.name} {array.shape}; accepted are a uint8 (N, 3) palette with "
            "N ≤ 256 and a uint8 (Y, X) array",
            remedy="Write more than 256 ids as uint16 without a palette",
        )
    # With fewer than 256 colours the encoder would pack indices into fewer bits and cut off
    # those beyond the palette, such as an ignore index of 255.
    full = np.full((256, 3), 255, np.uint8)
    full[: len(palette)] = palette
    picture.putpalette(full.tobytes(), "RGB")
    return picture
