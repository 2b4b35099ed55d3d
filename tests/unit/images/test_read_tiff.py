"""Every layout of TIFF samples, written by tifffile, OpenCV or Pillow, read back exactly."""

from __future__ import annotations

import itertools

import cv2
import numpy as np
import pytest
import tifffile
from PIL import Image as PillowImage

from segwright.errors import ImageError
from segwright.images import image_size_hw, read_image, read_index

SIZE_HW = (37, 45)


def samples(channels: int, dtype: str) -> np.ndarray:
    rng = np.random.default_rng(channels)
    shape = (*SIZE_HW, channels)
    if np.dtype(dtype).kind == "f":
        return rng.normal(0, 100, shape).astype(dtype)
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


@pytest.mark.parametrize(
    ("dtype", "channels", "order", "planar", "compression", "tile"),
    [
        case
        for case in itertools.product(
            ["uint8", "uint16", "float32"],
            [1, 3, 13],
            ["<", ">"],
            ["contig", "separate"],
            [None, "zlib"],
            [None, (16, 32)],
        )
        if case[1] > 1 or case[3] == "contig"
    ],
)
def test_layouts_written_by_tifffile(tmp_path, dtype, channels, order, planar, compression, tile):
    array = samples(channels, dtype)
    stored = np.moveaxis(array, -1, 0) if planar == "separate" else array
    tifffile.imwrite(
        tmp_path / "a.tif",
        stored[..., 0] if channels == 1 else stored,
        byteorder=order,
        photometric="rgb" if channels == 3 else "minisblack",
        planarconfig=None if channels == 1 else planar,
        compression=compression,
        tile=tile,
        rowsperstrip=None if tile else 10,
        bigtiff=channels == 13,
    )
    image = read_image(tmp_path / "a.tif")
    assert image.pixels.dtype == array.dtype and image.alpha is None
    np.testing.assert_array_equal(image.pixels, array)
    assert image_size_hw(tmp_path / "a.tif") == SIZE_HW


@pytest.mark.parametrize("compression", [5, 8, 32773])  # LZW, Deflate, PackBits
@pytest.mark.parametrize("predictor", [1, 2])
@pytest.mark.parametrize(("dtype", "channels"), [("uint8", 3), ("uint16", 1), ("uint16", 3)])
def test_codecs_and_differencing_written_by_opencv(
    tmp_path, compression, predictor, dtype, channels
):
    array = samples(channels, dtype)
    options = [cv2.IMWRITE_TIFF_COMPRESSION, compression, cv2.IMWRITE_TIFF_PREDICTOR, predictor]
    assert cv2.imwrite(str(tmp_path / "a.tif"), array[..., ::-1], options)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif").pixels, array)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("compression", [5, 8])
def test_floating_point_predictor(tmp_path, compression, channels):
    array = samples(channels, "float32")
    options = [cv2.IMWRITE_TIFF_COMPRESSION, compression, cv2.IMWRITE_TIFF_PREDICTOR, 3]
    assert cv2.imwrite(str(tmp_path / "a.tif"), array[..., ::-1], options)
    with tifffile.TiffFile(tmp_path / "a.tif") as file:
        assert file.pages[0].tags[317].value == 3  # or this would test nothing
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif").pixels, array)


@pytest.mark.parametrize("dtype", ["int8", "int16", "float16", "float64", "uint32"])
def test_other_numbers_become_float32(tmp_path, dtype):
    array = np.array([[-3, 0, 100], [7, 1, 2]]).clip(0 if dtype == "uint32" else None)
    tifffile.imwrite(tmp_path / "a.tif", array.astype(dtype))
    image = read_image(tmp_path / "a.tif")
    assert image.pixels.dtype == np.float32
    np.testing.assert_array_equal(image.pixels[..., 0], array)
    if not dtype.startswith("float"):
        index = read_index(tmp_path / "a.tif")
        assert index.dtype == np.dtype(dtype)
        np.testing.assert_array_equal(index, array)


def test_whole_numbers_that_float32_would_melt_together_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.array([[0, 2**24 + 1]], np.uint32))
    with pytest.raises(ImageError, match="16,777,217"):
        read_image(tmp_path / "a.tif")
    assert read_index(tmp_path / "a.tif").tolist() == [[0, 2**24 + 1]]


def test_nan_and_infinity_are_counted(tmp_path):
    array = np.zeros((4, 5), np.float32)
    array[1, 1:3], array[2, 2] = np.nan, np.inf
    tifffile.imwrite(tmp_path / "a.tif", array)
    with pytest.raises(ImageError, match=r"a\.tif: 3 of 20 samples are NaN"):
        read_image(tmp_path / "a.tif")
    tifffile.imwrite(tmp_path / "b.tif", np.array([[0, 1e300]]))
    with pytest.raises(ImageError, match=r"1 of 2 samples are .* beyond float32"):
        read_image(tmp_path / "b.tif")


