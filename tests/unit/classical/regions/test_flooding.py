"""Minima and flooding against scikit-image, and both watersheds."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segwright.classical.catalog import build_method
from segwright.classical.regions.flooding import as_relief, flooded, markers
from segwright.images.image import Image
from segwright.images.read import read_image

pytest.importorskip("numba")
segmentation = pytest.importorskip("skimage.segmentation")
morphology = pytest.importorskip("skimage.morphology")
ndimage = pytest.importorskip("scipy.ndimage")


def without_plateaus(size_hw: tuple[int, int], seed: int) -> np.ndarray:
    count = size_hw[0] * size_hw[1]
    return np.random.default_rng(seed).permutation(count).astype(np.uint16).reshape(size_hw)


@pytest.mark.parametrize("size_hw", [(40, 50), (1, 60), (60, 1)])
def test_basins_are_those_of_scikit_image(size_hw: tuple[int, int]):
    relief = without_plateaus(size_hw, 1)
    depth = relief.size // 8
    seeds = markers(relief, depth=depth)
    assert seeds.max() > 1
    expected = segmentation.watershed(relief.astype(np.int32), seeds + 1)
    assert np.array_equal(flooded(relief, seeds), expected - 1)
    inside = np.random.default_rng(2).random(size_hw) < 0.8
    seeds = markers(relief, depth=depth, inside=inside)
    expected = segmentation.watershed(relief.astype(np.int32), seeds + 1, mask=inside)
    found = flooded(relief, seeds, inside)
    assert np.array_equal(found[inside], expected[inside] - 1)
    assert (found[~inside] == -1).all()


@pytest.mark.parametrize("depth", [1, 200, 700])
def test_deep_minima_are_those_of_scikit_image(depth: int):
    relief = without_plateaus((30, 40), depth)
    side = np.array([[0, 1, 0], [1, 1, 1], [0, 1, 0]])
    expected = morphology.h_minima(relief.astype(np.int32), depth, footprint=side) > 0
    assert np.array_equal(markers(relief, depth=depth) >= 0, expected)


def test_a_minimum_is_as_deep_as_the_way_to_a_lower_one():
    relief = np.array([[9, 2, 5, 4, 8, 0, 3, 3, 1, 9]], np.uint16)
    # The lowest is at 5; from 1 one climbs 6 to it, from 3 only 1 to the one at 1, from 8 two.
    for depth, expected in ((1, [1, 3, 5, 8]), (2, [1, 5, 8]), (3, [1, 5]), (7, [5])):
        assert np.flatnonzero(markers(relief, depth=depth)[0] >= 0).tolist() == expected
    assert np.flatnonzero(markers(relief, most=2)[0] >= 0).tolist() == [1, 5]


def test_a_plateau_is_one_minimum_and_is_flooded_from_it():
    relief = np.full((5, 7), 3, np.uint16)
    assert (markers(relief) >= 0).sum() == 1
    relief[:, 3] = 9
    seeds = markers(relief)
    assert (seeds >= 0).sum() == 2
    found = flooded(relief, seeds)
    assert (found[:, :3] == 0).all() and (found[:, 4:] == 1).all()


def test_levels_are_rounded_and_clipped():
    values = np.array([[0.0, 0.5, 1.0, 2.0]], np.float32)
    assert as_relief(values).tolist() == [[0, 32768, 65535, 65535]]


def discs(*, dark: bool = False) -> tuple[Image, np.ndarray]:
    """Two discs that touch, and one by itself."""
    y, x = np.mgrid[:80, :120]
    truth = np.zeros((80, 120), int)
    for number, (cy, cx) in enumerate(((30, 30), (38, 56), (50, 98)), start=1):
        truth[(y - cy) ** 2 + (x - cx) ** 2 < 15**2] = number
    values = np.where(truth > 0, 200, 40) + np.random.default_rng(0).normal(0, 8, truth.shape)
    pixels = np.clip(values, 0, 255).astype(np.uint8)
    return Image((255 - pixels if dark else pixels)[..., None]), truth


@pytest.mark.parametrize("dark", [False, True])
def test_discs_that_touch_are_parted_at_the_waist(dark: bool):
    image, truth = discs(dark=dark)
    found = build_method("otsu_watershed").parts(image)
    assert found.max() == 3
    for number in (1, 2, 3):
        own = np.bincount(found[truth == number]).argmax()
        both = ((found == own) & (truth == number)).sum()
        assert own > 0 and both / ((found == own) | (truth == number)).sum() > 0.93
    assert build_method("otsu_watershed", depth_px=12).parts(image).max() == 2
    other = "brighter" if dark else "darker"
    assert build_method("otsu_watershed", objects=other).parts(image)[0, 0] > 0


def test_small_objects_are_background():
    pixels = np.zeros((40, 40, 1), np.uint8)
    pixels[5:15, 5:15] = 255
    pixels[30:33, 30:33] = 255
    image = Image(pixels)
    assert build_method("otsu_watershed", sigma_px=0, min_size=9).parts(image).max() == 2
    found = build_method("otsu_watershed", sigma_px=0, min_size=10).parts(image)
    assert found.max() == 1 and found[31, 31] == 0


def test_an_image_of_objects_alone_has_no_empty_background():
    found = build_method("otsu_watershed", objects="darker").parts(
        Image(np.zeros((9, 9, 1), np.uint8))
    )
    assert found.max() == 0


def test_nuclei_are_counted(shared_data: Path):
    import json

    told = json.loads((shared_data / "nuclei" / "val.json").read_text(encoding="utf-8"))
    names = {image["id"]: image["file_name"] for image in told["images"]}
    true = dict.fromkeys(names, 0)
    for one in told["annotations"]:
        true[one["image_id"]] += 1
    errors = []
    for number in sorted(names)[:12]:
        image = read_image(shared_data / "nuclei" / "val" / Path(names[number]).name)
        found = int(build_method("otsu_watershed").parts(image).max())
        errors.append(abs(found - true[number]) / true[number])
    assert np.median(errors) < 0.25, errors


def test_the_gradient_is_flooded_up_to_its_crests():
    y, x = np.mgrid[:60, :90]
    values = np.where(x < 45, 60, 180) + np.where((y - 30) ** 2 + (x - 20) ** 2 < 100, 60, 0)
    found = build_method("watershed", sigma_px=1.5, depth=0.03).parts(
        Image(values.astype(np.uint8)[..., None])
    )
    assert found.max() == 2
    assert abs(int((found == found[30, 20]).sum()) - 314) < 40
    assert build_method("watershed", depth=1.0).parts(Image(np.uint8(values)[..., None])).max() == 0
