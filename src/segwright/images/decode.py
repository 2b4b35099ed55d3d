"""Bytes of any accepted format to the stored samples, through Pillow's decoders."""

from __future__ import annotations

import importlib
import io
import threading
import warnings
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager

import numpy as np
from PIL import Image as PillowImage
from PIL import ImageFile

from segwright.images.faults import Unreadable
from segwright.images.header import Header
from segwright.images.jpeg import flawless_samples
from segwright.images.png import decode_png
from segwright.images.raster import Raster
from segwright.images.tiff_samples import decode_plain, is_plain, minimal_tiff

# The one decoder class per format, called directly: PIL.Image.open would try them all.
_DECODERS = {
    "JPEG": ("PIL.JpegImagePlugin", "JpegImageFile"),
    "TIFF": ("PIL.TiffImagePlugin", "TiffImageFile"),
    "WebP": ("PIL.WebPImagePlugin", "WebPImageFile"),
    "BMP": ("PIL.BmpImagePlugin", "BmpImageFile"),
    "GIF": ("PIL.GifImagePlugin", "GifImageFile"),
}
# Each scan of a progressive JPEG runs over the whole picture; real ones have about ten.
_MAX_SCANS = 500


def decode(header: Header, data: bytes) -> Raster:
    """Decodes the bytes of a file whose header has been read and held against the limits.

    Raises:
        Unreadable: Data are cut off or damaged, or stored in a way that would lose something.
        Exception: Whatever Pillow raises on damaged data.
    """
    with _strict_pillow():
        if header.tiff is not None and is_plain(header.tiff):
            raster = decode_plain(header.tiff, data)
        elif header.format == "PNG":
            raster = decode_png(data)
        else:
            raster = _decode_with_pillow(header, data)
    if raster.samples.shape[:2] != header.size_hw:
        height, width = raster.samples.shape[:2]
        raise Unreadable(
            f"its header says {header.size_hw[1]}×{header.size_hw[0]} pixels, "
            f"but {width}×{height} are stored",
            "Copy or download the file again",
        )
    return raster.upright(header.orientation)


def _decode_with_pillow(header: Header, data: bytes) -> Raster:
    if header.tiff is not None:
        data = minimal_tiff(header.tiff, data)
    elif header.format == "JPEG" and (scans := _count_scans(data)) > _MAX_SCANS:
        raise Unreadable(
            f"the JPEG has {scans} scans; accepted are up to {_MAX_SCANS}", "Save it as PNG"
        )
    module, name = _DECODERS[header.format]
    decoder: type[ImageFile.ImageFile] = getattr(importlib.import_module(module), name)
    with decoder(io.BytesIO(data)) as picture:
        if picture.size[::-1] != header.size_hw:  # before Pillow allocates the pixels
            raise Unreadable(
                f"its header says {header.size_hw[1]}×{header.size_hw[0]} pixels, "
                f"but {picture.size[0]}×{picture.size[1]} are stored",
                "Copy or download the file again",
            )
        if header.format == "JPEG":
            samples = flawless_samples(data, picture.mode, header.size_hw)
            if samples is not None:
                return Raster(samples)
        picture.load()
        return _raster(picture, bits=header.bits)


def _count_scans(data: bytes) -> int:
    """How many scans a JPEG file has; `bytes.count` takes five times as long."""
    stored = np.frombuffer(data, np.uint8)
    return int(np.count_nonzero((stored[:-1] == 0xFF) & (stored[1:] == 0xDA)))


def _raster(picture: PillowImage.Image, *, bits: int) -> Raster:
    """The samples of a loaded picture, by its Pillow mode."""
    mode, transparent = picture.mode, picture.info.get("transparency")
    if mode in ("CMYK", "YCbCr"):
        return Raster(np.asarray(picture.convert("RGB")))
    if mode not in ("1", "L", "P", "RGB", "LA", "RGBA"):
        raise Unreadable(
            f"its colour model {mode!r} cannot be read; "
            "accepted are grey, RGB, palette and CMYK, with or without alpha",
            "Convert it to RGB and save it again",
        )
    samples = np.asarray(picture)
    samples = samples[..., None] if samples.ndim == 2 else samples
    if mode == "1":
        return Raster(samples.astype(np.uint8), bits=1)
    if mode == "P":
        return Raster(samples, palette=_palette(picture, transparent))
    if mode in ("LA", "RGBA"):
        return Raster(samples[..., :-1], alpha=samples[..., -1])
    if mode == "L" and bits in (2, 4):  # Pillow spreads them over 0 … 255
        return Raster(samples // (255 // (2**bits - 1)), bits=bits)
    key = (transparent,) if mode == "L" and isinstance(transparent, int) else None
    return Raster(samples, transparent=key)


def _palette(picture: PillowImage.Image, transparent: object) -> np.ndarray:
    """(N, 4) uint8 colours of a palette picture; GIF names at most one transparent index."""
    rgb = np.array(picture.getpalette("RGB") or [], np.uint8).reshape(-1, 3)
    palette = np.full((len(rgb), 4), 255, np.uint8)
    palette[:, :3] = rgb
    if isinstance(transparent, int) and transparent < len(palette):
        palette[transparent, 3] = 0
    return palette


_strict_lock = threading.Lock()
_strict_users = 0
_strict_undo = ExitStack()


@contextmanager
def _strict_pillow() -> Iterator[None]:
    """Within it Pillow never fills up cut-off files and keeps its warnings to itself.

    Its own limit of pixels is off: the header was held against ours already.

    These settings belong to the whole process and another library may have changed them. So the
    first thread to enter sets them, and the last to leave puts back what it found.
    """
    global _strict_users
    with _strict_lock:
        if _strict_users == 0:
            _strict_undo.enter_context(warnings.catch_warnings())
            warnings.simplefilter("ignore")
            _strict_undo.callback(
                setattr, ImageFile, "LOAD_TRUNCATED_IMAGES", ImageFile.LOAD_TRUNCATED_IMAGES
            )
            ImageFile.LOAD_TRUNCATED_IMAGES = False
            _strict_undo.callback(
                setattr, PillowImage, "MAX_IMAGE_PIXELS", PillowImage.MAX_IMAGE_PIXELS
            )
            PillowImage.MAX_IMAGE_PIXELS = None
        _strict_users += 1
    try:
        yield
    finally:
        with _strict_lock:
            _strict_users -= 1
            if _strict_users == 0:
                _strict_undo.close()
