"""Preparation: units, channel rules, and what is refused."""

from __future__ import annotations

import numpy as np
import pytest
from PIL import Image as PillowImage
from pydantic import ValidationError

from segwright.errors import ImageError
from segwright.images.image import Image
from segwright.segmenter.preparation import Preparation

RGB = Preparation(channels=3, mean=(0.5, 0.25, 0.0), std=(0.5, 0.25, 1.0))
GREY = Preparation(channels=1, mean=(0.5,), std=(0.25,))


@pytest.mark.parametrize(
    ("dtype", "value", "share"),
    [("uint8", 51, 0.2), ("uint16", 13107, 0.2), ("float32", 0.2, 0.2), ("float32", -3.5, -3.5)],
)
def test_values_are_normalised_in_units_of_full_scale(dtype, value, share):
    image = Image(np.full((2, 3, 3), value, dtype))
    prepared = RGB.apply(image)
    assert prepared.dtype == np.float32
    assert prepared.shape == (3, 2, 3)
    expected = [(share - 0.5) / 0.5, (share - 0.25) / 0.25, share]
    np.testing.assert_allclose(prepared[:, 1, 2], expected, rtol=1e-5, atol=1e-6)


def test_channels_keep_their_order():
    image = Image(np.arange(2 * 2 * 3, dtype=np.uint8).reshape(2, 2, 3))
    neutral = Preparation(channels=3, mean=(0, 0, 0), std=(1, 1, 1))
    expected = np.moveaxis(image.pixels, -1, 0) / np.float32(255)
    np.testing.assert_allclose(neutral.apply(image), expected, rtol=1e-6)


def test_grey_is_repeated_for_a_network_of_three_channels_and_says_so():
    grey = np.random.default_rng(0).integers(0, 256, (5, 4, 1), np.uint8)
    image = Image(grey)
    assert RGB.conversion(image) == "grey repeated as red, green and blue"
    same_as = RGB.apply(Image(np.repeat(grey, 3, axis=2)))
    np.testing.assert_array_equal(RGB.apply(image), same_as)


def test_rgb_becomes_luminance_for_a_network_of_one_channel_and_says_so():
    pixels = np.random.default_rng(0).integers(0, 256, (16, 16, 3), np.uint8)
    image = Image(pixels)
    assert "luminance" in (GREY.conversion(image) or "")
    oracle = np.asarray(PillowImage.fromarray(pixels).convert("L"), np.float32)
    # Pillow rounds to whole grey levels.
    found = (GREY.apply(image)[0] * 0.25 + 0.5) * 255
    assert np.abs(found - oracle).max() < 0.51


def test_fitting_channels_are_not_converted():
    assert RGB.conversion(Image(np.zeros((2, 2, 3), np.uint8))) is None


@pytest.mark.parametrize(("given", "taken"), [(4, 3), (2, 1), (13, 3), (3, 5), (1, 4)])
def test_other_channels_are_refused_with_both_numbers(given, taken):
    preparation = Preparation(channels=taken, mean=(0,) * taken, std=(1,) * taken)
    with pytest.raises(ImageError, match=rf"{given} channels.* trained on {taken}"):
        preparation.apply(Image(np.zeros((2, 2, given), np.uint8)))


def test_volumes_and_values_that_are_not_finite_are_refused():
    with pytest.raises(ImageError, match="ZYX"):
        GREY.apply(Image(np.zeros((2, 2, 2, 1), np.uint8), axes="ZYX"))
    pixels = np.zeros((2, 2, 1), np.float32)
    pixels[0, 1] = np.nan
    with pytest.raises(ImageError, match="not finite"):
        GREY.apply(Image(pixels))


@pytest.mark.parametrize(
    "wrong",
    [
        {"channels": 2, "mean": (0,), "std": (1,)},
        {"channels": 1, "mean": (0,), "std": (0,)},
        {"channels": 1, "mean": (float("nan"),), "std": (1,)},
        {"channels": 1, "mean": (0,), "std": (1,), "scale": 2},
    ],
)
def test_values_that_make_no_sense_are_refused(wrong):
    with pytest.raises(ValidationError):
        Preparation(**wrong)
