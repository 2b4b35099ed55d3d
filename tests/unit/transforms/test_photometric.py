"""Light, colour, optics and sensor: hand-computed values and the same effect in every dtype."""

from __future__ import annotations

import numpy as np
import pytest
from skimage import color

from segwright.errors import UsageError
from segwright.labels.classes import Classes
from segwright.transforms import Augmentation, AugmentConfig

CLASSES = Classes.named(["a", "b"])
SIDE = 64


def change(pixels: np.ndarray, seed: int = 0, *, full_scale: float | None = None, **settings):
    """The crop that is the whole image, with only photometric changes."""
    size_hw = pixels.shape[:2]
    augmentation = Augmentation(
        AugmentConfig(**settings), size_hw=size_hw, classes=CLASSES, full_scale=full_scale
    )
    ids = np.zeros(size_hw, np.uint8)
    return augmentation.augment(pixels, ids, rng=np.random.default_rng(seed))


def picture(num_channels: int = 3) -> np.ndarray:
    """Values away from the ends, so that nothing is clipped."""
    rng = np.random.default_rng(9)
    return rng.integers(90, 160, (SIDE, SIDE, num_channels), dtype=np.uint8)


def slope_and_offset(before: np.ndarray, after: np.ndarray) -> tuple[float, float, float]:
    slope, offset = np.polyfit(before.ravel(), after.ravel(), 1)
    residual = np.abs(after.ravel() - (slope * before.ravel() + offset)).max()
    return slope, offset, residual


@pytest.mark.parametrize("num_channels", [1, 3, 7])
def test_brightness_adds_one_value(num_channels):
    pixels = picture(num_channels)
    offsets = []
    for seed in range(200):
        difference = change(pixels, seed, brightness=0.2)[0] - pixels
        assert np.ptp(difference) < 1e-3
        offsets.append(difference.mean())
    assert -51 <= min(offsets) < -45 and 45 < max(offsets) <= 51


@pytest.mark.parametrize("num_channels", [1, 3, 7])
def test_contrast_keeps_the_mean(num_channels):
    pixels = picture(num_channels)
    slopes = []
    for seed in range(100):
        crop, _ = change(pixels, seed, contrast=0.5)
        slope, _, residual = slope_and_offset(pixels, crop)
        assert residual < 1e-2
        assert crop.mean() == pytest.approx(pixels.mean(), abs=1e-2)
        slopes.append(slope)
    assert 1 / 1.5 <= min(slopes) < 0.7 and 1.45 < max(slopes) <= 1.5


def test_channel_gain_scales_each_channel_alone():
    pixels = picture(5)
    crop, _ = change(pixels, channel_gain=0.3)
    gains = crop / pixels
    assert np.ptp(gains, axis=(0, 1)).max() < 1e-4
    gains = gains[0, 0]
    assert len(set(gains.round(4))) == 5
    assert (gains >= 1 / 1.3 - 1e-5).all() and (gains <= 1.3 + 1e-5).all()


def test_saturation_keeps_luma_and_grey():
    pixels = picture()
    luma = pixels @ np.array([0.299, 0.587, 0.114])
    crop, _ = change(pixels, 1, saturation=0.5)
    assert np.allclose(crop @ np.array([0.299, 0.587, 0.114]), luma, atol=1e-3)
    # Every pixel moves along the line to its own grey, all by the same factor.
    colourful = np.abs(pixels - luma[..., None]) > 5
    ratio = (crop - luma[..., None])[colourful] / (pixels - luma[..., None])[colourful]
    assert np.ptp(ratio) < 1e-3
    grey = np.repeat(picture(1), 3, axis=2)
    assert np.allclose(change(grey, 1, saturation=0.5)[0], grey, atol=1e-3)


def test_saturation_is_in_red_green_blue_order():
    """skimage, independently: chroma changes, lightness hardly."""
    pixels = np.zeros((SIDE, SIDE, 3), np.uint8)
    pixels[:] = (60, 160, 90)
    before = color.rgb2ycbcr(pixels)[0, 0, 0]
    after = color.rgb2ycbcr(change(pixels, 3, saturation=0.4)[0] / 255)[0, 0, 0]
    assert after == pytest.approx(before, abs=0.5)


