"""What libjpeg-turbo gives directly is what Pillow gives, and Pillow judges everything else."""

from __future__ import annotations

import io
from itertools import product

import numpy as np
import pytest
from PIL import Image as PillowImage

from segwright.errors import ImageError
from segwright.images import decode_image, jpeg
from segwright.images.jpeg import flawless_samples

simplejpeg = pytest.importorskip("simplejpeg", reason="JPEG files are decoded by Pillow alone")

SIZES = [(1, 1), (2, 3), (7, 9), (16, 16), (15, 17), (33, 31), (64, 47)]


def _picture(size_hw: tuple[int, int], seed: int = 0) -> PillowImage.Image:
    """Noise on a slope: every frequency, and colours that are out of range once decoded."""
    rng = np.random.default_rng(seed)
    slope = np.linspace(0, 255, size_hw[1])[None, :, None] * np.array([1, 0.5, -1])
    noise = rng.normal(0, 60, (*size_hw, 3))
    return PillowImage.fromarray(((slope + noise) % 256).astype(np.uint8))


def _file(picture: PillowImage.Image, **options) -> bytes:
    buffer = io.BytesIO()
    picture.save(buffer, "JPEG", **options)
    return buffer.getvalue()


def _by_pillow(data: bytes) -> np.ndarray:
    with PillowImage.open(io.BytesIO(data)) as picture:
        samples = np.array(picture)
    return samples if samples.ndim == 3 else samples[..., None]


@pytest.mark.parametrize("size_hw", SIZES)
@pytest.mark.parametrize("subsampling", ["4:4:4", "4:2:2", "4:2:0"])
def test_colours_are_those_of_pillow(size_hw, subsampling):
    for quality, progressive in product((5, 40, 75, 95, 100), (False, True)):
        options = {"quality": quality, "progressive": progressive, "subsampling": subsampling}
        data = _file(_picture(size_hw, quality), **options)
        expected = _by_pillow(data)
        np.testing.assert_array_equal(flawless_samples(data, "RGB", size_hw), expected)
        np.testing.assert_array_equal(decode_image(data).pixels, expected)


@pytest.mark.parametrize("size_hw", SIZES)
@pytest.mark.parametrize("subsampling", ["440", "411"])
def test_colours_that_pillow_does_not_write_so_are_those_it_reads(size_hw, subsampling):
    for quality in (5, 75, 100):
        picture = np.array(_picture(size_hw, quality))
        data = simplejpeg.encode_jpeg(picture, quality, colorsubsampling=subsampling)
        expected = _by_pillow(data)
        np.testing.assert_array_equal(flawless_samples(data, "RGB", size_hw), expected)
        np.testing.assert_array_equal(decode_image(data).pixels, expected)


@pytest.mark.parametrize(
    "options", [{"keep_rgb": True}, {"restart_marker_blocks": 2}, {"optimize": True}]
)
def test_uncommon_files_are_those_of_pillow(options):
    data = _file(_picture((40, 50)), **options)
    np.testing.assert_array_equal(flawless_samples(data, "RGB", (40, 50)), _by_pillow(data))


@pytest.mark.parametrize("size_hw", SIZES)
def test_grey_is_that_of_pillow(size_hw):
    for quality in (5, 75, 100):
        data = _file(_picture(size_hw).convert("L"), quality=quality)
        np.testing.assert_array_equal(flawless_samples(data, "L", size_hw), _by_pillow(data))


def test_what_is_decoded_can_be_written_to():
    assert decode_image(_file(_picture((9, 8)))).pixels.flags.writeable


def test_orientation_is_applied():
    exif = PillowImage.Exif()
    exif[0x0112] = 6
    data = _file(_picture((20, 30)), exif=exif)
    np.testing.assert_array_equal(decode_image(data).pixels, np.rot90(_by_pillow(data), -1))


def test_four_inks_are_left_to_pillow():
    data = _file(_picture((20, 30)).convert("CMYK"))
    assert flawless_samples(data, "CMYK", (20, 30)) is None
    assert decode_image(data).pixels.shape == (20, 30, 3)


@pytest.mark.parametrize("left", [0.3, 0.9, -2])
def test_cut_off_files_are_refused(left):
    data = _file(_picture((60, 80)))
    data = data[: left if left < 0 else int(left * len(data))]
    assert flawless_samples(data, "RGB", (60, 80)) is None
    with pytest.raises(ImageError, match="cut off"):
        decode_image(data)


@pytest.mark.parametrize("size_hw", [(59, 80), (61, 80), (60, 79), (80, 60), (120, 160)])
def test_another_size_than_announced_is_left_to_pillow(size_hw):
    assert flawless_samples(_file(_picture((60, 80))), "RGB", size_hw) is None


def test_damaged_files_fare_as_with_pillow_alone(monkeypatch):
    whole = _file(_picture((60, 80)), quality=60)
    rng = np.random.default_rng(4)
    damaged = []
    for _ in range(300):
        data = bytearray(whole)
        for place in rng.integers(2, len(data), rng.integers(1, 4)):
            data[place] = rng.integers(256)
        damaged.append(bytes(data))
    directly = [_outcome(data) for data in damaged]
    monkeypatch.setattr(jpeg, "_decoder", lambda: None)
    assert directly == [_outcome(data) for data in damaged]
    assert len({kind for kind, _ in directly}) == 2


def _outcome(data: bytes) -> tuple[str, object]:
    try:
        pixels = decode_image(data).pixels
    except ImageError as error:
        return "refused", str(error)
    return "read", (pixels.shape, pixels.tobytes())


def test_without_libjpeg_turbo_in_pillow_it_is_left_to_pillow(monkeypatch):
    monkeypatch.setattr(jpeg.features, "check_feature", lambda name: False)
    jpeg._decoder.cache_clear()
    try:
        assert flawless_samples(_file(_picture((9, 8))), "RGB", (9, 8)) is None
    finally:
        jpeg._decoder.cache_clear()
