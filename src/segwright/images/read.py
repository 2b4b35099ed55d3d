"""Any image file to an Image or to raw mask values.

A file is taken in whole, told by its magic bytes, held against the limits by its header alone, and
only then decoded; it gives an image or an ImageError, never something half-read or reduced.
"""

from __future__ import annotations

import io
import os
import stat
from pathlib import Path

import numpy as np

from segwright.images.faults import Unreadable, image_errors
from segwright.images.header import read_header
from segwright.images.image import Image
from segwright.images.limits import ReadLimits
from segwright.images.raster import Raster

_DEFAULT_LIMITS = ReadLimits()


def read_image(path: str | os.PathLike[str], *, limits: ReadLimits = _DEFAULT_LIMITS) -> Image:
    """Reads a PNG, JPEG, TIFF, WebP or BMP file or a GIF of one frame.

    The EXIF orientation is applied. Samples of 8 and 16 bits stay as they are; 1, 2 and 4 bits are
    spread over 0 … 255; floats and other whole numbers become float32, and numbers that it cannot
    hold are an error. A palette is looked up, CMYK becomes RGB, alpha is kept apart. Of a JPEG with
    further pictures behind the first (as phones write) the first is read. Print resolution (dpi) is
    not taken for physical spacing.

    Args:
        path: The file; its format is told by its content, not its name.
        limits: Budgets that the header is held against before anything is decoded.

    Raises:
        ImageError: The file is missing, not one of these formats, cut off, damaged, beyond the
            limits, of several frames, or holds NaN or infinite samples.
    """
    source = Path(path)
    with image_errors(source):
        return _raster(_file_bytes(source, limits), limits).to_image(source)


def decode_image(
    data: bytes, *, limits: ReadLimits = _DEFAULT_LIMITS, source: Path | None = None
) -> Image:
    """Does what `read_image` does on the bytes of a file; `source` is named in errors."""
    with image_errors(source):
        limits.check_file(len(data))
        return _raster(data, limits).to_image(source)


def read_index(path: str | os.PathLike[str], *, limits: ReadLimits = _DEFAULT_LIMITS) -> np.ndarray:
    """Reads a mask as the numbers that the file stores, without any conversion of colours.

    Returns:
        (Y, X) palette indices or grey values, or (Y, X, C) for colour masks, in the file's own
        dtype. Grey values of 1, 2 and 4 bits are 0 … 1, 0 … 3 and 0 … 15 (uint8), so white is 1
        in a mask of 1 bit. Alpha is left out; the EXIF orientation is applied, as in `read_image`.

    Raises:
        ImageError: As in `read_image`, or the file holds floats.
    """
    source = Path(path)
    with image_errors(source):
        return _raster(_file_bytes(source, limits), limits).to_index()


def read_stored(path: str | os.PathLike[str], *, limits: ReadLimits = _DEFAULT_LIMITS) -> Raster:
    """Reads what a file stores before anything is converted: samples, palette and alpha apart.

    Raises:
        ImageError: As in `read_image`.
    """
    source = Path(path)
    with image_errors(source):
        return _raster(_file_bytes(source, limits), limits)


def image_size_hw(path: str | os.PathLike[str]) -> tuple[int, int]:
    """Height and width of an image file in pixels after its EXIF orientation, from its header.

    Raises:
        ImageError: The file is missing, not an accepted format, or its header is damaged.
    """
    source = Path(path)
    with image_errors(source):
        _require_file(source)
        with source.open("rb") as file:
            return read_header(file).upright_size_hw


def _file_bytes(path: Path, limits: ReadLimits) -> bytes:
    limits.check_file(_require_file(path))
    return path.read_bytes()


def _require_file(path: Path) -> int:
    """The size in bytes; a folder or device (which may never end) is refused."""
    status = path.stat()
    if not stat.S_ISREG(status.st_mode):
        kind = "folder" if stat.S_ISDIR(status.st_mode) else "device or pipe"
        raise Unreadable(f"this is a {kind}, not an image file", "Name a single image file")
    return status.st_size


def _raster(data: bytes, limits: ReadLimits) -> Raster:
    # Pillow takes 50 ms to import; whoever only asks for a size does without.
    from segwright.images.decode import decode

    header = read_header(io.BytesIO(data))
    limits.check(header)
    if len(data) < header.fewest_bytes:
        height, width = header.size_hw
        raise Unreadable(
            f"the file is cut off: its header says {width}×{height} pixels, which take "
            f"{header.fewest_bytes:,} bytes or more, but there are {len(data):,}",
            "Copy or download the file again",
        )
    return decode(header, data)