def test_gamma_is_a_power_of_full_scale():
    pixels = np.linspace(0, 255, SIDE * SIDE).reshape(SIDE, SIDE, 1).astype(np.uint8)
    crop, _ = change(pixels, 4, gamma=0.8)
    power = np.log(crop[32, 0, 0] / 255) / np.log(pixels[32, 0, 0] / 255)
    assert 1 / 1.8 <= power <= 1.8 and abs(power - 1) > 0.05
    assert np.allclose(crop, 255 * (pixels / 255.0) ** power, atol=0.01)
    assert crop.min() == pytest.approx(0, abs=1e-3) and crop.max() == pytest.approx(255, abs=1e-2)


def test_gamma_of_signed_floats_is_odd():
    pixels = np.linspace(-1, 1, SIDE * SIDE, dtype=np.float32).reshape(SIDE, SIDE, 1)
    crop, _ = change(pixels, 4, gamma=0.8)
    assert np.isfinite(crop).all()
    assert np.allclose(crop.ravel(), -crop.ravel()[::-1], atol=1e-5)


def test_noise_has_the_drawn_spread():
    pixels = np.full((SIDE, SIDE, 3), 128, np.uint8)
    spreads = []
    for seed in range(50):
        crop, _ = change(pixels, seed, noise=0.1, noise_probability=1)
        assert crop.mean() == pytest.approx(128, abs=1.5)
        spreads.append(crop.std())
    assert max(spreads) < 26.5 and min(spreads) < 3 and max(spreads) > 20


def test_blur_keeps_the_mean_and_lowers_the_spread():
    pixels = picture(5)
    crop, _ = change(pixels, 1, blur_px=3, blur_probability=1)
    assert crop.mean() == pytest.approx(pixels.mean(), abs=0.5)
    assert crop.std() < 0.6 * pixels.std()


@pytest.mark.parametrize("num_channels", [1, 3])
def test_jpeg_stays_close_and_keeps_the_channel_order(num_channels):
    pixels = np.zeros((SIDE, SIDE, num_channels), np.uint8)
    pixels[:] = (200, 120, 40)[:num_channels]
    crop, _ = change(pixels, jpeg_quality=60, jpeg_probability=1)
    assert np.abs(crop - pixels).max() < 8
    textured = picture(num_channels)
    coarse, _ = change(textured, jpeg_quality=1, jpeg_probability=1)
    assert 1 < np.abs(coarse - textured).mean() < 40


@pytest.mark.parametrize(
    "settings",
    [
        {"brightness": 0.2, "contrast": 0.4, "channel_gain": 0.2, "saturation": 0.4},
        {"gamma": 0.5},
        {"noise": 0.1, "noise_probability": 1},
        {"blur_px": 2, "blur_probability": 1},
    ],
    ids=lambda settings: next(iter(settings)),
)
def test_the_same_in_every_dtype(settings):
    eight = picture()
    crops = [
        change(eight, 2, **settings)[0] / 255,
        change(eight.astype(np.uint16) * 257, 2, **settings)[0] / 65535,
        change(eight.astype(np.float32) / 255, 2, **settings)[0],
        change(eight.astype(np.float32), 2, full_scale=255, **settings)[0] / 255,
    ]
    for crop in crops[1:]:
        assert np.allclose(crop, crops[0], atol=1e-3)


def test_integers_are_clipped_and_floats_are_not():
    pixels = np.full((SIDE, SIDE, 1), 250, np.uint8)
    highest = max(change(pixels, seed, brightness=0.5)[0].max() for seed in range(10))
    assert highest == 255
    floats = pixels.astype(np.float32) / 255
    assert max(change(floats, seed, brightness=0.5)[0].max() for seed in range(10)) > 1


def test_cutout_is_filled_and_ignored():
    pixels = picture()
    holes = []
    for seed in range(40):
        crop, ids = change(pixels, seed, cutout=0.5, cutout_probability=1)
        hole = ids == CLASSES.ignore_index
        assert (crop[hole] == 0).all() and (crop[~hole] == pixels[~hole]).all()
        ys, xs = np.nonzero(hole)
        if len(ys):
            assert (ys.max() - ys.min() + 1) * (xs.max() - xs.min() + 1) == hole.sum()
        holes.append(hole.sum())
    assert max(holes) <= (SIDE / 2) ** 2 and max(holes) > 500


def test_settings_that_need_other_channels_are_refused():
    with pytest.raises(UsageError, match=r"saturation.*4 channels"):
        change(picture(4), saturation=0.5)
    with pytest.raises(UsageError, match=r"jpeg_quality.*2 channels"):
        change(picture(2), jpeg_quality=50, jpeg_probability=1)