def test_float_mask_is_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((4, 5), np.float32))
    with pytest.raises(ImageError, match="whole numbers"):
        read_index(tmp_path / "a.tif")


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize(("colours", "photometric"), [(1, "minisblack"), (3, "rgb")])
def test_marked_extra_sample_is_alpha(tmp_path, dtype, colours, photometric):
    array = samples(colours + 1, dtype)
    full = 1 if dtype == "float32" else np.iinfo(dtype).max
    array[..., -1] = 0
    array[0, 0, -1], array[0, 1, -1] = full, full / 255 * 7
    tifffile.imwrite(
        tmp_path / "a.tif",
        array,
        photometric=photometric,
        planarconfig="contig",
        extrasamples=["unassalpha"],
    )
    image = read_image(tmp_path / "a.tif")
    np.testing.assert_array_equal(image.pixels, array[..., :-1])
    assert image.alpha is not None and image.alpha.dtype == np.uint8
    assert image.alpha[0, :3].tolist() == [255, 7, 0]


def test_unmarked_extra_sample_is_a_channel(tmp_path):
    array = samples(4, "uint8")
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="rgb", extrasamples=["unspecified"])
    image = read_image(tmp_path / "a.tif")
    assert image.alpha is None
    np.testing.assert_array_equal(image.pixels, array)


def test_white_is_zero_is_turned_round(tmp_path):
    array = samples(1, "uint16")[..., 0]
    tifffile.imwrite(tmp_path / "a.tif", array, photometric="miniswhite")
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif").pixels[..., 0], 65535 - array)


@pytest.mark.parametrize("compression", ["raw", "tiff_lzw", "group4"])
def test_one_bit(tmp_path, compression):
    bits = samples(1, "uint8")[..., 0] > 128
    PillowImage.fromarray(bits).save(tmp_path / "a.tif", compression=compression)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif").pixels[..., 0], bits * 255)
    np.testing.assert_array_equal(read_index(tmp_path / "a.tif"), bits)


@pytest.mark.parametrize(
    ("mode", "compression"),
    [
        *itertools.product(["P", "CMYK"], ["raw", "tiff_lzw", "tiff_adobe_deflate"]),
        *itertools.product(["CMYK", "RGB", "L"], ["jpeg"]),
    ],
)
def test_colour_models_and_jpeg_inside_match_pillow(tmp_path, mode, compression):
    array = samples(4 if mode == "CMYK" else 3, "uint8")
    picture = PillowImage.fromarray(array, "CMYK" if mode == "CMYK" else None)
    picture = picture.convert(mode)
    picture.save(tmp_path / "a.tif", compression=compression)
    expected = PillowImage.open(tmp_path / "a.tif")
    grey = mode == "L"
    expected = np.asarray(expected if grey else expected.convert("RGB")).reshape(*SIZE_HW, -1)
    np.testing.assert_array_equal(read_image(tmp_path / "a.tif").pixels, expected)
    if mode == "P":
        np.testing.assert_array_equal(read_index(tmp_path / "a.tif"), np.asarray(picture))


def test_pages_are_counted_without_previews(tmp_path):
    page = samples(1, "uint8")[..., 0]
    with tifffile.TiffWriter(tmp_path / "pyramid.tif") as file:
        file.write(page, metadata=None)
        file.write(page[::2, ::2], subfiletype=1, metadata=None)
    np.testing.assert_array_equal(read_index(tmp_path / "pyramid.tif"), page)

    tifffile.imwrite(tmp_path / "stack.tif", np.stack([page] * 5), photometric="minisblack")
    with pytest.raises(ImageError, match="holds 5 frames"):
        read_image(tmp_path / "stack.tif")


def test_complex_numbers_are_refused(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((3, 3), np.complex64))
    with pytest.raises(ImageError, match="sample format 6"):
        read_image(tmp_path / "a.tif")


def test_directories_in_a_circle_end(tmp_path):
    tifffile.imwrite(tmp_path / "a.tif", np.zeros((3, 3), np.uint8), byteorder="<", metadata=None)
    data = bytearray((tmp_path / "a.tif").read_bytes())
    first = int.from_bytes(data[4:8], "little")
    entries = int.from_bytes(data[first : first + 2], "little")
    following = first + 2 + 12 * entries
    data[following : following + 4] = data[4:8]
    (tmp_path / "a.tif").write_bytes(data)
    with pytest.raises(ImageError, match="circle"):
        read_image(tmp_path / "a.tif")
