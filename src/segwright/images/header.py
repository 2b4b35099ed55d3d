"""What an image file says about itself in its first bytes, read without decoding a pixel.

Only the formats below are ever opened: the format is told by the magic bytes, never by the file's
name, and each parser is bounded by the bytes that are there. The sizes found here are what the
limits are checked against; a decoder that finds another size has met a lying file.

Sources: PNG 3rd edition (W3C 2025), ITU T.81 (JPEG), GIF89a, RFC 9649 (WebP), TIFF 6.0.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Callable
from dataclasses import dataclass
from typing import BinaryIO

from segwright.images.faults import Unreadable, truncated
from segwright.images.tiff import TiffLayout, read_directories, read_exif_orientation

FORMATS = ("PNG", "JPEG", "TIFF", "WebP", "BMP", "GIF")
IMAGE_SUFFIXES = frozenset(
    {".png", ".jpg", ".jpeg", ".tif", ".tiff", ".webp", ".bmp", ".gif"},
)
"""Suffixes, in lower case, of the files that are taken for images when a folder is listed."""

# No Deflate stream unpacks to more than 1032 times its length, no LZW stream of codes of up to 12
# bits to more than 2731 times (4096 bytes per code), no pair of run-length bytes to more than 255.
_DEFLATE_RATIO = 1032
_LZW_RATIO = 2731
_RUN_RATIO = 128
# Walks over chunks and blocks stop here: a file of a billion empty chunks is an attack.
_MAX_STEPS = 2_000_000


@dataclass(frozen=True)
class Header:
    """What a file announces.

    Attributes:
        format: One of `FORMATS`.
        size_hw: Height and width in pixels as stored, before the EXIF orientation.
        decoded_bytes: Upper bound of what the decoded samples take.
        orientation: EXIF orientation 1 … 8; 1 is upright.
        frames: Number of frames or pages.
        bits: Bits per sample.
        fewest_bytes: No whole file with these pixels is smaller; 0 where nothing is known. What a
            small file lacks some decoders make up, at the full cost of a large picture.
        tiff: Where and how the samples of a TIFF are stored; None for other formats.
    """

    format: str
    size_hw: tuple[int, int]
    decoded_bytes: int
    orientation: int = 1
    frames: int = 1
    bits: int = 8
    fewest_bytes: int = 0
    tiff: TiffLayout | None = None

    @property
    def upright_size_hw(self) -> tuple[int, int]:
        """Height and width after the EXIF orientation; 5 … 8 lie on their side."""
        height, width = self.size_hw
        return (width, height) if self.orientation >= 5 else (height, width)


def read_header(file: BinaryIO) -> Header:
    """Reads the header of an image file that stands at its start.

    Raises:
        Unreadable: Not one of `FORMATS`, or the header is cut off or contradicts itself.
    """
    magic = file.read(16)
    if not magic:
        raise Unreadable("the file is empty", "Copy or download the file again")
    for matches, parse in _PARSERS:
        if matches(magic):
            file.seek(0)
            return parse(file)
    raise Unreadable(
        f"the file is not an image that can be read (it starts with {magic[:8]!r}); "
        f"accepted are {', '.join(FORMATS)}",
        "Save it as PNG or TIFF, or leave it out",
    )


def _take(file: BinaryIO, count: int, what: str) -> bytes:
    data = file.read(count)
    if len(data) < count:
        raise truncated(what)
    return data


def _png(file: BinaryIO) -> Header:
    start = _take(file, 33, "the PNG header")
    length, kind, width, height, bits, colour = struct.unpack(">I4sIIBB", start[8:26])
    if kind != b"IHDR" or length != 13:
        raise Unreadable("the PNG does not begin with its IHDR chunk", "Save the image again")
    # Channels of colour types 0 grey, 2 RGB, 3 palette (becomes RGBA), 4 grey+alpha, 6 RGBA.
    channels = {0: 1, 2: 3, 3: 4, 4: 2, 6: 4}.get(colour, 4)
    orientation = frames = 1
    for _ in range(_MAX_STEPS):
        head = file.read(8)
        if len(head) < 8 or head[4:] == b"IEND":
            break
        (length,) = struct.unpack(">I", head[:4])
        if head[4:] == b"eXIf":
            orientation = read_exif_orientation(file.read(length))
            file.seek(4, io.SEEK_CUR)
        elif head[4:] == b"acTL" and length >= 4:
            (frames,) = struct.unpack(">I", _take(file, 4, "the animation chunk"))
            file.seek(length, io.SEEK_CUR)
        else:
            file.seek(length + 4, io.SEEK_CUR)
    decoded = height * width * channels * (2 if bits == 16 else 1)
    samples = {2: 3, 4: 2, 6: 4}.get(colour, 1)
    fewest = height * (width * samples * bits // 8) // _DEFLATE_RATIO
    return Header("PNG", (height, width), decoded, orientation, max(frames, 1), bits, fewest)


# Frame header → bits that a block of 8×8 samples takes at least: a code for its mean and, unless
# progressive scans share it, one for "the rest is zero". Arithmetic coding takes less than a bit.
_JPEG_BLOCK_BITS = {0xC0: 2, 0xC1: 2, 0xC2: 1}


def _jpeg(file: BinaryIO) -> Header:
    file.seek(2)
    size_hw, bits, orientation, block_bits = None, 8, 1, 0
    for _ in range(_MAX_STEPS):
        marker = _take(file, 2, "the JPEG header")
        while marker[0] == 0xFF and marker[1] == 0xFF:  # fill bytes before a marker
            marker = marker[1:] + _take(file, 1, "the JPEG header")
        if marker[0] != 0xFF:
            raise Unreadable("the JPEG header is damaged", "Save the image again")
        if marker[1] in (0xDA, 0xD9):  # the scan, or the end of the image
            break
        if marker[1] == 0x01 or 0xD0 <= marker[1] <= 0xD8:  # stand alone
            continue
        (length,) = struct.unpack(">H", _take(file, 2, "the JPEG header"))
        body = _take(file, max(length - 2, 0), "the JPEG header")
        if 0xC0 <= marker[1] <= 0xCF and marker[1] not in (0xC4, 0xC8, 0xCC) and len(body) >= 6:
            bits, height, width = struct.unpack(">BHH", body[:5])
            size_hw = (height, width)
            block_bits = _JPEG_BLOCK_BITS.get(marker[1], 0)
        elif marker[1] == 0xE1 and body.startswith(b"Exif\0\0"):
            orientation = read_exif_orientation(body[6:])
    if size_hw is None:
        raise Unreadable("the JPEG has no frame header", "Save the image again")
    fewest = -(-size_hw[0] // 8) * -(-size_hw[1] // 8) * block_bits // 8
    decoded = size_hw[0] * size_hw[1] * 4
    return Header("JPEG", size_hw, decoded, orientation, bits=bits, fewest_bytes=fewest)


def _gif(file: BinaryIO) -> Header:
    width, height, flags = struct.unpack("<6xHHBxx", _take(file, 13, "the GIF header"))
    file.seek(_gif_table_bytes(flags), io.SEEK_CUR)
    frames = steps = 0
    while block := file.read(1):
        steps += 1
        if block == b",":  # an image; the first may reach beyond the screen, which then grows
            place = struct.unpack("<HHHHB", _take(file, 9, "a GIF frame"))
            if frames == 0:
                width = max(width, place[0] + place[2])
                height = max(height, place[1] + place[3])
            frames += 1
            file.seek(_gif_table_bytes(place[4]) + 1, io.SEEK_CUR)
        elif block == b"!":
            file.seek(1, io.SEEK_CUR)
        elif block == b";" or steps > _MAX_STEPS:
            break
        else:
            continue  # padding between blocks, which readers skip
        while (size := file.read(1)) not in (b"", b"\0"):
            steps += 1
            if steps > _MAX_STEPS:
                raise Unreadable("the GIF has too many blocks", "Save it as PNG")
            file.seek(size[0], io.SEEK_CUR)
    if frames == 0:
        raise Unreadable("the GIF holds no frame", "Copy or download the file again")
    fewest = height * width // _LZW_RATIO
    return Header("GIF", (height, width), height * width * 4, frames=frames, fewest_bytes=fewest)


def _gif_table_bytes(flags: int) -> int:
    """Bytes of the colour table that a flag byte announces."""
    return 3 << ((flags & 7) + 1) if flags & 0x80 else 0


def _bmp(file: BinaryIO) -> Header:
    start = _take(file, 26, "the BMP header")
    (dib_bytes,) = struct.unpack("<I", start[14:18])
    if dib_bytes == 12:
        width, height, _, bits = struct.unpack("<HHHH", start[18:26])
        compression = 0
    else:
        width, height = struct.unpack("<ii", start[18:26])
        _, bits, compression = struct.unpack("<HHI", _take(file, 8, "the BMP header"))
    height, width = abs(height), max(width, 0)  # negative height: rows run from the top
    fewest = height * (width * bits // 8)
    if compression in (1, 2):
        fewest = height * width // _RUN_RATIO
    return Header("BMP", (height, width), height * width * 4, fewest_bytes=fewest)


def _webp(file: BinaryIO) -> Header:
    file.seek(12)
    size_hw, orientation, frames = None, 1, 0
    for _ in range(_MAX_STEPS):
        head = file.read(8)
        if len(head) < 8:
            break
        kind, length = struct.unpack("<4sI", head)
        following = file.tell() + length + length % 2
        if kind == b"EXIF":
            orientation = read_exif_orientation(file.read(length).removeprefix(b"Exif\0\0"))
        elif kind == b"ANMF":
            frames += 1
        elif size_hw is None and kind in (b"VP8X", b"VP8 ", b"VP8L"):
            size_hw = _webp_size_hw(kind, file.read(10))
        file.seek(following)
    if size_hw is None:
        raise Unreadable("the WebP file holds no image", "Copy or download the file again")
    # libwebp keeps two RGBA canvases beside what it returns.
    return Header("WebP", size_hw, size_hw[0] * size_hw[1] * 8, orientation, max(frames, 1))


def _webp_size_hw(kind: bytes, body: bytes) -> tuple[int, int]:
    """Size from the first bytes of the chunk that holds it; RFC 9649, sections 2.5 to 2.7."""
    if len(body) < 10:
        raise truncated("the WebP header")
    if kind == b"VP8X":
        width = int.from_bytes(body[4:7], "little") + 1
        height = int.from_bytes(body[7:10], "little") + 1
    elif kind == b"VP8L":
        packed = int.from_bytes(body[1:5], "little")
        width, height = (packed & 0x3FFF) + 1, (packed >> 14 & 0x3FFF) + 1
    else:
        width, height = (side & 0x3FFF for side in struct.unpack("<HH", body[6:10]))
    return height, width


def _tiff(file: BinaryIO) -> Header:
    directory, pages = read_directories(file)
    layout = TiffLayout.of(directory)
    return Header(
        "TIFF",
        layout.size_hw,
        layout.decoded_bytes,
        directory.orientation,
        pages,
        layout.bits,
        layout.fewest_bytes,
        layout,
    )


_PARSERS: tuple[tuple[Callable[[bytes], bool], Callable[[BinaryIO], Header]], ...] = (
    (lambda magic: magic.startswith(b"\x89PNG\r\n\x1a\n"), _png),
    (lambda magic: magic.startswith(b"\xff\xd8\xff"), _jpeg),
    (lambda magic: magic[:4] in (b"II*\0", b"MM\0*", b"II+\0", b"MM\0+"), _tiff),
    (lambda magic: magic[:4] == b"RIFF" and magic[8:12] == b"WEBP", _webp),
    (lambda magic: magic[:2] == b"BM", _bmp),
    (lambda magic: magic[:6] in (b"GIF87a", b"GIF89a"), _gif),
)
