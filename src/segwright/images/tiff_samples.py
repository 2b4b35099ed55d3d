"""TIFF to the stored samples: any number of channels, integers and floats of 8 to 64 bits.

Pillow brings libtiff with every compression, but knows only a few pixel layouts and keeps 8 of 16
bits of colour. To a lossless codec, however, pixels are just bytes. So plain samples are
decompressed as bytes (Deflate here; the rest by libtiff as a grey picture, under a directory
written for that purpose), and what the bytes mean is decided here. Layouts with a colour model of
their own (1 to 4 bits, palette, CMYK, JPEG inside) are Pillow's, under a directory that holds
nothing but what they need.

Source: TIFF 6.0 (Adobe 1992); TIFF Technical Note 3 (floating point predictor, Adobe 2005).
"""

from __future__ import annotations

import io
import struct
import zlib
from collections.abc import Mapping, Sequence

import numpy as np

from segwright.images.faults import Unreadable, truncated
from segwright.images.raster import Raster
from segwright.images.tiff import Tag, TiffLayout

_UNCOMPRESSED = 1
_DEFLATE = (8, 32946)
_OTHER_LOSSLESS = (5, 32773, 34925, 50000)  # LZW, PackBits, LZMA, Zstandard
_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB = 0, 1, 2
_KINDS = {1: "u", 2: "i", 3: "f", 4: "u"}
_ASSOCIATED_ALPHA, _UNASSOCIATED_ALPHA = 1, 2
# What Pillow needs to know about a page beside where its data lie.
_MEANING = (
    Tag.WIDTH,
    Tag.HEIGHT,
    Tag.BITS,
    Tag.COMPRESSION,
    Tag.PHOTOMETRIC,
    Tag.FILL_ORDER,
    Tag.SAMPLES,
    Tag.ROWS_PER_STRIP,
    Tag.PLANAR,
    Tag.T4_OPTIONS,
    Tag.T6_OPTIONS,
    Tag.PREDICTOR,
    Tag.COLOUR_MAP,
    Tag.TILE_WIDTH,
    Tag.TILE_HEIGHT,
    Tag.INK_SET,
    Tag.EXTRA_SAMPLES,
    Tag.SAMPLE_FORMAT,
    Tag.JPEG_TABLES,
    Tag.YCBCR_SUBSAMPLING,
    Tag.YCBCR_POSITIONING,
)
# Type number and struct code of the tags that are not SHORT.
_WRITTEN_TYPE = {
    Tag.JPEG_TABLES: (7, "B"),
    **dict.fromkeys(
        (
            Tag.WIDTH,
            Tag.HEIGHT,
            Tag.ROWS_PER_STRIP,
            Tag.TILE_WIDTH,
            Tag.TILE_HEIGHT,
            Tag.T4_OPTIONS,
            Tag.T6_OPTIONS,
            Tag.STRIP_OFFSETS,
            Tag.STRIP_BYTES,
            Tag.TILE_OFFSETS,
            Tag.TILE_BYTES,
        ),
        (4, "I"),
    ),
}


def is_plain(layout: TiffLayout) -> bool:
    """Whether the samples are grey or RGB numbers of whole bytes under a lossless codec."""
    tags = layout.directory
    return (
        layout.bits in (8, 16, 32, 64)
        and tags.one(Tag.PHOTOMETRIC) in (_WHITE_IS_ZERO, _BLACK_IS_ZERO, _RGB)
        and tags.one(Tag.COMPRESSION, _UNCOMPRESSED) in (_UNCOMPRESSED, *_DEFLATE, *_OTHER_LOSSLESS)
    )


def decode_plain(layout: TiffLayout, data: bytes) -> Raster:
    """Decodes a page for which `is_plain` holds.

    Raises:
        Unreadable: Data are cut off or damaged, or the numbers are complex.
    """
    dtype = _stored_dtype(layout)
    chunks = layout.chunks(data)
    per_plane = len(chunks) // layout.planes
    planes = []
    for first in range(0, len(chunks), per_plane):
        packed = chunks[first : first + per_plane]
        planes.append(_numbers(layout, _unpacked(layout, packed), dtype))
    height, width = layout.size_hw
    samples = (planes[0] if len(planes) == 1 else np.concatenate(planes, -1))[:height, :width]
    if layout.directory.one(Tag.PHOTOMETRIC) == _WHITE_IS_ZERO and samples.dtype.kind == "u":
        samples = np.iinfo(samples.dtype).max - samples
    return _split_alpha(layout, samples)


