"""The structure of a TIFF file: its directories, and where and how the samples are stored.

Source: TIFF 6.0 (Adobe 1992) and the BigTIFF design of libtiff.
"""

from __future__ import annotations

import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from enum import IntEnum
from typing import BinaryIO

from segwright.images.faults import Unreadable, truncated

_MAX_PAGES = 100_000


class Tag(IntEnum):
    """The tags that say what the pixels are; all others are never looked at."""

    SUBFILE = 254
    WIDTH = 256
    HEIGHT = 257
    BITS = 258
    COMPRESSION = 259
    PHOTOMETRIC = 262
    FILL_ORDER = 266
    STRIP_OFFSETS = 273
    ORIENTATION = 274
    SAMPLES = 277
    ROWS_PER_STRIP = 278
    STRIP_BYTES = 279
    PLANAR = 284
    T4_OPTIONS = 292
    T6_OPTIONS = 293
    PREDICTOR = 317
    COLOUR_MAP = 320
    TILE_WIDTH = 322
    TILE_HEIGHT = 323
    TILE_OFFSETS = 324
    TILE_BYTES = 325
    INK_SET = 332
    EXTRA_SAMPLES = 338
    SAMPLE_FORMAT = 339
    JPEG_TABLES = 347
    YCBCR_SUBSAMPLING = 530
    YCBCR_POSITIONING = 531


class GeoTag(IntEnum):
    """The tags that say where on the Earth the pixels lie (OGC GeoTIFF 1.1, section 7.1)."""

    PIXEL_SCALE = 33550
    TIE_POINTS = 33922
    TRANSFORMATION = 34264
    KEYS = 34735


_WANTED = frozenset(Tag)
# Compression → how many bytes one byte can stand for at most: none, LZW, Deflate (2), PackBits,
# Zstandard.
_LARGEST_RATIO = {1: 1, 5: 2731, 8: 1032, 32946: 1032, 32773: 64, 50000: 32768}
_FAX = (2, 3, 4)
_JPEG = (6, 7)
# Type number → struct code of the whole numbers: BYTE, SHORT, LONG, UNDEFINED, IFD, LONG8.
_WHOLE = {1: "B", 3: "H", 4: "I", 7: "B", 13: "I", 16: "Q"}
_SHORT_AND_DOUBLE = {3: "H", 12: "d"}


@dataclass(frozen=True)
class Directory:
    """The wanted tags of one image file directory.

    Attributes:
        order: Byte order of the file, "<" or ">".
        tags: Values by tag number, every one a tuple of whole numbers.
    """

    order: str
    tags: dict[int, tuple[int, ...]]

    def one(self, tag: Tag, default: int | None = None) -> int:
        """The first value of a tag; Unreadable if it is absent and there is no default."""
        values = self.tags.get(tag)
        if values:
            return values[0]
        if default is None:
            raise Unreadable(f"the TIFF has no {tag.name} tag", "Save the image again")
        return default

    @property
    def orientation(self) -> int:
        """EXIF orientation 1 … 8; anything else counts as upright, as in every viewer."""
        value = self.one(Tag.ORIENTATION, 1)
        return value if 1 <= value <= 8 else 1

    @property
    def is_page(self) -> bool:
        """Whether it is a picture of its own: not a preview (bit 0) or a mask (bit 2)."""
        return not self.one(Tag.SUBFILE, 0) & 0b101


