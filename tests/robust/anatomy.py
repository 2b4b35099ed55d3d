"""Where the numbers and the blocks of an image file are, so that mutations get past its checksums.

A file is taken apart as far as it goes: on damaged input the rest is simply not found.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple


class Number(NamedTuple):
    """A whole number in a file: its place, its length in bytes, its byte order."""

    at: int
    size: int
    order: str


class Block(NamedTuple):
    """A run of bytes that belongs together, such as a PNG chunk: start and end."""

    start: int
    end: int


@dataclass(frozen=True)
class Anatomy:
    """How one format is built.

    Attributes:
        numbers: Finds sizes, counts, offsets and lengths.
        blocks: Finds chunks, segments and directory entries.
        seal: Makes the checksums of a mutated file right.
        repack: Lets a function change what is compressed inside, and compresses it again.
    """

    numbers: Callable[[bytes], list[Number]] = lambda data: []
    blocks: Callable[[bytes], list[Block]] = lambda data: []
    seal: Callable[[bytes], bytes] = lambda data: data
    repack: Callable[[bytes, Callable[[bytearray], None]], bytes] = lambda data, change: data


def _png_blocks(data: bytes) -> list[Block]:
    blocks, at = [], 8
    while at + 12 <= len(data):
        end = at + 12 + int.from_bytes(data[at : at + 4], "big")
        if end > len(data):
            break
        blocks.append(Block(at, end))
        at = end
    return blocks


def _png_numbers(data: bytes) -> list[Number]:
    numbers = [Number(at, size, ">") for at, size in ((16, 4), (20, 4))]
    numbers += [Number(at, 1, ">") for at in range(24, 29)]  # bits, colour, compression, …
    return numbers + [Number(block.start, 4, ">") for block in _png_blocks(data)]


def _png_seal(data: bytes) -> bytes:
    sealed = bytearray(data)
    for start, end in _png_blocks(data):
        sealed[end - 4 : end] = struct.pack(">I", zlib.crc32(data[start + 4 : end - 4]))
    return bytes(sealed)


def _png_repack(data: bytes, change: Callable[[bytearray], None]) -> bytes:
    pieces = [data[start:end] for start, end in _png_blocks(data)]
    streams = [piece[8:-4] for piece in pieces if piece[4:8] == b"IDAT"]
    try:
        rows = bytearray(zlib.decompress(b"".join(streams)))
    except zlib.error:
        return data
    change(rows)
    packed = zlib.compress(rows, 1)
    body = b"IDAT" + packed
    chunk = struct.pack(">I", len(packed)) + body + struct.pack(">I", zlib.crc32(body))
    first = next(i for i, piece in enumerate(pieces) if piece[4:8] == b"IDAT")
    rest = [piece for piece in pieces[first:] if piece[4:8] != b"IDAT"]
    return b"".join([data[:8], *pieces[:first], chunk, *rest])


def _jpeg_blocks(data: bytes) -> list[Block]:
    blocks, at = [], 2
    while at + 4 <= len(data) and data[at] == 0xFF:
        end = at + 2 + int.from_bytes(data[at + 2 : at + 4], "big")
        blocks.append(Block(at, min(end, len(data))))
        if data[at + 1] == 0xDA:
            break
        at = end
    return blocks


def _jpeg_numbers(data: bytes) -> list[Number]:
    numbers = []
    for start, end in _jpeg_blocks(data):
        numbers += [Number(start + 1, 1, ">"), Number(start + 2, 2, ">")]
        if data[start + 1] in (0xC0, 0xC1, 0xC2):  # frame header: bits, height, width, components
            numbers += [Number(start + 5, 2, ">"), Number(start + 7, 2, ">")]
            numbers += [Number(at, 1, ">") for at in (start + 4, *range(start + 9, end))]
        elif data[start + 1] in (0xDA, 0xDB, 0xC4, 0xDD, 0xEE):
            numbers += [Number(at, 1, ">") for at in range(start + 4, min(end, start + 24))]
    return numbers


def _tiff_blocks(data: bytes) -> list[Block]:
    """The 12-byte entries of all directories of a classic TIFF."""
    order = "<" if data[:2] == b"II" else ">"
    blocks, seen = [], set()
    at = struct.unpack_from(f"{order}I", data, 4)[0] if len(data) >= 8 else 0
    while 0 < at <= len(data) - 2 and at not in seen and len(seen) < 20:
        seen.add(at)
        (count,) = struct.unpack_from(f"{order}H", data, at)
        end = at + 2 + 12 * count
        if end + 4 > len(data):
            break
        blocks += [Block(entry, entry + 12) for entry in range(at + 2, end, 12)]
        (at,) = struct.unpack_from(f"{order}I", data, end)
    return blocks


def _tiff_numbers(data: bytes) -> list[Number]:
    order = "<" if data[:2] == b"II" else ">"
    numbers = [Number(4, 4, order)]
    blocks = _tiff_blocks(data)
    for start, end in blocks:  # tag, type, count, value or where the values are
        numbers += [Number(start, 2, order), Number(start + 2, 2, order)]
        numbers += [Number(start + 4, 4, order), Number(start + 8, 4, order)]
        numbers += [Number(start + 8, 2, order)]
        (place,) = struct.unpack_from(f"{order}I", data, start + 8)
        if 8 <= place < len(data) - 4:
            numbers += [Number(place, 4, order), Number(place, 2, order)]
        if end + 4 <= len(data):
            numbers.append(Number(end, 4, order))  # behind the last: the next directory
    if blocks:
        numbers.append(Number(blocks[0].start - 2, 2, order))
    return numbers


def _webp_blocks(data: bytes) -> list[Block]:
    blocks, at = [], 12
    while at + 8 <= len(data):
        length = int.from_bytes(data[at + 4 : at + 8], "little")
        end = at + 8 + length + length % 2
        if end > len(data):
            break
        blocks.append(Block(at, end))
        at = end
    return blocks


def _webp_numbers(data: bytes) -> list[Number]:
    numbers = [Number(4, 4, "<")]
    for start, end in _webp_blocks(data):
        numbers.append(Number(start + 4, 4, "<"))
        numbers += [Number(at, 1, "<") for at in range(start + 8, min(start + 24, end))]
        numbers += [Number(at, 2, "<") for at in range(start + 8, min(start + 20, end - 1))]
    return numbers


def _bmp_numbers(data: bytes) -> list[Number]:
    numbers = [Number(at, 4, "<") for at in range(2, min(70, len(data) - 4), 4)]
    return [*numbers, Number(26, 2, "<"), Number(28, 2, "<")]


def _gif_blocks(data: bytes) -> list[Block]:
    """Extensions and pictures behind the global colour table."""
    blocks = []
    at = 13 + (3 << ((data[10] & 7) + 1) if len(data) > 10 and data[10] & 0x80 else 0)
    while at + 10 < len(data) and data[at] in b",!":
        start = at
        if data[at] == ord(","):
            flags = data[at + 9]
            at += 11 + (3 << ((flags & 7) + 1) if flags & 0x80 else 0)
        else:
            at += 2
        while at < len(data) and data[at]:
            at += data[at] + 1
        at += 1
        if at <= len(data):
            blocks.append(Block(start, at))
    return blocks


def _gif_numbers(data: bytes) -> list[Number]:
    numbers = [Number(6, 2, "<"), Number(8, 2, "<"), Number(10, 1, "<"), Number(11, 1, "<")]
    for start, _ in _gif_blocks(data):
        if data[start] == ord(","):
            numbers += [Number(at, 2, "<") for at in range(start + 1, start + 9, 2)]
            numbers += [Number(start + 9, 1, "<"), Number(start + 10, 1, "<")]
        else:
            numbers += [Number(at, 1, "<") for at in range(start + 1, start + 8)]
    return numbers


ANATOMIES: dict[str, Anatomy] = {
    "png": Anatomy(_png_numbers, _png_blocks, _png_seal, _png_repack),
    "jpeg": Anatomy(_jpeg_numbers, _jpeg_blocks),
    "tiff": Anatomy(_tiff_numbers, _tiff_blocks),
    "webp": Anatomy(_webp_numbers, _webp_blocks),
    "bmp": Anatomy(_bmp_numbers),
    "gif": Anatomy(_gif_numbers, _gif_blocks),
}
