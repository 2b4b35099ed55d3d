"""Image files as kinds of input: seeds for every path through the decoders, and what must hold."""

from __future__ import annotations

import functools
import io
import random
import struct
import tempfile
import zlib
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from PIL import Image as PillowImage
from tests.robust.anatomy import ANATOMIES
from tests.robust.mutate_bytes import mutate_bytes

from segwright.errors import ImageError
from segwright.images import decode_image, image_size_hw, read_index

SIZE_WH = (11, 9)

# Name of the format → (mode, save options) of its seeds.
_SAVED: dict[str, list[tuple[str, dict[str, object]]]] = {
    "png": [("RGB", {}), ("P", {}), ("L", {}), ("1", {}), ("LA", {}), ("RGBA", {}), ("I;16", {})],
    "jpeg": [
        ("RGB", {}),
        ("L", {}),
        ("CMYK", {}),
        ("RGB", {"progressive": True}),
        ("RGB", {"restart_marker_blocks": 1, "subsampling": 0}),
        ("RGB", {"exif": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"}),
    ],
    "tiff": [
        ("RGB", {}),
        ("P", {}),
        ("1", {"compression": "group4"}),
        ("1", {"compression": "group3"}),
        ("CMYK", {}),
        ("I;16", {}),
        ("F", {}),
        ("L", {"compression": "tiff_lzw"}),
        ("RGBA", {"compression": "tiff_adobe_deflate"}),
        ("L", {"compression": "packbits"}),
        ("YCbCr", {"compression": "jpeg"}),
        ("RGB", {"compression": "lzma"}),
        ("RGB", {"compression": "zstd"}),
        ("RGB", {"compression": "tiff_lzw", "tiffinfo": {317: 2}}),
    ],
    "webp": [
        ("RGB", {}),
        ("RGBA", {}),
        ("RGB", {"lossless": True}),
        ("RGBA", {"lossless": True, "exact": True}),
        ("RGB", {"exif": b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0"}),
    ],
    "bmp": [("RGB", {}), ("P", {}), ("L", {}), ("1", {}), ("RGBA", {})],
    "gif": [("P", {}), ("L", {}), ("1", {}), ("P", {"interlace": 1}), ("P", {"transparency": 3})],
}
IMAGE_FORMATS = tuple(_SAVED)
IN_MEMORY = "/dev/shm" if Path("/dev/shm").is_dir() else None
"""Where thousands of small files cost least; None for the usual place."""


@functools.cache
def made_seeds(name: str) -> Sequence[bytes]:
    """Small valid files of one format, made in memory."""
    rng = np.random.default_rng(7)
    noise = rng.integers(0, 256, (SIZE_WH[1], SIZE_WH[0], 3), np.uint8)
    smooth = (noise // 64 * 8 + np.arange(SIZE_WH[0], dtype=np.uint8)[:, None] * 9).astype(np.uint8)
    seeds = []
    for array in (noise, smooth):
        for mode, options in _SAVED[name]:
            grey = "L" if mode in ("I;16", "F") else mode
            picture = PillowImage.fromarray(array).convert(grey).convert(mode)
            buffer = io.BytesIO()
            picture.save(buffer, format=name, **options)
            seeds.append(buffer.getvalue())
    return (*seeds, *_MORE.get(name, lambda: ())())


def _more_png() -> Sequence[bytes]:
    """What Pillow does not write: 16-bit colour, interlacing, few bits, many kinds of chunk."""
    width, height = SIZE_WH
    files = []
    for colour, channels in ((2, 3), (4, 2), (6, 4)):
        row = b"\1" + bytes(range(width * channels * 2))
        files.append(_png(16, colour, row * height))
    for bits in (2, 4):
        files.append(_png(bits, 0, (b"\2" + b"\x5a" * -(-width * bits // 8)) * height))
    passes = ((2, 2), (2, 1), (1, 3), (3, 3), (2, 5), (5, 6), (4, 11))  # Adam7 on 9 rows of 11
    files.append(_png(8, 0, b"".join((b"\0" * (w + 1)) * h for h, w in passes), interlace=1))
    text = _chunk(b"zTXt", b"a\0\0" + zlib.compress(b"b" * 100)) + _chunk(b"gAMA", b"\0\0\xb1\x8f")
    more = text + _chunk(b"iCCP", b"a\0\0" + zlib.compress(b"c" * 200))
    more += _chunk(b"pHYs", bytes(9)) + _chunk(b"tRNS", b"\0\1") + _chunk(b"acTL", b"\0\0\0\1" * 2)
    files.append(_png(8, 0, (b"\4" + bytes(width)) * height, more=more))
    return files


def _png(bits: int, colour: int, rows: bytes, *, interlace: int = 0, more: bytes = b"") -> bytes:
    header = struct.pack(">IIBBBBB", *SIZE_WH, bits, colour, 0, 0, interlace)
    body = _chunk(b"IHDR", header) + more + _chunk(b"IDAT", zlib.compress(rows))
    return b"\x89PNG\r\n\x1a\n" + body + _chunk(b"IEND", b"")


def _chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _more_tiff() -> Sequence[bytes]:
    """What Pillow does not write: tiles, planes, both byte orders, big TIFF, float predictor."""
    import tifffile

    rng = np.random.default_rng(8)
    files = []
    for dtype, options in (
        ("u1", {"tile": (16, 16)}),
        ("u2", {"byteorder": ">", "compression": "zlib", "predictor": 2}),
        ("i4", {"compression": "zlib", "predictor": 2}),
        ("f8", {"bigtiff": True}),
        ("i4", {"rowsperstrip": 2}),
        ("u1", {"planarconfig": "separate", "compression": "zlib", "tile": (16, 16)}),
    ):
        planar = "planarconfig" in options
        shape = (3, *SIZE_WH[::-1]) if planar else SIZE_WH[::-1]
        array = (rng.random(shape) * 100 * (dtype != "i4")).astype(dtype)
        buffer = io.BytesIO()
        photometric = "rgb" if planar else "minisblack"
        tifffile.imwrite(buffer, array, photometric=photometric, metadata=None, **options)
        files.append(buffer.getvalue())
    # Floats with their own predictor: zeros are zeros under its tags too.
    for number in (317, 339):  # predictor, sample format
        whole, floating = (struct.pack("<HHIHH", number, 3, 1, value, 0) for value in (2, 3))
        files[2] = files[2].replace(whole, floating)
    return files


def _more_gif() -> Sequence[bytes]:
    """Two frames: refused, but its parts are spliced into others."""
    frames = [PillowImage.new("P", SIZE_WH, colour) for colour in (1, 2)]
    buffer = io.BytesIO()
    frames[0].save(buffer, format="gif", save_all=True, append_images=frames[1:])
    return [buffer.getvalue()]


def _more_bmp() -> Sequence[bytes]:
    """Run lengths of 8 and 4 bits, 16-bit pixels with masks, the old header, rows from the top."""

    def bmp(
        bits: int, compression: int, body: bytes, *, height: int = SIZE_WH[1], masks: bytes = b""
    ) -> bytes:
        colours = 1 << bits if bits <= 8 else 0
        start = 14 + 40 + len(masks) + 4 * colours
        file_head = struct.pack("<2sIHHI", b"BM", start + len(body), 0, 0, start)
        head = struct.pack(
            "<IiiHHIIiiII", 40, SIZE_WH[0], height, 1, bits, compression, len(body), 0, 0, 0, 0
        )
        table = bytes(value for i in range(colours) for value in (i, i, 255 - i, 0))
        return file_head + head + masks + table + body

    rle8 = (b"\x05\x01\x00\x04\x01\x02\x03\x04\x02\x02\x00\x00") * SIZE_WH[1] + b"\x00\x01"
    rle4 = (b"\x0b\x12\x00\x00") * SIZE_WH[1] + b"\x00\x01"
    masks = struct.pack("<III", 0xF800, 0x07E0, 0x001F)
    wide = bytes(range(24)) * SIZE_WH[1]
    old = struct.pack("<2sIHHIIHHHH", b"BM", 0, 0, 0, 26, 12, *SIZE_WH, 1, 24)
    return [
        bmp(8, 1, rle8),
        bmp(4, 2, rle4),
        bmp(16, 3, wide, masks=masks),
        bmp(24, 0, bytes(36 * SIZE_WH[1]), height=-SIZE_WH[1]),
        old + bytes(36 * SIZE_WH[1]),
    ]


_MORE: dict[str, Callable[[], Sequence[bytes]]] = {
    "png": _more_png,
    "tiff": _more_tiff,
    "gif": _more_gif,
    "bmp": _more_bmp,
}


@functools.cache
def stored_seeds(folder: Path) -> Sequence[bytes]:
    """The files of a folder that are small enough to be mutated by the thousand."""
    files = sorted(path for path in folder.iterdir() if path.is_file())
    return [path.read_bytes() for path in files if path.stat().st_size <= 20_000]


def mutate_image(name: str, rng: random.Random, seeds: Sequence[bytes]) -> bytes:
    """A mutant of an image file of format `name`."""
    return mutate_bytes(rng, seeds, ANATOMIES[name])


class ImageReader:
    """Reads one mutant in every way there is; an `ImageError` is the only way to refuse it."""

    def __init__(self) -> None:
        self._folder = tempfile.TemporaryDirectory(dir=IN_MEMORY)
        self._path = Path(self._folder.name) / "image"

    def __call__(self, data: bytes) -> None:
        self._path.write_bytes(data)
        try:
            size_hw = image_size_hw(self._path)
        except ImageError:
            size_hw = None
        try:
            index = read_index(self._path)
        except ImageError:
            index = None
        image = decode_image(data)  # its ImageError is what the hunt looks into
        if image.pixels.shape[:2] != size_hw or (image.pixels.size == 0):
            raise AssertionError(f"the header says {size_hw}, pixels are {image.pixels.shape}")
        if index is not None and index.shape[:2] != size_hw:
            raise AssertionError(f"the header says {size_hw}, the mask is {index.shape}")