def minimal_tiff(layout: TiffLayout, data: bytes) -> bytes:
    """The page alone, with no tag but those that say what its pixels are."""
    if layout.bits > 8:
        raise Unreadable(
            f"the TIFF stores {layout.bits}-bit samples with colour model "
            f"{layout.directory.one(Tag.PHOTOMETRIC)} and compression "
            f"{layout.directory.one(Tag.COMPRESSION, _UNCOMPRESSED)}; accepted beyond 8 bits are "
            "grey and RGB of 16, 32 or 64 bits without loss",
            "Save it as grey or RGB with Deflate compression",
        )
    tags = {tag: layout.directory.tags[tag] for tag in _MEANING if tag in layout.directory.tags}
    return _file(tags, layout.chunks(data), tiled=layout.tiled, order=layout.directory.order)


def _stored_dtype(layout: TiffLayout) -> np.dtype:
    sample_format = layout.directory.one(Tag.SAMPLE_FORMAT, 1)
    kind = _KINDS.get(sample_format)
    if kind is None or (kind == "f" and layout.bits == 8):
        raise Unreadable(
            f"the TIFF stores {layout.bits}-bit numbers of sample format {sample_format}; "
            "accepted are whole numbers and floats of 16 bits or more",
            "Save it as 8 or 16 bit integers or as float",
        )
    return np.dtype(f"{layout.directory.order}{kind}{layout.bits // 8}")


def _unpacked(layout: TiffLayout, chunks: Sequence[memoryview]) -> np.ndarray:
    """Decompresses one plane to (Y, bytes of a row) uint8 over whole strips or tiles."""
    compression = layout.directory.one(Tag.COMPRESSION, _UNCOMPRESSED)
    pixel_bytes = layout.samples // layout.planes * layout.bits // 8
    if compression in _OTHER_LOSSLESS:
        return _unpacked_by_libtiff(layout, chunks, pixel_bytes, compression)

    height, width = layout.stored_hw
    chunk_h, chunk_w = layout.chunk_hw
    unpacked = np.empty((height, width * pixel_bytes), np.uint8)
    across = width // chunk_w
    for number, chunk in enumerate(chunks):
        y, x = number // across * chunk_h, number % across * chunk_w * pixel_bytes
        target = unpacked[y : y + chunk_h, x : x + chunk_w * pixel_bytes]
        if compression in _DEFLATE:  # never more than fits, whatever the stream claims
            chunk = zlib.decompressobj().decompress(chunk, target.size)
        if len(chunk) < target.size:
            raise truncated(f"piece {number} of the TIFF's image data")
        target[:] = np.frombuffer(chunk, np.uint8, target.size).reshape(target.shape)
    return unpacked


def _unpacked_by_libtiff(
    layout: TiffLayout, chunks: Sequence[memoryview], pixel_bytes: int, compression: int
) -> np.ndarray:
    """Decompresses one plane as a grey picture whose pixels are the bytes."""
    height, width = layout.stored_hw
    chunk_h, chunk_w = layout.chunk_hw
    tags = {
        Tag.WIDTH: (width * pixel_bytes,),
        Tag.HEIGHT: (height,),
        Tag.BITS: (8,),
        Tag.COMPRESSION: (compression,),
        Tag.PHOTOMETRIC: (_BLACK_IS_ZERO,),
        Tag.FILL_ORDER: (layout.directory.one(Tag.FILL_ORDER, 1),),
        Tag.SAMPLES: (1,),
    }
    if layout.tiled:
        tags |= {Tag.TILE_WIDTH: (chunk_w * pixel_bytes,), Tag.TILE_HEIGHT: (chunk_h,)}
    else:
        tags[Tag.ROWS_PER_STRIP] = (chunk_h,)
    return _grey(_file(tags, chunks, tiled=layout.tiled, order="<"))


def _grey(tiff: bytes) -> np.ndarray:
    from PIL import TiffImagePlugin

    with TiffImagePlugin.TiffImageFile(io.BytesIO(tiff)) as picture:
        return np.asarray(picture)


