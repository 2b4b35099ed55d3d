"""Nothing that is missing, too large, damaged or hostile gets through, or costs much."""

from __future__ import annotations

import io
import os
import struct
import threading
import tracemalloc
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageFile

from segwright.errors import ImageError
from segwright.images import ReadLimits, decode_image, image_size_hw, read_image, read_index


def encoded(suffix: str, size_hw=(24, 32), **options) -> bytes:
    rows, columns = np.indices(size_hw)
    array = np.stack([rows * 5, columns * 5, rows * columns], axis=-1).astype(np.uint8)
    buffer = io.BytesIO()
    PillowImage.fromarray(array).save(buffer, format=suffix, **options)
    return buffer.getvalue()


def png_claiming(width: int, height: int) -> bytes:
    header = b"IHDR" + struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    start = b"\x89PNG\r\n\x1a\n\0\0\0\x0d" + header + struct.pack(">I", zlib.crc32(header))
    return start + encoded("png")[33:]


def tiff_claiming(width: int, height: int, tile: int) -> bytes:
    tags = {256: width, 257: height, 258: 8, 259: 8, 262: 1, 277: 1, 322: tile, 323: tile,
            324: 8, 325: 8}  # fmt: skip
    entries = b"".join(struct.pack("<HHII", tag, 4, 1, value) for tag, value in tags.items())
    return struct.pack("<2sHIH", b"II", 42, 8, len(tags)) + entries + bytes(4)


BOMBS = {
    "png": png_claiming(100_000, 100_000),
    "bmp": b"BM" + bytes(12) + struct.pack("<IiiHHI", 40, 100_000, -100_000, 1, 24, 0) + bytes(20),
    "gif": encoded("gif")[:6] + b"\xff\xff\xff\xff" + encoded("gif")[10:],
    "jpeg": b"\xff\xd8\xff\xc0\0\x11\x08\xff\xff\xff\xff\x03" + bytes(9) + b"\xff\xda",
    "webp": b"RIFF\x20\0\0\0WEBPVP8X\x0a\0\0\0" + bytes(4) + b"\xff\x3f\0\xff\x3f\0" + bytes(8),
    "tiff": tiff_claiming(100_000, 100_000, 100_000),
    "tiff of one huge tile": tiff_claiming(1, 1, 100_000),
}


@pytest.mark.parametrize("name", BOMBS)
def test_bombs_are_refused_without_room_for_them(name):
    tracemalloc.start()
    try:
        with pytest.raises(ImageError, match="accepted are up to"):
            decode_image(BOMBS[name])
        assert tracemalloc.get_traced_memory()[1] < 5_000_000
    finally:
        tracemalloc.stop()


def test_limits_can_be_set(tmp_path):
    path = tmp_path / "a.png"
    path.write_bytes(encoded("png"))
    for read in (read_image, read_index):
        assert read(path, limits=ReadLimits(max_pixels=24 * 32)) is not None
        with pytest.raises(ImageError, match=r"a\.png: 32×24 are 768 pixels; .* up to 767\."):
            read(path, limits=ReadLimits(max_pixels=24 * 32 - 1))
        with pytest.raises(ImageError, match=r"the file has .* up to 100\."):
            read(path, limits=ReadLimits(max_bytes=100))
        with pytest.raises(ImageError, match=r"decoded it would take 2,304 bytes"):
            read(path, limits=ReadLimits(max_bytes=24 * 32 * 3 - 1))


def test_what_is_no_file(tmp_path):
    for read in (read_image, read_index, image_size_hw):
        with pytest.raises(ImageError, match=r"absent\.png: there is no such file"):
            read(tmp_path / "absent.png")
        with pytest.raises(ImageError, match="this is a folder"):
            read(tmp_path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="this system has no named pipes")
def test_pipes_do_not_hang(tmp_path):
    os.mkfifo(tmp_path / "a.png")
    with pytest.raises(ImageError, match="device or pipe"):
        read_image(tmp_path / "a.png")


@pytest.mark.parametrize("data", [b"", b"P6 1 1 255 abc", b"%PDF-1.7", b"\0" * 100, b"BM"])
def test_other_bytes_are_no_image(data):
    with pytest.raises(ImageError, match=r"empty|accepted are PNG|cut off"):
        decode_image(data)


def test_format_is_told_by_content_not_by_name(tmp_path):
    path = tmp_path / "a.jpg"
    path.write_bytes(encoded("png"))
    assert read_image(path).size_hw == image_size_hw(path) == (24, 32)


