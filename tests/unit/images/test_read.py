"""Every kind of PNG, JPEG, WebP, BMP and GIF gives the samples that were put into it."""

from __future__ import annotations

import struct
import subprocess
import sys
import zlib
from pathlib import Path

import cv2
import numpy as np
import pytest
from PIL import Image as PillowImage
from PIL import ImageOps

from segwright.errors import ImageError
from segwright.images import decode_image, image_size_hw, read_image, read_index, write_png

SIZE_HW = (11, 13)


def samples(channels: int, dtype: str = "uint8") -> np.ndarray:
    high = np.iinfo(dtype).max
    shape = (*SIZE_HW, channels)
    return np.random.default_rng(1).integers(0, high, shape, dtype, endpoint=True)


def chunk(kind: bytes, body: bytes) -> bytes:
    return struct.pack(">I", len(body)) + kind + body + struct.pack(">I", zlib.crc32(kind + body))


# Adam7: first row, first column, row step, column step of each pass.
ADAM7 = ((0, 0, 8, 8), (0, 4, 8, 8), (4, 0, 8, 4), (0, 2, 4, 4), (2, 0, 4, 2), (0, 1, 2, 2),
         (1, 0, 2, 1))  # fmt: skip


def png(
    array: np.ndarray, bits: int, colour: int, *, interlaced=False, extra: bytes = b""
) -> bytes:
    """A PNG made by the book, without filters: the oracle for what no library writes."""
    height, width, _ = array.shape

    def rows(part: np.ndarray) -> bytes:
        wide = np.unpackbits(part.astype(">u2").view(np.uint8).reshape(*part.shape, 2), axis=-1)
        packed = np.packbits(wide[..., -bits:].reshape(len(part), -1), axis=-1)
        return b"".join(b"\0" + row.tobytes() for row in packed)

    passes = [array[y::dy, x::dx] for y, x, dy, dx in ADAM7] if interlaced else [array]
    body = b"".join(rows(part) for part in passes if part.size)
    header = struct.pack(">IIBBBBB", width, height, bits, colour, 0, 0, int(interlaced))
    compressed = zlib.compress(body)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + extra
        + chunk(b"IDAT", compressed[:20])
        + chunk(b"IDAT", compressed[20:])
        + chunk(b"IEND", b"")
    )


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("bits", [1, 2, 4, 8, 16])
def test_grey_png_of_every_depth(tmp_path, bits, interlaced):
    stored = samples(1, "uint16") >> (16 - bits)
    path = tmp_path / "a.png"
    path.write_bytes(png(stored, bits, 0, interlaced=interlaced))
    index = read_index(path)
    assert index.dtype == (np.uint16 if bits == 16 else np.uint8)
    np.testing.assert_array_equal(index, stored[..., 0])

    image = read_image(path)
    full = 65535 if bits == 16 else 255
    assert image.full_scale == full
    np.testing.assert_array_equal(image.pixels, stored.astype(int) * full // (2**bits - 1))


@pytest.mark.parametrize("interlaced", [False, True])
@pytest.mark.parametrize("bits", [8, 16])
@pytest.mark.parametrize(("colour", "channels"), [(2, 3), (4, 2), (6, 4)])
def test_colour_and_alpha_png_keep_all_bits(colour, channels, bits, interlaced):
    dtype = f"uint{bits}"
    stored = samples(channels, dtype)
    image = decode_image(png(stored, bits, colour, interlaced=interlaced))
    colours = 3 if colour != 4 else 1
    assert image.pixels.dtype == np.dtype(dtype)
    np.testing.assert_array_equal(image.pixels, stored[..., :colours])
    if colour == 2:
        assert image.alpha is None
    else:
        coverage = np.rint(stored[..., -1] / np.iinfo(dtype).max * 255)
        np.testing.assert_array_equal(image.alpha, coverage)


@pytest.mark.parametrize("channels", [3, 4])
def test_filtered_16_bit_png_from_opencv(tmp_path, channels):
    ramp = np.cumsum(samples(channels, "uint16"), axis=1, dtype=np.uint16)
    cv2.imwrite(str(tmp_path / "a.png"), ramp[..., [2, 1, 0, 3][:channels]])
    np.testing.assert_array_equal(read_image(tmp_path / "a.png").pixels, ramp[..., :3])


@pytest.mark.parametrize(("bits", "colour", "channels"), [(1, 0, 1), (4, 0, 1), (16, 2, 3)])
def test_transparent_value_of_png(bits, colour, channels):
    stored = samples(channels, "uint16") >> (16 - bits)
    value = stored[3, 4]
    data = png(stored, bits, colour, extra=chunk(b"tRNS", value.astype(">u2").tobytes()))
    expected = np.where((stored == value).all(-1), 0, 255)
    np.testing.assert_array_equal(decode_image(data).alpha, expected)


@pytest.mark.parametrize("bits", [1, 2, 4, 8])
def test_palette_png(tmp_path, bits):
    count = 2**bits
    index = samples(1) >> (8 - bits)
    palette = np.random.default_rng(2).integers(0, 256, (count, 3), np.uint8)
    colours = chunk(b"PLTE", palette.tobytes())
    path = tmp_path / "a.png"
    path.write_bytes(png(index, bits, 3, extra=colours))
    image = read_image(path)
    assert image.alpha is None
    np.testing.assert_array_equal(image.pixels, palette[index[..., 0]])
    np.testing.assert_array_equal(read_index(path), index[..., 0])

    half = decode_image(png(index, bits, 3, extra=colours + chunk(b"tRNS", b"\x07")))
    np.testing.assert_array_equal(half.alpha, np.where(index[..., 0] == 0, 7, 255))


def test_palette_index_without_colour_is_an_error():
    data = png(samples(1) % 5, 8, 3, extra=chunk(b"PLTE", bytes(4 * 3)))
    with pytest.raises(ImageError, match="palette index 4 is used, but the palette has 4"):
        decode_image(data)


@pytest.mark.parametrize("suffix", ["jpg", "bmp", "webp", "gif"])
@pytest.mark.parametrize("mode", ["L", "RGB"])
def test_other_formats_match_pillow(tmp_path, suffix, mode):
    array = samples(3)
    path = tmp_path / f"a.{suffix}"
    PillowImage.fromarray(array).convert(mode).save(path)
    picture = PillowImage.open(path)
    expected = picture if picture.mode == "L" else picture.convert("RGB")
    expected = np.asarray(expected).reshape(*SIZE_HW, -1)
    image = read_image(path)
    np.testing.assert_array_equal(image.pixels, expected)
    assert image.alpha is None and image.source == path and image.spacing is None
    assert image.pixels.flags.writeable and image.pixels.flags.c_contiguous
    assert image_size_hw(path) == SIZE_HW


@pytest.mark.parametrize("mode", ["1", "P"])
def test_bmp_of_few_colours(tmp_path, mode):
    picture = PillowImage.fromarray(samples(3)).convert(mode)
    picture.save(tmp_path / "a.bmp")
    expected = np.asarray(picture.convert("RGB"))
    pixels = np.broadcast_to(read_image(tmp_path / "a.bmp").pixels, expected.shape)
    np.testing.assert_array_equal(pixels, expected)
    np.testing.assert_array_equal(read_index(tmp_path / "a.bmp"), np.asarray(picture))


def test_webp_with_alpha_without_loss(tmp_path):
    array = samples(4)
    PillowImage.fromarray(array).save(tmp_path / "a.webp", lossless=True, exact=True)
    image = read_image(tmp_path / "a.webp")
    np.testing.assert_array_equal(image.pixels, array[..., :3])
    np.testing.assert_array_equal(image.alpha, array[..., 3])


def test_gif_with_a_transparent_colour(tmp_path):
    index = samples(1)[..., 0] % 4
    picture = PillowImage.fromarray(index)
    palette = np.random.default_rng(0).integers(0, 256, (4, 3), np.uint8)
    picture.putpalette(palette.tobytes())
    picture.save(tmp_path / "a.gif", transparency=2)
    image = read_image(tmp_path / "a.gif")
    np.testing.assert_array_equal(image.alpha, np.where(index == 2, 0, 255))
    np.testing.assert_array_equal(image.pixels, palette[index])


def test_cmyk_jpeg_becomes_rgb(tmp_path):
    flat = np.broadcast_to(np.uint8([0, 255, 255, 0]), (16, 16, 4))  # magenta + yellow = red
    PillowImage.fromarray(np.ascontiguousarray(flat), "CMYK").save(tmp_path / "a.jpg", quality=95)
    image = read_image(tmp_path / "a.jpg")
    assert image.num_channels == 3
    np.testing.assert_allclose(image.pixels.reshape(-1, 3).mean(0), [255, 0, 0], atol=3)


@pytest.mark.parametrize("suffix", ["jpg", "png", "webp", "tif"])
@pytest.mark.parametrize("orientation", range(1, 9))
def test_exif_orientation(tmp_path, suffix, orientation):
    path = tmp_path / f"a.{suffix}"
    exif = PillowImage.Exif()
    exif[0x0112] = orientation
    PillowImage.fromarray(samples(3)).save(path, exif=exif)
    with PillowImage.open(path) as picture:
        expected = np.asarray(ImageOps.exif_transpose(picture))
    np.testing.assert_array_equal(read_image(path).pixels, expected)
    np.testing.assert_array_equal(read_index(path), expected)
    assert image_size_hw(path) == expected.shape[:2]
    assert (expected.shape[:2] == SIZE_HW) == (orientation < 5)


def test_png_orientation_after_the_pixels_counts(tmp_path):
    exif = b"II*\0\x08\0\0\0" + struct.pack("<HHHIHHI", 1, 0x0112, 3, 1, 6, 0, 0)
    stored = samples(3)
    data = png(stored, 8, 2)
    end = data.index(b"IEND") - 4
    path = tmp_path / "a.png"
    path.write_bytes(data[:end] + chunk(b"eXIf", exif) + data[end:])
    np.testing.assert_array_equal(read_image(path).pixels, np.rot90(stored, -1))
    assert image_size_hw(path) == (13, 11)


@pytest.mark.parametrize("suffix", ["gif", "webp", "png"])
def test_frames_are_counted(tmp_path, suffix):
    frames = [PillowImage.fromarray(samples(3) // (i + 1)) for i in range(3)]
    path = tmp_path / f"a.{suffix}"
    frames[0].save(path, save_all=True, append_images=frames[1:])
    with pytest.raises(ImageError, match=r"file holds 3 frames; accepted is exactly 1\. Save each"):
        read_image(path)


def test_first_picture_of_a_phone_jpeg(tmp_path):
    first, second = (PillowImage.fromarray(samples(3) // n) for n in (1, 2))
    first.save(tmp_path / "a.jpg", format="MPO", save_all=True, append_images=[second])
    with PillowImage.open(tmp_path / "a.jpg") as picture:
        assert picture.format == "MPO"
        expected = np.asarray(picture)
    np.testing.assert_array_equal(read_image(tmp_path / "a.jpg").pixels, expected)


def test_real_files_match_pillow(shared_data: Path):
    folders = ("camvid/val/*", "nuclei/val", "bsds500/val/*", "rgbd/*", "magnetic_tile/crack/*")
    paths = [path for folder in folders for path in sorted(shared_data.glob(f"{folder}/*.*g"))[:6]]
    assert len(paths) > 20
    for path in paths:
        with PillowImage.open(path) as picture:
            expected = np.asarray(picture)
        np.testing.assert_array_equal(read_index(path), expected, str(path))
        assert image_size_hw(path) == expected.shape[:2]


def test_importing_and_asking_for_a_size_stay_light(tmp_path):
    write_png(tmp_path / "a.png", np.zeros((3, 4), np.uint8))
    code = (
        "import sys\nfrom segwright.images import image_size_hw\n"
        f"assert image_size_hw({str(tmp_path / 'a.png')!r}) == (3, 4)\n"
        "print({'torch', 'cv2', 'tifffile', 'PIL'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "set()"


@pytest.mark.parametrize("ending", ["png", "tiff"])
def test_the_limit_of_pixels_is_ours_alone(ending, tmp_path: Path, monkeypatch):
    pixels = np.random.default_rng(0).integers(0, 256, (30, 40, 3), np.uint8)
    path = tmp_path / f"large.{ending}"
    compression = {"compression": "tiff_lzw"} if ending == "tiff" else {}
    PillowImage.fromarray(pixels).save(path, **compression)
    monkeypatch.setattr(PillowImage, "MAX_IMAGE_PIXELS", 100)  # as for real ones 90 million
    assert np.array_equal(read_image(path).pixels, pixels)
    assert PillowImage.MAX_IMAGE_PIXELS == 100
