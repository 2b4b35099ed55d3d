"""Global thresholds against scikit-image, brute force, and histograms small enough to see."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segwright.classical.catalog import build_method
from segwright.classical.thresholds.hysteresis import around_otsu, touching
from segwright.classical.thresholds.levels import GlobalThreshold, above, brightness, histogram
from segwright.classical.thresholds.li import cross_entropies
from segwright.classical.thresholds.minimum_error import misfits, valleys_of
from segwright.classical.thresholds.two_modes import peaks_of
from segwright.images.image import Image
from segwright.images.read import read_image

filters = pytest.importorskip("skimage.filters")
morphology = pytest.importorskip("skimage.morphology")
cv2 = pytest.importorskip("cv2")

EDGES = np.linspace(-0.5, 255.5, 257)
SAME_AS_SCIKIT_IMAGE = {
    "otsu": filters.threshold_otsu,
    "triangle": filters.threshold_triangle,
    "yen": filters.threshold_yen,
    "two_modes": filters.threshold_minimum,
    "mean_brightness": filters.threshold_mean,
    "li": filters.threshold_li,
}


def two_levels(*, seed: int = 0, low: float = 60, high: float = 170) -> np.ndarray:
    """A picture whose left third is darker, with noise: the histogram has two peaks."""
    values = np.random.default_rng(seed).normal(0, 12, (90, 120))
    values += np.where(np.arange(120) < 40, low, high)
    return np.clip(values, 0, 255).astype(np.uint8)


def counted(**pixels_at: int) -> np.ndarray:
    """A histogram of 256 bins from few: `counted(v3=10)` is ten pixels of value 3."""
    counts = np.zeros(256, np.int64)
    for value, count in pixels_at.items():
        counts[int(value[1:])] = count
    return counts


def threshold(name: str, counts: np.ndarray) -> float:
    method = build_method(name)
    assert isinstance(method, GlobalThreshold)
    return method.threshold(counts, EDGES)


@pytest.mark.parametrize("name", SAME_AS_SCIKIT_IMAGE)
@pytest.mark.parametrize("seed", range(4))
def test_the_same_pixels_are_brighter_as_in_scikit_image(name: str, seed: int):
    values = two_levels(seed=seed, low=40 + 20 * seed)
    theirs = values > SAME_AS_SCIKIT_IMAGE[name](values)
    ours = build_method(name).parts(Image.from_array(values))
    # scikit-image's Li stops near the minimum; it may be off by one level.
    assert (ours != theirs).mean() <= (0.002 if name == "li" else 0)


@pytest.mark.parametrize("name", SAME_AS_SCIKIT_IMAGE)
def test_real_images_are_divided_as_by_scikit_image(name: str, shared_data: Path):
    for folder in ("membranes/images", "nuclei/train"):
        for path in sorted((shared_data / folder).glob("*.png"))[:4]:
            image = read_image(path)
            values = brightness(image)
            theirs = values > SAME_AS_SCIKIT_IMAGE[name](values)
            ours = build_method(name).parts(image)
            assert (ours != theirs).mean() <= (0.03 if name == "li" else 0), path


def test_isodata_is_one_of_the_thresholds_that_scikit_image_knows():
    for seed in range(4):
        values = two_levels(seed=seed, low=30 + 25 * seed)
        ours = build_method("isodata").parts(Image.from_array(values))
        known = filters.threshold_isodata(values, return_all=True)
        assert any(np.array_equal(ours, values > one) for one in known)


def test_otsu_and_triangle_are_opencvs():
    values = two_levels()
    for name, flag in (("otsu", cv2.THRESH_OTSU), ("triangle", cv2.THRESH_TRIANGLE)):
        _, theirs = cv2.threshold(values, 0, 1, flag)
        ours = build_method(name).parts(Image.from_array(values))
        assert (ours != theirs).mean() < 0.005


def test_li_has_the_least_cross_entropy_of_all_thresholds():
    values = two_levels(seed=7)
    shifted = values.astype(float) - values.min()

    def cross_entropy(bound: int) -> float:
        total = 0.0
        for side in (values <= bound, values > bound):
            known = shifted[side]
            known = known[known > 0]
            total += (known * np.log(known / shifted[side].mean())).sum()
        return total

    bounds = np.arange(int(values.min()), int(values.max()))
    brute = np.array([cross_entropy(int(bound)) for bound in bounds])
    ours = cross_entropies(*histogram(values))[bounds]
    # They differ by what does not depend on the threshold.
    assert np.allclose(ours - ours[0], brute - brute[0], atol=1e-6 * np.abs(brute).max())


def test_minimum_error_is_kittler_and_illingworths_criterion():
    values = two_levels(seed=3)
    bounds = np.arange(int(values.min()), int(values.max()))
    brute = []
    for bound in bounds:
        criterion = 1.0
        for side in (values[values <= bound], values[values > bound]):
            share = side.size / values.size
            deviation = np.sqrt(side.astype(float).var() + 1 / 12)
            criterion += 2 * share * (np.log(deviation) - np.log(share))
        brute.append(criterion)
    assert np.allclose(misfits(*histogram(values))[bounds], brute)


def test_minimum_error_tells_a_narrow_level_from_a_wide_one():
    rng = np.random.default_rng(0)
    narrow, wide = rng.normal(60, 3, 20_000), rng.normal(120, 25, 20_000)
    values = np.clip(np.concatenate([narrow, wide]), 0, 255).astype(np.uint8).reshape(200, 200)
    found = build_method("minimum_error").parts(Image.from_array(values))
    best = min((np.sum(narrow > b) + np.sum(wide <= b), b) for b in range(50, 110))[0]
    wrong = np.sum(found.ravel()[:20_000] == 1) + np.sum(found.ravel()[20_000:] == 0)
    assert wrong <= best * 1.1 + 10
    otsu = build_method("otsu").parts(Image.from_array(values))
    assert np.sum(otsu.ravel()[20_000:] == 0) > 3 * wrong


def test_valleys_are_inside():
    low = np.array([np.inf, 1.0, 2.0, 1.0, 1.0, 3.0, 2.5, 2.0, np.inf])
    assert valleys_of(low).tolist() == [3]
    assert valleys_of(np.full(5, 2.0)).tolist() == []


def test_thresholds_of_histograms_that_can_be_counted():
    two = counted(v10=30, v11=30, v100=20, v101=20)
    for name in ("li", "yen", "isodata", "minimum_error", "mean_brightness"):
        assert 11 < threshold(name, two) < 100, name
    assert threshold("mean_brightness", two) == pytest.approx((30 * 21 + 20 * 201) / 100)
    assert threshold("isodata", two) == pytest.approx((10.5 + 100.5) / 2)
    # From 100 at 50 to 0 at 150 the line falls by 1 a bin: it is 98 above the empty bin 52.
    assert threshold("triangle", counted(v50=100, v51=50, v150=1)) == 52.5
    assert threshold("triangle", counted(v10=1, v199=60, v200=100)) == 198.5


def test_two_modes_takes_the_lowest_bin_between_them():
    counts = counted(v20=1, v21=9, v22=8, v23=3, v24=2, v25=4, v26=7, v27=1)
    assert threshold("two_modes", counts) == 24.5
    assert threshold("two_modes", counted(v20=1, v21=9, v22=8)) == 255.5


def test_peaks_may_be_level_and_first_but_not_last():
    assert peaks_of(np.array([5.0, 1, 2, 2, 0, 3])).tolist() == [0, 2]
    assert peaks_of(np.array([1.0, 1, 1])).tolist() == []


@pytest.mark.parametrize("name", SAME_AS_SCIKIT_IMAGE)
def test_floats_are_divided_as_their_bytes(name: str):
    values = two_levels(seed=5)
    as_bytes = build_method(name).parts(Image.from_array(values))
    as_floats = build_method(name).parts(Image.from_array(values.astype(np.float32) / 255))
    assert (as_bytes != as_floats).mean() < 0.03


def test_histograms_count_every_pixel():
    for span in (1.0, 0.1):
        values = np.random.default_rng(0).random((50, 60), np.float32) * np.float32(span)
        counts, edges = histogram(values)
        assert counts.sum() == values.size
        expected, _ = np.histogram(values, edges)
        assert np.abs(counts - expected).sum() <= 4  # one on an edge may be rounded either way
        assert (edges[0] == values.min()) == (span < 0.5)
    counts, edges = histogram(np.array([[0, 255, 255, 7]], np.uint8))
    assert counts[[0, 7, 255]].tolist() == [1, 1, 2] and edges[7] == 6.5


def test_above_is_strict_for_bytes_and_floats():
    values = np.array([[0, 3, 4, 255]], np.uint8)
    assert above(values, 3.0).tolist() == [[0, 0, 1, 1]]
    assert above(values, 3.5).tolist() == [[0, 0, 1, 1]]
    assert above(values, -0.5).tolist() == [[1, 1, 1, 1]]
    assert above(values, 255.0).tolist() == [[0, 0, 0, 0]]
    assert above(np.array([[0.2, 0.3]], np.float32), 0.2).tolist() == [[0, 1]]


def test_a_fixed_threshold_means_the_same_in_every_type():
    values = np.array([[0, 63, 64, 255]], np.uint8)
    fixed = build_method("fixed", value=0.25)
    assert fixed.parts(Image.from_array(values)).tolist() == [[0, 0, 1, 1]]
    assert fixed.parts(Image(values.astype(np.uint16)[..., None] * 257)).tolist() == [[0, 0, 1, 1]]
    floats = Image.from_array(values.astype(np.float32) / 255)
    assert fixed.parts(floats).tolist() == [[0, 0, 1, 1]]


def with_hysteresis(values: np.ndarray, low: float, high: float) -> np.ndarray:
    """By scikit-image's reconstruction: the strict pixels spread within the lenient ones."""
    seeds, mask = (values > high).astype(np.uint8), (values > low).astype(np.uint8)
    return morphology.reconstruction(seeds, mask, footprint=np.ones((3, 3)))