def _numbers(layout: TiffLayout, unpacked: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Undoes the predictor and gives the bytes their meaning: (Y, X, samples of the plane)."""
    height, width = layout.stored_hw
    chunk_w = layout.chunk_hw[1]
    samples = layout.samples // layout.planes
    # Predictors run along the rows of one chunk.
    rows = (height, width // chunk_w, chunk_w, samples)
    predictor = layout.directory.one(Tag.PREDICTOR, 1)
    if layout.directory.one(Tag.COMPRESSION, _UNCOMPRESSED) == _UNCOMPRESSED:
        predictor = 1  # the tag counts only for compressed data
    if predictor == 3 and dtype.kind == "f":
        # Differences of bytes, over rows that hold the high bytes of all samples first.
        size = dtype.itemsize
        differences = unpacked.reshape(*rows[:2], -1, samples)
        split = np.cumsum(differences, axis=2, dtype=np.uint8).reshape(*rows[:2], size, -1)
        numbers = np.ascontiguousarray(split.swapaxes(-1, -2)).view(f">f{size}")
    elif predictor == 2:
        stored = unpacked.view(dtype.str.replace("f", "u").replace("i", "u")).reshape(rows)
        whole = stored.dtype.newbyteorder("=")
        numbers = np.cumsum(stored, axis=2, dtype=whole).view(dtype.newbyteorder("="))
    elif predictor == 1:
        numbers = unpacked.view(dtype)
    else:
        raise Unreadable(
            f"the TIFF uses predictor {predictor} on {dtype.name}; "
            "accepted are 1 and 2, and 3 on floats",
            "Save it without predictor",
        )
    return numbers.astype(dtype.newbyteorder("="), copy=False).reshape(height, width, samples)


def _split_alpha(layout: TiffLayout, samples: np.ndarray) -> Raster:
    """Takes out the extra sample that is marked as alpha; unmarked extras are channels."""
    extras = layout.directory.tags.get(Tag.EXTRA_SAMPLES, ())
    first_extra = layout.samples - len(extras)
    for number, meaning in enumerate(extras, start=first_extra):
        if meaning in (_ASSOCIATED_ALPHA, _UNASSOCIATED_ALPHA) and number > 0:
            pixels = np.delete(samples, number, axis=-1)
            return Raster(pixels, bits=layout.bits, alpha=samples[..., number])
    return Raster(samples, bits=layout.bits)


def _file(
    tags: Mapping[Tag, Sequence[int]],
    chunks: Sequence[memoryview],
    *,
    tiled: bool,
    order: str,
) -> bytes:
    """Writes a classic TIFF of one directory: header, entries, long values, chunks."""
    places, counts = (
        (Tag.TILE_OFFSETS, Tag.TILE_BYTES) if tiled else (Tag.STRIP_OFFSETS, Tag.STRIP_BYTES)
    )
    lengths = [len(chunk) for chunk in chunks]
    starts = np.cumsum([0, *lengths[:-1]])
    tags = {**tags, places: starts.tolist(), counts: lengths}
    # How long the directory is does not depend on the offsets in it, so it is written twice.
    tags[places] = (starts + len(_directory(tags, order))).tolist()
    return b"".join([_directory(tags, order), *chunks])


def _directory(tags: Mapping[Tag, Sequence[int]], order: str) -> bytes:
    """File header and directory; values of more than 4 bytes stand behind it."""
    entries, long_values = [], b""
    long_values_at = 8 + 2 + 12 * len(tags) + 4
    for tag in sorted(tags):
        kind, code = _WRITTEN_TYPE.get(tag, (3, "H"))
        packed = struct.pack(f"{order}{len(tags[tag])}{code}", *tags[tag])
        entry = struct.pack(f"{order}HHI", tag, kind, len(tags[tag]))
        if len(packed) <= 4:
            entries.append(entry + packed.ljust(4, b"\0"))
        else:
            entries.append(entry + struct.pack(f"{order}I", long_values_at + len(long_values)))
            long_values += packed
    start = struct.pack(f"{order}2sHIH", b"II" if order == "<" else b"MM", 42, 8, len(entries))
    return b"".join([start, *entries, bytes(4), long_values])
