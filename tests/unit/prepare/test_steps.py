"""Each step against an oracle of its own: another library, a formula, or numbers by hand."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from scipy import ndimage
from skimage import exposure, restoration

from segwright.errors import ImageError
from segwright.images.image import LUMINANCE, Image
from segwright.prepare import Prepare
from segwright.prepare.clahe import equalised
from segwright.prepare.illumination import background


def prepared(step: object, pixels: np.ndarray, **known) -> np.ndarray:
    return Prepare.of([step]).apply(Image(pixels, **known)).pixels


def noise(*shape: int, dtype: str = "uint8", seed: int = 0) -> np.ndarray:
    rng = np.random.default_rng(seed)
    if dtype == "float32":
        return rng.normal(3, 20, shape).astype(np.float32)
    return rng.integers(0, np.iinfo(dtype).max, shape, dtype, endpoint=True)


def scene(height: int = 96, width: int = 128, channels: int = 1) -> np.ndarray:
    """Smooth hills with some noise, uint8, from 0 to 255."""
    rng = np.random.default_rng(1)
    hills = ndimage.gaussian_filter(rng.normal(size=(height, width, channels)), (9, 9, 0))
    hills += 0.1 * hills.std() * rng.normal(size=hills.shape)
    hills -= hills.min()
    return np.rint(255 * hills / hills.max()).astype(np.uint8)


# --- channels


def test_channels_are_chosen_and_ordered() -> None:
    pixels = noise(5, 7, 4, dtype="uint16")
    np.testing.assert_array_equal(prepared({"channels": [2, 0, 2]}, pixels), pixels[..., [2, 0, 2]])
    np.testing.assert_array_equal(prepared({"channels": 1}, pixels), pixels[..., 1:2])


def test_grey_is_the_luminance_of_rgb_and_grey_itself() -> None:
    pixels = np.array([[[255, 0, 0], [0, 255, 0], [10, 20, 30]]], np.uint8)
    # 0.299 * 255, 0.587 * 255, 2.99 + 11.74 + 3.42
    assert prepared({"channels": "grey"}, pixels)[..., 0].tolist() == [[76, 150, 18]]
    np.testing.assert_array_equal(prepared({"channels": "grey"}, pixels[..., :1]), pixels[..., :1])


def test_a_channel_that_is_not_there_is_named() -> None:
    with pytest.raises(
        ImageError, match="channel 3 is asked for; the image has 3, numbered from 0"
    ):
        prepared({"channels": [0, 3]}, noise(4, 4, 3))
    with pytest.raises(ImageError, match=r"2 channels.*defined for 1 or 3"):
        prepared({"channels": "grey"}, noise(4, 4, 2))


# --- percentile and z-score


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_percentiles_become_0_and_1_in_each_channel(dtype: str) -> None:
    pixels = noise(40, 50, 3, dtype=dtype)
    found = prepared({"percentile": [2, 97]}, pixels)
    assert found.dtype == np.float32
    for c in range(3):
        limits = tuple(np.percentile(pixels[..., c].astype(float), (2, 97)))
        expected = exposure.rescale_intensity(pixels[..., c].astype(float), limits, (0, 1))
        np.testing.assert_allclose(found[..., c], expected, atol=1e-6)


def test_percentiles_of_all_channels_together_keep_colours() -> None:
    pixels = np.zeros((10, 10, 3), np.uint8)
    pixels[..., 1], pixels[..., 2] = 50, 200
    found = prepared({"percentile": {"low": 0, "high": 100, "together": True}}, pixels)
    np.testing.assert_allclose(found[0, 0], [0, 0.25, 1])


def test_percentiles_that_coincide_leave_what_is_above_them() -> None:
    pixels = np.full((50, 50, 1), 7, np.uint8)
    pixels[3, 4], pixels[5, 6] = 9, 2  # far less than the half percent that is cut off
    found = prepared("percentile", pixels)
    assert found[3, 4] == 1 and found.sum() == 1


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("together", [False, True])
def test_zscores_have_mean_0_and_deviation_1(dtype: str, together: bool) -> None:
    pixels = noise(30, 20, 2, dtype=dtype)
    pixels[..., 1] //= 3
    found = prepared({"zscore": {"together": together}}, pixels)
    axes = None if together else (0, 1)
    values = pixels.astype(float)
    expected = (values - values.mean(axes)) / values.std(axes)
    np.testing.assert_allclose(found, expected, rtol=1e-5, atol=1e-6)


def test_a_constant_channel_scores_0_beside_one_that_is_not() -> None:
    pixels = np.full((37, 41, 2), 0.1, np.float32)
    pixels[..., 1] = noise(37, 41, dtype="float32")
    found = prepared("zscore", pixels)
    assert not found[..., 0].any() and found[..., 1].std() == pytest.approx(1, rel=1e-5)


# --- CLAHE


def slow_clahe(plane: np.ndarray, clip: float, tile_px: int) -> np.ndarray:
    """Word for word, pixel by pixel: the curves of the four nearest tiles, weighted by distance."""
    rows, columns = (side // tile_px for side in plane.shape)
    limit = max(1, int(clip * tile_px**2 / 256))
    curves = {}
    for r, c in np.ndindex(rows, columns):
        tile = plane[r * tile_px :, c * tile_px :][:tile_px, :tile_px]
        counts = [int((tile == level).sum()) for level in range(256)]
        excess = sum(max(0, count - limit) for count in counts)
        even = [min(count, limit) + excess / 256 for count in counts]
        curves[r, c] = [255 * sum(even[: level + 1]) / tile_px**2 for level in range(256)]
    found = np.zeros(plane.shape)
    for y, x in np.ndindex(plane.shape):
        fy, fx = (y / tile_px - 0.5, x / tile_px - 0.5)
        for r in (int(np.floor(fy)), int(np.floor(fy)) + 1):
            for c in (int(np.floor(fx)), int(np.floor(fx)) + 1):
                tile = min(max(r, 0), rows - 1), min(max(c, 0), columns - 1)
                weight = (1 - abs(fy - r)) * (1 - abs(fx - c))
                found[y, x] += weight * curves[tile][plane[y, x]]
    return found


@pytest.mark.parametrize("clip", [1.0, 2.0, 7.5, 100.0])
def test_clahe_is_its_definition(clip: float) -> None:
    pixels = scene(32, 48)
    expected = slow_clahe(pixels[..., 0], clip, 16)
    np.testing.assert_allclose(equalised(pixels[..., 0], clip, (2, 3)), expected, atol=1e-9)
    found = prepared({"clahe": {"clip": clip, "grid": [2, 3]}}, pixels)
    np.testing.assert_array_equal(found[..., 0], np.rint(expected))
    # No tile is smaller than 16 px, so a finer grid is this very one.
    np.testing.assert_array_equal(found, prepared({"clahe": {"clip": clip}}, pixels))


@pytest.mark.parametrize("size_hw", [(256, 512), (250, 509)])
@pytest.mark.parametrize("clip", [2.0, 7.5])
def test_clahe_is_that_of_opencv_but_for_what_it_cannot_spread(size_hw, clip: float) -> None:
    pixels = scene(*size_hw)
    expected = cv2.createCLAHE(clip, (4, 2)).apply(pixels[..., 0])  # (columns, rows)
    found = prepared({"clahe": {"clip": clip, "grid": [2, 4]}}, pixels)[..., 0]
    # Up to 255 pixels of a tile of 128 × 128 lie elsewhere in its histogram: four levels.
    assert np.abs(found.astype(int) - expected).max() <= 5


@pytest.mark.parametrize("channels", [1, 2, 3])
def test_clahe_does_not_depend_on_the_depth(channels: int) -> None:
    pixels = scene(channels=channels)
    eight = prepared("clahe", pixels).astype(float)
    sixteen = prepared("clahe", pixels.astype(np.uint16) * 257)
    real = prepared("clahe", pixels.astype(np.float32) * 4 - 300)
    assert sixteen.dtype == np.uint16 and real.dtype == np.float32
    # Half a level of rounding; RGB has its luminance rounded too, which moves it along the curve.
    allowed = 0.51 if channels < 3 else 4
    assert np.abs(sixteen / 257 - eight).max() <= allowed
    assert np.abs((real + 300) / 4 - eight).max() <= allowed


def test_clahe_keeps_greys_apart_that_8_bits_would_merge() -> None:
    ramp = np.linspace(1000, 1600, 64 * 64).reshape(64, 64, 1).astype(np.uint16)
    found = prepared({"clahe": {"clip": 4, "grid": [1, 1]}}, ramp)
    assert len(np.unique(found)) > 500  # of 600, at 256 levels
    assert (np.diff(found.ravel().astype(int)) >= 0).all()  # one curve: order is kept


def test_clahe_is_like_that_of_scikit_image() -> None:
    pixels = scene(128, 128).astype(np.float32) / 255
    found = prepared({"clahe": {"clip": 4, "grid": [4, 4]}}, pixels)[..., 0]
    # Its limit is a share of the tile's pixels where ours is a multiple of an even histogram.
    theirs = exposure.equalize_adapthist(pixels[..., 0], 32, clip_limit=4 / 256)
    assert np.corrcoef(found.ravel(), theirs.ravel())[0, 1] > 0.98
    local = [ndimage.generic_filter(p, np.std, 9).mean() for p in (pixels[..., 0], found, theirs)]
    assert local[1] > 1.3 * local[0] and local[1] == pytest.approx(local[2], rel=0.15)


def test_clahe_of_rgb_changes_its_luminance_alone() -> None:
    pixels = (scene(channels=3) // 4 + 90).astype(np.uint8)  # nothing reaches the ends
    found = prepared("clahe", pixels).astype(float)
    change = found - pixels
    assert np.ptp(change, axis=-1).max() <= 1 and change.any()  # rounded each
    luminance = np.rint(pixels @ LUMINANCE).astype(np.uint8)
    expected = prepared("clahe", luminance[..., None])[..., 0]
    inside = (found.min(-1) > 0) & (found.max(-1) < 255)
    assert inside.mean() > 0.5
    assert np.abs(np.rint(found @ LUMINANCE) - expected)[inside].max() <= 1


# --- denoising


@pytest.mark.parametrize("size", [3, 5, 9])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_median_is_that_of_scipy(dtype: str, size: int) -> None:
    pixels = noise(23, 31, 2, dtype=dtype)
    expected = ndimage.median_filter(pixels, (size, size, 1), mode="nearest")
    np.testing.assert_array_equal(prepared({"median": size}, pixels), expected)


def test_a_large_median_goes_through_bands(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("segwright.prepare.denoise._BAND_BYTES", 40_000)
    pixels = noise(50, 20, 1, dtype="uint16")
    expected = ndimage.median_filter(pixels, (7, 7, 1), mode="nearest")
    np.testing.assert_array_equal(prepared({"median": 7}, pixels), expected)


@pytest.mark.parametrize("sigma", [0.5, 1.5, 6.0])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
def test_gaussian_is_that_of_scipy(dtype: str, sigma: float) -> None:
    pixels = noise(40, 33, 5, dtype=dtype)
    expected = ndimage.gaussian_filter(pixels.astype(float), (sigma, sigma, 0), mode="reflect")
    found = prepared({"gaussian": sigma}, pixels)
    assert found.dtype == pixels.dtype
    full = {"uint8": 255, "uint16": 65535, "float32": 100}[dtype]
    allowed = 2e-3 * full + (0.5 if dtype != "float32" else 0)
    np.testing.assert_allclose(found, expected, atol=allowed)


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 3])
def test_bilateral_is_its_formula(dtype: str, channels: int) -> None:
    pixels = noise(12, 11, channels, dtype=dtype)
    values = pixels.astype(float)
    low, high = (0, 255) if dtype == "uint8" else (values.min(), values.max())
    unit = (values - low) / (high - low)
    sigma_px, sigma_value, reach = 1.0, 0.3, 2
    padded = np.pad(unit, ((reach, reach), (reach, reach), (0, 0)), mode="symmetric")
    total, weights = np.zeros_like(unit), np.zeros(unit.shape[:2])
    for dy in range(-reach, reach + 1):
        for dx in range(-reach, reach + 1):
            if np.hypot(dy, dx) <= reach:
                there = padded[reach + dy :, reach + dx :][:12, :11]
                apart = np.abs(there - unit).sum(-1)
                weight = np.exp(-(apart**2) / (2 * sigma_value**2) - (dy**2 + dx**2) / 2)
                total += weight[..., None] * there
                weights += weight
    expected = low + (high - low) * total / weights[..., None]
    found = prepared({"bilateral": [sigma_px, sigma_value]}, pixels)
    np.testing.assert_allclose(found, expected, atol=1e-3 * (high - low) + 0.51)


def test_bilateral_refuses_what_it_is_not_defined_for() -> None:
    with pytest.raises(ImageError, match=r"2 channels.*'bilateral' is defined for 1 or 3"):
        prepared("bilateral", noise(9, 9, 2))


@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("channels", [1, 2])
def test_nlmeans_is_its_formula(dtype: str, channels: int) -> None:
    pixels = noise(9, 10, channels, dtype=dtype)
    values = pixels.astype(float)
    low, high = (0, 255) if dtype == "uint8" else (values.min(), values.max())
    unit = (values - low) / (high - low)
    strength, half, reach = 0.4, 1, 2
    margin = half + reach
    padded = np.pad(unit, ((margin, margin), (margin, margin), (0, 0)), mode="symmetric")

    def patch(y: int, x: int) -> np.ndarray:
        return padded[y + margin - half :, x + margin - half :][: 2 * half + 1, : 2 * half + 1]

    expected = np.empty_like(unit)
    for y, x in np.ndindex(unit.shape[:2]):
        around = [(y + dy, x + dx) for dy in range(-2, 3) for dx in range(-2, 3)]
        weights = [np.exp(-np.mean((patch(y, x) - patch(*p)) ** 2) / strength**2) for p in around]
        colours = np.array([patch(*p)[half, half] for p in around])
        expected[y, x] = weights @ colours / sum(weights)
    found = prepared({"nlmeans": {"strength": strength, "patch_px": 3, "window_px": 5}}, pixels)
    np.testing.assert_allclose(
        found, low + (high - low) * expected, atol=1e-4 * (high - low) + 0.51
    )


def test_nlmeans_takes_off_as_much_noise_as_that_of_scikit_image() -> None:
    clean = np.kron(np.array([[0.2, 0.8], [0.6, 0.4]]), np.ones((24, 24)))[..., None]
    noisy = (clean + 0.08 * np.random.default_rng(0).normal(size=clean.shape)).astype(np.float32)
    noisy[0, 0], noisy[0, 1] = 0, 1  # the range
    found = prepared({"nlmeans": {"strength": 0.1, "patch_px": 5, "window_px": 13}}, noisy)
    theirs = restoration.denoise_nl_means(noisy[..., 0], 5, 6, 0.1)
    left = np.abs(found - clean).mean()
    assert left < 0.4 * np.abs(noisy - clean).mean()
    assert left < 1.15 * np.abs(theirs - clean[..., 0]).mean()


# --- illumination


@pytest.mark.parametrize("sigma", [2.0, 6.0, 15.0, 40.0])
def test_the_background_is_a_gaussian_blur(sigma: float) -> None:
    plane = scene(150, 110)[..., 0].astype(np.float32)
    expected = ndimage.gaussian_filter(plane.astype(float), sigma, mode="reflect")
    assert np.abs(background(plane, sigma) - expected).max() < 0.01 * np.ptp(plane)


@pytest.mark.parametrize(("how", "spread"), [("divide", 0.02), ("subtract", 0.03)])
def test_uneven_light_is_taken_out_and_the_level_stays(how: str, spread: float) -> None:
    x = np.arange(200) / 200
    light = (0.5 + 0.4 * np.sin(2 * x + 0.5) * np.cos(x[:, None])).astype(np.float32)
    texture = 0.1 * (np.indices((200, 200)).sum(0) % 2 - 0.5)
    pixels = (light * (1 + texture) if how == "divide" else light + texture).astype(np.float32)
    found = prepared({"illumination": [12, how]}, pixels[..., None])[..., 0]
    assert found.mean() == pytest.approx(pixels.mean(), rel=1e-5)
    inner = ndimage.uniform_filter(found, 20)[30:-30, 30:-30]
    before = ndimage.uniform_filter(pixels, 20)[30:-30, 30:-30]
    assert np.ptp(inner) < spread < 0.2 * np.ptp(before)


def test_8_bits_are_not_cut_off_by_evening_out() -> None:
    pixels = np.full((64, 64, 1), 20, np.uint8)
    pixels[:, 32:] = 240
    pixels[10, 10] = 90  # four times its surroundings
    found = prepared({"illumination": 8}, pixels)
    assert found.dtype == np.float32 and found.max() > 1
    assert found.mean() == pytest.approx(pixels.mean() / 255, rel=1e-5)


def test_darkness_is_not_made_more_than_ten_times_brighter() -> None:
    pixels = np.full((120, 120, 1), 0.001, np.float32)
    pixels[:, 60:] = 1
    found = prepared({"illumination": 5}, pixels)
    light = background(pixels[..., 0], 5)
    gain = found[60, 5, 0] / pixels[60, 5, 0]
    scale = found[60, 110, 0] / (pixels[60, 110, 0] / light[60, 110])
    assert gain == pytest.approx(10 * scale / light.mean(), rel=1e-3)


def test_dividing_negative_values_is_refused() -> None:
    with pytest.raises(ImageError, match=r"smallest value is -.*how: subtract"):
        prepared("illumination", noise(30, 30, 1, dtype="float32"))


# --- spacing


def test_spacing_averages_over_areas_when_it_shrinks() -> None:
    pixels = noise(12, 20, 2, dtype="uint16")
    found = Prepare.of({"spacing": [0.6, 0.4]}).apply(Image(pixels, spacing=(0.2, 0.2)))
    blocks = pixels.reshape(4, 3, 10, 2, 2).mean((1, 3))
    np.testing.assert_allclose(found.pixels, blocks, atol=0.51)
    assert found.spacing == pytest.approx((0.6, 0.4))


def test_spacing_interpolates_when_it_grows_each_axis_by_itself() -> None:
    pixels = noise(6, 4, 1, dtype="float32")
    found = Prepare.of({"spacing": [2, 0.5]}).apply(Image(pixels, spacing=(1.0, 1.0))).pixels
    halved = pixels.reshape(3, 2, 4).mean(1)
    places = ((np.arange(8) + 0.5) / 2 - 0.5).clip(0, 3)
    expected = np.array([np.interp(places, np.arange(4), row) for row in halved])
    np.testing.assert_allclose(found[..., 0], expected, rtol=1e-5)


def test_spacing_tells_the_size_its_pixels_really_have() -> None:
    image = Prepare.of({"spacing": 1.0}).apply(Image(noise(10, 7, 1), spacing=(0.33, 0.33)))
    assert image.size_hw == (3, 2)
    assert image.spacing == pytest.approx((1.1, 1.155))  # 3.3 mm in 3 pixels, 2.31 mm in 2


@pytest.mark.parametrize(
    ("spacing", "said"),
    [
        (None, r"size of its pixels is unknown.*dataset\.yaml"),
        ((0.0, 1.0), "finite numbers above 0"),
        ((float("nan"), 1.0), "finite numbers above 0"),
        ((100.0, 1.0), "would make 1000×10 of 10×10 pixels.*both are in millimetres"),
    ],
)
def test_a_spacing_that_cannot_be_worked_with_is_refused(spacing, said: str) -> None:
    with pytest.raises(ImageError, match=said):
        prepared({"spacing": 1.0}, noise(10, 10, 1), spacing=spacing)


def test_a_picture_of_the_spacing_asked_for_stays_as_it_is() -> None:
    pixels = noise(10, 12, 3)
    assert prepared({"spacing": 0.3}, pixels, spacing=(0.3, 0.3)) is pixels
