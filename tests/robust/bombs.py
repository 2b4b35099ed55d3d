"""Small files that ask for gigabytes, or for hours."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator, Mapping

from tests.robust.image_kinds import made_seeds

_LARGE = 14_000  # a side of 196 megapixels, within the limits: only what the file lacks betrays it
_SIDES = {
    "the largest square": (2**31 - 1, 2**31 - 1),
    "the longest row": (2**31 - 1, 1),
    "the highest column": (1, 2**31 - 1),
    "a little beyond the limit": (20_000, 10_001),
    "within the limit": (_LARGE, _LARGE),
    "a row within the limit": (190_000_000, 1),
    "a column within the limit": (1, 190_000_000),
}


def bombs() -> Mapping[str, bytes]:
    """Name → file; every one must be refused."""
    made = [*_png(), *_jpeg(), *_tiff(), *_webp(), *_bmp(), *_gif()]
    assert len(dict(made)) == len(made)
    return dict(made)


def duds() -> Mapping[str, bytes]:
    """Bombs in parts that are never unpacked: the small picture around them is read, at no cost."""
    text = zlib.compress(bytes(100_000_000), 9)
    text = _png_chunk(b"zTXt", b"a\0\0" + text) + _png_chunk(b"iTXt", b"a\0\1\0\0\0" + text)
    profile = _png_chunk(b"iCCP", b"a\0\0" + zlib.compress(bytes(100_000_000), 9))
    rows = bytes(100_000_000)
    loop = b"II*\0\x08\0\0\0\1\0" + struct.pack("<HHII", 0x8769, 4, 1, 8) + struct.pack("<I", 8)
    counts = b"MM\0*\0\0\0\x08" + struct.pack(">HHHII", 65535, 274, 3, 2**32 - 1, 8)
    jpeg = made_seeds("jpeg")[0]
    return {
        "PNG with texts of 200 MB": _png_file(9, 9, before=text),
        "PNG with a colour profile of 100 MB": _png_file(9, 9, before=profile),
        "PNG with 100 MB of rows that nobody asked for": _png_file(9, 9, rows=rows),
        "PNG with EXIF in a circle": _png_file(9, 9, before=_png_chunk(b"eXIf", loop)),
        "PNG with EXIF of four billion values": _png_file(9, 9, before=_png_chunk(b"eXIf", counts)),
        "JPEG with EXIF in a circle": _with_segment(jpeg, 0xE1, b"Exif\0\0" + loop),
        "JPEG with EXIF of four billion values": _with_segment(jpeg, 0xE1, b"Exif\0\0" + counts),
        "JPEG with a profile of 255 parts": _with_segment(
            jpeg, 0xE2, b"ICC_PROFILE\0\1\xff" + bytes(100)
        ),
        "JPEG with comments of 6 MB": _with_segment(jpeg, 0xFE, bytes(65_000), times=100),
    }


def _png_chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


def _png_file(
    width: int,
    height: int,
    *,
    bits: int = 8,
    colour: int = 0,
    interlace: int = 0,
    rows: bytes = bytes(1000),
    before: bytes = b"",
) -> bytes:
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, interlace)
    chunks = _png_chunk(b"IHDR", header) + before + _png_chunk(b"IDAT", zlib.compress(rows, 9))
    return b"\x89PNG\r\n\x1a\n" + chunks + _png_chunk(b"IEND", b"")


def _png() -> Iterator[tuple[str, bytes]]:
    for name, (width, height) in _SIDES.items():
        yield f"PNG, {name}", _png_file(width, height)
    yield "PNG, 16 bits and alpha", _png_file(_LARGE, _LARGE, bits=16, colour=6)
    yield "PNG, interlaced", _png_file(_LARGE, _LARGE, interlace=1)
    yield "PNG, palette", _png_file(_LARGE, _LARGE, colour=3)
    yield "PNG, half a megabyte too little", _png_file(_LARGE, _LARGE, colour=2, rows=bytes(10**7))
    yield "PNG, no pixel", _png_file(0, 0)
    yield (
        "PNG, a billion frames",
        _png_file(9, 9, before=_png_chunk(b"acTL", struct.pack(">II", 10**9, 0))),
    )
    second = _png_chunk(b"IHDR", struct.pack(">IIBBBBB", _LARGE, _LARGE, 8, 2, 0, 0, 0))
    yield "PNG, a second header", _png_file(9, 9, before=second)


def _with_segment(jpeg: bytes, marker: int, body: bytes, *, times: int = 1) -> bytes:
    segment = struct.pack(">BBH", 0xFF, marker, len(body) + 2) + body
    return jpeg[:2] + segment * times + jpeg[2:]


def _jpeg_file(
    width: int, height: int, *, progressive: bool = False, frame: int | None = None
) -> bytes:
    seed = bytearray(made_seeds("jpeg")[3 if progressive else 0])
    at = seed.index(b"\xff\xc2" if progressive else b"\xff\xc0")
    struct.pack_into(">HH", seed, at + 5, height, width)
    if frame is not None:
        seed[at + 1] = frame
    return bytes(seed)


def _jpeg() -> Iterator[tuple[str, bytes]]:
    for progressive in (False, True):
        how = "JPEG, progressive" if progressive else "JPEG"
        yield f"{how}, the largest square", _jpeg_file(65_535, 65_535, progressive=progressive)
        yield (
            f"{how}, a little beyond the limit",
            _jpeg_file(65_500, 3_054, progressive=progressive),
        )
        yield f"{how}, within the limit", _jpeg_file(_LARGE, _LARGE, progressive=progressive)
        yield f"{how}, a strip", _jpeg_file(65_500, 3_000, progressive=progressive)
    yield "JPEG, no height", _jpeg_file(11, 0)
    yield "JPEG, arithmetic, the largest square", _jpeg_file(65_535, 65_535, frame=0xC9)
    yield "JPEG, lossless, the largest square", _jpeg_file(65_535, 65_535, frame=0xC3)
    frame = struct.pack(">BHHBBBBBBBBBB", 8, _LARGE, _LARGE, 3, 1, 17, 0, 2, 17, 1, 3, 17, 1)
    yield "JPEG, a larger frame first", _with_segment(made_seeds("jpeg")[0], 0xC0, frame)
    seed = made_seeds("jpeg")[3]
    scan = seed[seed.index(b"\xff\xda") : -2]
    for scans in (501, 5_000, 100_000):
        yield f"JPEG, {scans:,} scans", seed[:-2] + scan[:12] * scans + seed[-2:]


def _tiff_file(
    entries: Mapping[int, tuple[int, ...]], *, data: bytes = bytes(64), again: int = 0
) -> bytes:
    """A TIFF of LONG values; `again` is the offset of a next directory."""
    tags = {262: (1,), 258: (8,), 277: (1,), 273: (8,), 279: (len(data),), **entries}
    tags = {259: (1,), **tags}
    start = 8 + len(data)
    more_at = start + 2 + 12 * len(tags) + 4
    directory, more = struct.pack("<H", len(tags)), b""
    for tag, values in sorted(tags.items()):
        packed = struct.pack(f"<{len(values)}I", *values)
        place = packed if len(packed) == 4 else struct.pack("<I", more_at + len(more))
        more += b"" if len(packed) == 4 else packed
        directory += struct.pack("<HHI", tag, 4, len(values)) + place
    return b"II*\0" + struct.pack("<I", start) + data + directory + struct.pack("<I", again) + more


def _tiff() -> Iterator[tuple[str, bytes]]:
    for name, (width, height) in _SIDES.items():
        yield f"TIFF, {name}", _tiff_file({256: (width,), 257: (height,), 278: (height,)})
    large = {256: (_LARGE,), 257: (_LARGE,), 278: (_LARGE,)}
    zeros = zlib.compress(bytes(10**7), 9)
    yield "TIFF, Deflate of a thousandth", _tiff_file({**large, 259: (8,)}, data=zeros)
    for name, compression in {
        "LZW": 5,
        "PackBits": 32773,
        "Zstandard": 50000,
        "JPEG": 7,
        "old JPEG": 6,
        "fax, group 3": 3,
        "fax, group 4": 4,
        "fax, lines": 2,
    }.items():
        bits = (1,) if "fax" in name else (8,)
        yield f"TIFF, {name}", _tiff_file({**large, 259: (compression,), 258: bits})
    high = {256: (1,), 257: (190_000_000,), 278: (190_000_000,), 258: (1,)}
    yield "TIFF, fax of two hundred million rows", _tiff_file({**high, 259: (3,)})
    square = {256: (9,), 257: (9,), 278: (9,)}
    yield "TIFF, tiles of a side of 2 billion", _tiff_file({**square, 322: (2**31,), 323: (2**31,)})
    yield "TIFF, tiles of one pixel", _tiff_file({**large, 322: (1,), 323: (1,)})
    yield "TIFF, strips of one row", _tiff_file({**large, 278: (1,)})
    yield "TIFF, four billion samples", _tiff_file({**square, 277: (2**32 - 1,)})
    yield "TIFF, four billion bits", _tiff_file({**square, 258: (2**32 - 1,)})
    one_place = {273: (8,) * 10_000, 279: (10**4,) * 10_000}
    yield (
        "TIFF, ten thousand strips in one place",
        _tiff_file(
            {256: (20_000,), 257: (10_000,), 278: (1,), 259: (8,), **one_place},
            data=zlib.compress(bytes(10**7), 9).ljust(10**4, b"\0")[:5_000],
        ),
    )
    yield "TIFF, directories in a circle", _tiff_file(square, again=72)
    yield "TIFF, two billion pages", _tiff_file(square, again=2**31)
    sound = _tiff_file(square)
    yield (
        "TIFF, four billion values",
        sound.replace(struct.pack("<HHI", 279, 4, 1), struct.pack("<HHI", 279, 4, 2**32 - 1)),
    )
    yield "TIFF, many entries", sound[:72] + struct.pack("<H", 65_535) + sound[74:]
    overlapping = [struct.pack("<HHII", 273, 4, 25_000, 8)] * 10_000
    yield (
        "TIFF, entries that overlap",
        (b"II*\0" + struct.pack("<IH", 8, 10_000) + b"".join(overlapping) + bytes(10_000)),
    )
    big = b"II+\0\x08\0\0\0" + struct.pack("<QQ", 16, 2**60) + bytes(100)
    yield "TIFF, big, more entries than bytes", big
    yield "TIFF, big, directory beyond the end", b"II+\0\x08\0\0\0" + struct.pack("<Q", 2**63)


def _webp_file(kind: bytes, body: bytes, *more: tuple[bytes, bytes]) -> bytes:
    chunks = b""
    for name, content in ((kind, body), *more):
        chunks += name + struct.pack("<I", len(content)) + content + b"\0" * (len(content) % 2)
    return b"RIFF" + struct.pack("<I", 4 + len(chunks)) + b"WEBP" + chunks


def _webp() -> Iterator[tuple[str, bytes]]:
    def canvas(width: int, height: int, flags: int = 0) -> bytes:
        sides = (width - 1).to_bytes(3, "little") + (height - 1).to_bytes(3, "little")
        return bytes([flags, 0, 0, 0]) + sides

    def lossless(width: int, height: int) -> bytes:
        return b"\x2f" + struct.pack("<I", (width - 1) | (height - 1) << 14) + bytes(40)

    def lossy(width: int, height: int) -> bytes:
        return b"\x10\x02\0\x9d\x01\x2a" + struct.pack("<HH", width, height) + bytes(40)

    yield "WebP, the largest canvas", _webp_file(b"VP8X", canvas(2**24, 2**24))
    yield "WebP, the longest canvas", _webp_file(b"VP8X", canvas(2**24, 256))
    yield "WebP, lossless, the largest square", _webp_file(b"VP8L", lossless(16_384, 16_384))
    yield "WebP, lossy, the largest square", _webp_file(b"VP8 ", lossy(16_383, 16_383))
    yield "WebP, lossless, cut off", _webp_file(b"VP8L", lossless(12_000, 12_000))
    yield "WebP, lossy, cut off", _webp_file(b"VP8 ", lossy(12_000, 12_000))
    small = (b"VP8L", lossless(9, 9))
    yield "WebP, a canvas without picture", _webp_file(b"VP8X", canvas(12_000, 12_000), small)
    frame = (b"ANMF", bytes(16) + b"VP8L" + struct.pack("<I", 46) + lossless(9, 9) + b"\0")
    animated = [(b"ANIM", bytes(6)), *[frame] * 2_000]
    yield "WebP, two thousand frames", _webp_file(b"VP8X", canvas(9, 9, 2), *animated)


def _bmp_file(
    width: int, height: int, *, bits: int = 24, compression: int = 0, colours: int = 0
) -> bytes:
    head = struct.pack("<IiiHHIIiiII", 40, width, height, 1, bits, compression, 0, 0, 0, colours, 0)
    return struct.pack("<2sIHHI", b"BM", 0, 0, 0, 54 + 1024) + head + bytes(1024) + bytes(500)


def _bmp() -> Iterator[tuple[str, bytes]]:
    for name, (width, height) in _SIDES.items():
        yield f"BMP, {name}", _bmp_file(width, height)
    yield "BMP, from the top", _bmp_file(_LARGE, -_LARGE)
    yield "BMP, the lowest height", _bmp_file(1, -(2**31))
    yield "BMP, run lengths of 8 bits", _bmp_file(_LARGE, _LARGE, bits=8, compression=1)
    yield "BMP, run lengths of 4 bits", _bmp_file(190_000_000, 1, bits=4, compression=2)
    yield "BMP, run lengths in a column", _bmp_file(1, 190_000_000, bits=8, compression=1)
    yield "BMP, 65,535 bits", _bmp_file(_LARGE, _LARGE, bits=65_535)
    yield "BMP, four billion colours", _bmp_file(_LARGE, _LARGE, bits=8, colours=2**32 - 1)
    old = struct.pack("<2sIHHIIHHHH", b"BM", 0, 0, 0, 26, 12, 65_535, 65_535, 1, 24)
    yield "BMP, old, the largest square", old + bytes(100)


def _gif_file(
    screen: tuple[int, int], frame: tuple[int, int, int, int], *, times: int = 1
) -> bytes:
    head = b"GIF89a" + struct.pack("<HHBBB", *screen, 0x80, 0, 0) + bytes(6)
    return head + (b"," + struct.pack("<HHHHB", *frame, 0) + b"\x02\x02\x44\x01\0") * times + b";"


def _gif() -> Iterator[tuple[str, bytes]]:
    yield "GIF, the largest screen", _gif_file((65_535, 65_535), (0, 0, 1, 1))
    yield "GIF, the largest frame", _gif_file((1, 1), (0, 0, 65_535, 65_535))
    yield "GIF, the farthest frame", _gif_file((1, 1), (65_535, 65_535, 1, 1))
    yield "GIF, a screen within the limit", _gif_file((_LARGE, _LARGE), (0, 0, 1, 1))
    yield "GIF, a frame within the limit", _gif_file((1, 1), (0, 0, _LARGE, _LARGE))
    yield "GIF, a strip", _gif_file((65_535, 3_000), (0, 0, 65_535, 3_000))
    yield "GIF, two thousand frames", _gif_file((9, 9), (0, 0, 1, 1), times=2_000)
    yield "GIF, no pixel", _gif_file((0, 0), (0, 0, 0, 0))