def test_hysteresis_is_a_reconstruction():
    values = np.random.default_rng(1).random((80, 90)).astype(np.float32)
    values = cv2.GaussianBlur(values, (0, 0), 1.5)
    values = (values - values.min()) / np.ptp(values)
    ours = build_method("hysteresis", low=0.5, high=0.7).parts(Image.from_array(values))
    theirs = with_hysteresis(values, 0.5, float(np.float32(0.7)))
    assert np.array_equal(ours, theirs) and 0 < ours.mean() < (values > 0.5).mean()


def test_hysteresis_of_dark_objects_is_that_of_the_negative():
    values = two_levels(seed=2)
    image, negative = Image.from_array(values), Image.from_array(255 - values)
    dark = build_method("hysteresis", low=0.3, high=0.5, objects="darker").parts(image)
    bright = build_method("hysteresis", low=0.5, high=0.7).parts(negative)
    assert np.array_equal(dark, 1 - bright)
    assert not np.array_equal(dark, build_method("hysteresis", low=0.3, high=0.5).parts(image))


def test_hysteresis_finds_its_thresholds_around_otsus():
    counts = counted(v10=30, v30=30, v150=20, v170=20)
    low, high = around_otsu(counts, EDGES)
    assert (low, high) == ((30.5 + 20) / 2, (30.5 + 160) / 2)
    values = np.array([[150, 20, 30, 30, 10, 30]], np.uint8).repeat(8, 0)
    found = touching(above(values, low), above(values, high))
    assert found[0].tolist() == [1, 0, 0, 0, 0, 0]
    values[:, 1] = 90
    assert touching(above(values, low), above(values, high))[0].tolist() == [1, 1, 1, 1, 0, 0]
    image = Image.from_array(two_levels())
    disagree = build_method("hysteresis").parts(image) != build_method("otsu").parts(image)
    assert disagree.mean() < 0.01


@pytest.mark.parametrize("objects", ["brighter", "darker"])
def test_thresholds_in_the_wrong_order_are_both_the_upper(objects: str):
    values = two_levels()
    wrong = build_method("hysteresis", low=0.9, high=0.4, objects=objects)
    one = build_method("fixed", value=0.4)
    image = Image.from_array(values)
    assert np.array_equal(wrong.parts(image), one.parts(image))