@dataclass(frozen=True)
class TiffLayout:
    """Where the samples of one page lie, and how they are packed.

    Attributes:
        directory: The page's tags.
        size_hw: Height and width in pixels as stored.
        samples: Samples per pixel, alpha included.
        bits: Bits per sample.
        chunk_hw: Height and width of a strip or tile.
        tiled: Tiles are always whole; the last strip may be shorter.
    """

    directory: Directory
    size_hw: tuple[int, int]
    samples: int
    bits: int
    chunk_hw: tuple[int, int]
    tiled: bool

    @classmethod
    def of(cls, directory: Directory) -> TiffLayout:
        """Reads the layout from a page's tags; Unreadable if they contradict each other."""
        height, width = directory.one(Tag.HEIGHT), directory.one(Tag.WIDTH)
        bits = directory.tags.get(Tag.BITS) or (1,)
        if len(set(bits)) > 1:
            raise Unreadable(
                f"the TIFF stores its samples in {'/'.join(map(str, bits))} bits; "
                "accepted is one number of bits for all",
                "Save the image again with 8 or 16 bits per sample",
            )
        tiled = Tag.TILE_WIDTH in directory.tags
        if tiled:
            chunk_hw = directory.one(Tag.TILE_HEIGHT), directory.one(Tag.TILE_WIDTH)
        else:
            chunk_hw = min(directory.one(Tag.ROWS_PER_STRIP, height), height), width
        samples = directory.one(Tag.SAMPLES, 1)
        if min(height, width, samples, *chunk_hw) < 1:
            raise Unreadable(
                f"the TIFF says {width}×{height} pixels of {samples} samples in pieces of "
                f"{chunk_hw[1]}×{chunk_hw[0]}; all must be 1 or more",
                "Save the image again",
            )
        return cls(directory, (height, width), samples, bits[0], chunk_hw, tiled)

    @property
    def stored_hw(self) -> tuple[int, int]:
        """Height and width that the strips or tiles cover together."""
        (height, width), (chunk_h, chunk_w) = self.size_hw, self.chunk_hw
        if not self.tiled:
            return height, width
        return -(-height // chunk_h) * chunk_h, -(-width // chunk_w) * chunk_w

    @property
    def decoded_bytes(self) -> int:
        """Bytes of all samples as stored; at least one per sample."""
        height, width = self.stored_hw
        return height * width * self.samples * -(-self.bits // 8)

    @property
    def fewest_bytes(self) -> int:
        """No whole file with this page is smaller; 0 where its compression knows no bound."""
        height, width = self.size_hw
        compression = self.directory.one(Tag.COMPRESSION, 1)
        if compression in _FAX:  # a code for every row
            return height // 8
        if compression in _JPEG:  # two bits for every block of 8×8 samples
            return -(-height // 8) * -(-width // 8) * 2 // 8
        ratio = _LARGEST_RATIO.get(compression)
        return 0 if ratio is None else height * (width * self.bits // 8) // ratio

    @property
    def planes(self) -> int:
        """How many runs of chunks there are: one per sample where samples lie apart, else 1."""
        return self.samples if self.directory.one(Tag.PLANAR, 1) == 2 else 1

    def chunks(self, data: bytes) -> list[memoryview]:
        """The packed strips or tiles, plane by plane, row by row.

        Raises:
            Unreadable: Their number does not fit the size, or one lies beyond the end of `data`.
        """
        offsets_tag, bytes_tag = (
            (Tag.TILE_OFFSETS, Tag.TILE_BYTES)
            if self.tiled
            else (Tag.STRIP_OFFSETS, Tag.STRIP_BYTES)
        )
        offsets = self.directory.tags.get(offsets_tag, ())
        counts = self.directory.tags.get(bytes_tag, ())
        (stored_h, stored_w), (chunk_h, chunk_w) = self.stored_hw, self.chunk_hw
        expected = -(-stored_h // chunk_h) * -(-stored_w // chunk_w) * self.planes
        if len(offsets) != expected or len(counts) != expected:
            raise Unreadable(
                f"the TIFF lists {len(offsets)} pieces and {len(counts)} lengths; "
                f"its size needs {expected}",
                "Save the image again",
            )
        view = memoryview(data)
        for offset, count in zip(offsets, counts, strict=True):
            if offset + count > len(data):
                raise truncated(f"image data at byte {offset}")
        return [view[o : o + n] for o, n in zip(offsets, counts, strict=True)]


def read_directories(file: BinaryIO) -> tuple[Directory, int]:
    """Reads the first page of a TIFF and counts all pages.

    Returns:
        The directory of the first page, and the number of pages without previews and masks.

    Raises:
        Unreadable: The directories are cut off or run in a circle, or there is no page.
    """
    reader = _Reader(file)
    offset, seen = reader.first, set()
    first, pages = None, 0
    while offset and len(seen) < _MAX_PAGES:
        if offset in seen:
            raise Unreadable("the TIFF's directories run in a circle", "Save the image again")
        seen.add(offset)
        directory, following = reader.directory(offset, wanted=frozenset({Tag.SUBFILE}))
        if directory.is_page:
            first = first or reader.directory(offset)[0]
            pages += 1
        offset = following
    if first is None:
        raise Unreadable("the TIFF holds no page", "Copy or download the file again")
    return first, pages


def read_geo_tags(file: BinaryIO) -> dict[int, tuple[float, ...]]:
    """The values of those `GeoTag`s that the first directory of a TIFF has.

    Raises:
        Unreadable: The directory is cut off.
    """
    reader = _Reader(file)
    wanted = frozenset(GeoTag)
    return dict(reader.directory(reader.first, wanted, _SHORT_AND_DOUBLE)[0].tags)


def read_exif_orientation(exif: bytes) -> int:
    """EXIF orientation 1 … 8; broken EXIF counts as upright, as in every viewer."""
    try:
        reader = _Reader(io.BytesIO(exif))
        return reader.directory(reader.first)[0].orientation
    except Unreadable:
        return 1


class _Reader:
    """Reads directories of classic and big TIFF, never beyond the end of the file.

    Hostile files let directories and values overlap, so that a few kilobytes unfold to years of
    reading. Honest ones are read about three times over; at four times the size it ends.
    """

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._size = file.seek(0, io.SEEK_END)
        self._budget = 4 * self._size + 4096
        magic = self._bytes(0, 4)
        self.order = "<" if magic[:2] == b"II" else ">"
        self._big = 43 in magic[2:]
        # Code of an offset, bytes of an entry, and where the first directory's offset stands.
        self._word, self._entry, start = ("Q", 20, 8) if self._big else ("I", 12, 4)
        (self.first,) = self._numbers(start, self._word, 1)

    def directory(
        self,
        offset: int,
        wanted: frozenset[int] = _WANTED,
        kinds: Mapping[int, str] = _WHOLE,
    ) -> tuple[Directory, int]:
        """The wanted tags of the directory at `offset`, and where the next one is (0 = none)."""
        count_code = "Q" if self._big else "H"
        (count,) = self._numbers(offset, count_code, 1)
        offset += struct.calcsize(count_code)
        entries = self._bytes(offset, count * self._entry)
        tags = {}
        for at in range(0, len(entries), self._entry):
            number, kind = struct.unpack_from(f"{self.order}HH", entries, at)
            if number in wanted and kind in kinds:
                tags[number] = self._values(offset + at, kinds[kind])
        following = offset + len(entries)
        if following + struct.calcsize(self._word) > self._size:
            return Directory(self.order, tags), 0  # EXIF writers often leave it out
        return Directory(self.order, tags), self._numbers(following, self._word, 1)[0]

    def _values(self, entry: int, code: str) -> tuple[int, ...]:
        (count,) = self._numbers(entry + 4, self._word, 1)
        place = entry + 4 + struct.calcsize(self._word)
        if count * struct.calcsize(code) > struct.calcsize(self._word):
            (place,) = self._numbers(place, self._word, 1)
        return self._numbers(place, code, count)

    def _numbers(self, offset: int, code: str, count: int) -> tuple[int, ...]:
        data = self._bytes(offset, count * struct.calcsize(code))
        return struct.unpack(f"{self.order}{count}{code}", data)

    def _bytes(self, offset: int, count: int) -> bytes:
        if offset + count > self._size:
            raise truncated("a TIFF directory")
        self._budget -= count
        if self._budget < 0:
            raise Unreadable("the TIFF's directories overlap", "Save the image again")
        self._file.seek(offset)
        return self._file.read(count)