@pytest.mark.parametrize("suffix", ["png", "jpeg", "tiff", "webp", "bmp", "gif"])
def test_cut_off_files_are_errors_even_where_pillow_was_told_to_forgive(suffix, monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    data = encoded(suffix)
    for keep in (0.95, 0.5, 0.1):
        with pytest.raises(ImageError):
            decode_image(data[: int(len(data) * keep)])
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True


def test_strictness_holds_for_threads_that_overlap(monkeypatch):
    monkeypatch.setattr(ImageFile, "LOAD_TRUNCATED_IMAGES", True)
    filters = list(warnings.filters)
    whole, cut = encoded("jpeg"), encoded("jpeg")[:-200]
    forgiven = []

    def read_many():
        for _ in range(40):
            decode_image(whole)
            try:
                decode_image(cut)
                forgiven.append(1)
            except ImageError:
                pass

    threads = [threading.Thread(target=read_many) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not forgiven
    assert ImageFile.LOAD_TRUNCATED_IMAGES is True
    assert list(warnings.filters) == filters


def test_a_second_png_header_is_refused():
    """The limits were checked on the first; decoders believe the last."""
    honest = encoded("png")
    lying = honest[:33] + png_claiming(20_000, 20_000)[8:33] + honest[33:]
    with pytest.raises(ImageError, match="second IHDR"):
        decode_image(lying)


@pytest.mark.parametrize("chunk", [b"IHDR", b"IDAT", b"PLTE"])
def test_a_flipped_bit_in_png_pixels_is_noticed(chunk):
    buffer = io.BytesIO()
    PillowImage.open(io.BytesIO(encoded("png"))).convert("P").save(buffer, format="png")
    data = bytearray(buffer.getvalue())
    data[data.index(chunk) + 7] ^= 1
    with pytest.raises(ImageError, match=rf"{chunk.decode()} chunk .* is damaged|accepted are"):
        decode_image(bytes(data))


def test_damage_beside_the_pixels_does_no_harm_and_makes_no_noise(capfd, recwarn):
    exif = b"Exif\0\0II*\0\xff\xff\0\0"
    data = encoded("jpeg", exif=exif)
    assert decode_image(data).size_hw == (24, 32)
    # A PNG text chunk that unpacks to more than Pillow lets through.
    text = b"zTXtkey\0\0" + zlib.compress(bytes(80_000_000), 9)
    png = encoded("png")
    text = struct.pack(">I", len(text) - 4) + text + struct.pack(">I", zlib.crc32(text))
    assert decode_image(png[:33] + text + png[33:]).size_hw == (24, 32)
    assert not recwarn.list
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize("name", ["png", "jpeg", "tiff", "webp", "bmp", "gif"])
def test_malformed_files_give_an_image_or_an_image_error(shared_data: Path, name):
    paths = sorted((shared_data / "odd_images" / name).iterdir())
    assert paths
    for path in paths:
        for read in (read_image, read_index, image_size_hw):
            try:
                read(path)
            except ImageError as error:
                assert str(error).startswith(str(path)), "the message must name the file"


def test_overlapping_tiff_directories_end_soon():
    # 3,000 directories of 20,000 entries each, one 14 bytes behind the other.
    count, step = 3000, 14
    data = bytearray(struct.pack("<2sHI", b"II", 42, 8) + bytes(count * step + 20_000 * 12 + 8))
    for number in range(count):
        at = 8 + number * step
        struct.pack_into("<H", data, at, 20_000)
        following = at + 2 + 20_000 * 12
        if following + 4 <= len(data):
            struct.pack_into("<I", data, following, 8 + (number + 1) % count * step)
    with pytest.raises(ImageError, match="directories overlap"):
        decode_image(bytes(data))


def test_jpeg_of_a_thousand_scans_is_refused():
    data = encoded("jpeg", progressive=True)
    assert decode_image(data).size_hw == (24, 32)
    with pytest.raises(ImageError, match=r"10\d\d scans; accepted are up to 500"):
        decode_image(data[:-2] + b"\xff\xda\0\x08\x01\x01\0\0\x3f\0" * 1000 + data[-2:])


def test_gif_of_nothing_but_padding_ends():
    data = encoded("gif")[:13]
    with pytest.raises(ImageError, match="no frame"):
        decode_image(data[:10] + bytes(3_000_000))
