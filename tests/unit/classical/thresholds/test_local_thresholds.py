"""Local thresholds against scikit-image, OpenCV and windows taken one by one."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.classical.catalog import build_method
from segwright.classical.thresholds import local
from segwright.classical.thresholds.local import LocalThreshold, bands
from segwright.errors import UsageError
from segwright.images.image import Image

filters = pytest.importorskip("skimage.filters")
cv2 = pytest.importorskip("cv2")

LOCAL = ("adaptive", "sauvola", "niblack", "phansalkar", "bernsen")


def shaded_text(size_hw: tuple[int, int] = (120, 160)) -> tuple[np.ndarray, np.ndarray]:
    """Dark bars on paper whose light falls to a third: brightness, and where the bars are."""
    y, x = np.mgrid[: size_hw[0], : size_hw[1]]
    ink = (x % 16 < 4) & (y % 40 > 8)
    paper = 0.9 - 0.6 * x / size_hw[1]
    values = np.where(ink, paper * 0.5, paper)
    values += np.random.default_rng(0).normal(0, 0.01, size_hw)
    return np.clip(values, 0, 1).astype(np.float32), ink


def windows(values: np.ndarray, side: int) -> np.ndarray:
    """(Y, X, side²) values around each pixel, mirrored at the borders."""
    padded = np.pad(values.astype(float), side // 2, mode="reflect")
    seen = np.lib.stride_tricks.sliding_window_view(padded, (side, side))
    return seen.reshape(*values.shape, side * side)


def bounds(name: str, values: np.ndarray, **settings: object) -> np.ndarray:
    method = build_method(name, **settings)
    assert isinstance(method, LocalThreshold)
    return method.bounds(values)


def test_sauvola_and_niblack_are_scikit_images():
    values, _ = shaded_text()
    ours = bounds("sauvola", values, window_px=25, k=0.3, r=0.5)
    assert np.allclose(ours, filters.threshold_sauvola(values, 25, 0.3, r=0.5), atol=1e-5)
    ours = bounds("niblack", values, window_px=15, k=-0.4, min_deviation=0)
    # scikit-image subtracts k times the deviation.
    assert np.allclose(ours, filters.threshold_niblack(values, 15, 0.4), atol=1e-5)


def test_phansalkar_is_its_formula():
    values, _ = shaded_text((30, 40))
    seen = windows(values, 7)
    mean, deviation = seen.mean(-1), seen.std(-1)
    expected = mean * (1 + 2 * np.exp(-10 * mean) + 0.25 * (deviation / 0.5 - 1))
    assert np.allclose(bounds("phansalkar", values, window_px=7), expected, atol=1e-6)


def test_bernsen_is_the_middle_of_the_window():
    values, _ = shaded_text((30, 40))
    seen = windows(values, 5)
    expected = (seen.max(-1) + seen.min(-1)) / 2
    contrast = np.ptp(seen, axis=-1)
    ours = bounds("bernsen", values, window_px=5, min_contrast=0.1)
    assert np.array_equal(np.isnan(ours), contrast.astype(np.float32) < np.float32(0.1))
    assert np.allclose(ours[contrast > 0.11], expected[contrast > 0.11], atol=1e-6)


def test_adaptive_is_opencvs_away_from_the_borders():
    values = (shaded_text()[0] * 255).astype(np.uint8)
    ours = build_method("adaptive", window_px=21, offset=4 / 255).parts(Image.from_array(values))
    theirs = cv2.adaptiveThreshold(values, 1, cv2.ADAPTIVE_THRESH_MEAN_C, cv2.THRESH_BINARY, 21, 4)
    inside = slice(10, -10)
    # OpenCV rounds the mean to whole levels.
    assert (ours != theirs)[inside, inside].mean() < 0.01


@pytest.mark.parametrize("offset", [5, 0, -3, 255, -255])
def test_adaptive_compares_bytes_with_the_exact_mean(offset: int):
    values = np.random.default_rng(0).integers(0, 256, (40, 50)).astype(np.uint8)
    sums = windows(values, 5).astype(int).sum(-1)
    found = build_method("adaptive", window_px=5, offset=offset / 255).parts(
        Image.from_array(values)
    )
    assert np.array_equal(found, 25 * values.astype(int) > sums - 25 * offset)


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 40), (40, 1), (3, 5)])
def test_adaptive_sees_bytes_as_it_sees_floats(size_hw: tuple[int, int]):
    values = np.random.default_rng(2).integers(0, 256, size_hw).astype(np.uint8)
    method = build_method("adaptive", window_px=7, offset=0.013)
    floats = values / np.float32(255)
    assert np.array_equal(
        method.parts(Image.from_array(values)), method.parts(Image.from_array(floats))
    )


def test_adaptive_sees_the_same_in_bands(monkeypatch: pytest.MonkeyPatch):
    values = np.random.default_rng(1).integers(0, 256, (90, 40)).astype(np.uint8)
    method = build_method("adaptive", window_px=15, offset=0.01)
    whole = method.parts(Image.from_array(values))
    monkeypatch.setattr(local, "_BAND_PX", 400)
    assert np.array_equal(method.parts(Image.from_array(values)), whole)


def test_adaptive_with_gaussian_weights_is_scikit_images():
    values, _ = shaded_text()
    ours = bounds("adaptive", values, window_px=31, offset=0.05, weights="gaussian")
    theirs = filters.threshold_local(values, 31, "gaussian", offset=0.05, param=31 / 6)
    assert np.abs(ours - theirs).max() < 0.01


@pytest.mark.parametrize("name", LOCAL)
def test_bars_are_found_although_light_falls_unevenly(name: str):
    values, ink = shaded_text()
    dark = build_method(name).parts(Image.from_array(values)) == 0
    otsu = build_method("otsu").parts(Image.from_array(values)) == 0

    def iou(found: np.ndarray) -> float:
        return float((found & ink).sum() / (found | ink).sum())

    assert iou(dark) > max(0.7, iou(otsu) + 0.1), (iou(dark), iou(otsu))


@pytest.mark.parametrize("name", ["sauvola", "phansalkar"])
def test_bright_objects_are_dark_ones_of_the_negative(name: str):
    values, _ = shaded_text()
    levels = np.round(values * 64).astype(np.float32) / 64  # 1 - value is exact
    bright = build_method(name, objects="brighter").parts(Image.from_array(1 - levels))
    dark = build_method(name).parts(Image.from_array(levels))
    assert np.array_equal(bright, 1 - dark)


@pytest.mark.parametrize(
    ("name", "settings", "part"),
    [
        ("adaptive", {"offset": 0.1}, 1),
        ("adaptive", {"offset": -0.1}, 0),
        ("sauvola", {}, 1),
        ("sauvola", {"objects": "brighter"}, 0),
        ("phansalkar", {}, 1),
        ("phansalkar", {"objects": "brighter"}, 0),
        ("niblack", {}, 0),
        ("bernsen", {}, 0),
    ],
)
def test_a_constant_image_is_all_ground(name: str, settings: dict[str, object], part: int):
    image = Image(np.full((20, 30, 1), 120, np.uint8))
    assert (build_method(name, **settings).parts(image) == part).all()


@pytest.mark.parametrize("name", ["niblack", "bernsen"])
def test_flat_places_are_divided_by_otsus_threshold(name: str):
    values = np.full((60, 200), 0.2, np.float32)
    values[:, 100:] = 0.8
    values += np.random.default_rng(0).normal(0, 0.002, values.shape).astype(np.float32)
    found = build_method(name, window_px=11).parts(Image.from_array(values))
    assert (found[:, :90] == 0).all() and (found[:, 110:] == 1).all()


@pytest.mark.parametrize("name", LOCAL)
@pytest.mark.parametrize("window_px", [3, 31])
def test_bands_change_nothing(name: str, window_px: int, monkeypatch: pytest.MonkeyPatch):
    image = Image.from_array(shaded_text()[0])
    whole = build_method(name, window_px=window_px).parts(image)
    monkeypatch.setattr(local, "_BAND_PX", 7 * 160)
    assert np.array_equal(build_method(name, window_px=window_px).parts(image), whole)


def test_bands_cover_every_row_once_and_see_a_bounded_number():
    for height, reach in ((1, 4), (100, 1), (5000, 3), (2000, 700)):
        seen = list(bands((height, 1000), reach))
        assert np.array_equal(
            np.concatenate([np.arange(height)[r] for r, _ in seen]), range(height)
        )
        assert all(s.stop - s.start <= 3 * (r.stop - r.start) + 2 for r, s in seen[:-1])


@pytest.mark.parametrize("name", LOCAL)
def test_a_window_has_a_middle(name: str):
    with pytest.raises(UsageError, match="odd side, such as 33"):
        build_method(name, window_px=32)


@pytest.mark.parametrize("name", LOCAL)
@pytest.mark.parametrize("size_hw", [(1, 1), (1, 50), (50, 1), (4, 7)])
def test_windows_may_be_larger_than_the_image(name: str, size_hw: tuple[int, int]):
    values = np.random.default_rng(0).random(size_hw).astype(np.float32)
    found = build_method(name, window_px=101).parts(Image.from_array(values))
    assert found.shape == size_hw and found.max() <= 1
