"""GrabCut as OpenCV does it, from starts of our own."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.classical.catalog import build_method
from segwright.classical.graphs.grabcut import GrabCut, three_channels
from segwright.images.image import Image

cv2 = pytest.importorskip("cv2")
pytest.importorskip("numba")


def scene() -> tuple[Image, np.ndarray]:
    y, x = np.mgrid[:60, :80]
    truth = (y - 30) ** 2 + (x - 42) ** 2 < 17**2
    colour = np.where(truth[..., None], (200, 90, 60), (70, 110, 150))
    noise = np.random.default_rng(0).normal(0, 15, (60, 80, 3))
    return Image(np.clip(colour + noise, 0, 255).astype(np.uint8)), truth


@pytest.mark.parametrize("start", ["box", "otsu"])
def test_an_object_is_found_from_either_start(start: str):
    image, truth = scene()
    parts = build_method("grabcut", start=start).parts(image)
    assert ((parts == 1) == truth).mean() > 0.98


def test_turns_one_by_one_are_those_of_opencv():
    image, _ = scene()
    mask = np.full((60, 80), cv2.GC_BGD, np.uint8)
    mask[6:54, 8:72] = cv2.GC_PR_FGD
    cv2.setRNGSeed(0)
    models = np.zeros((1, 65)), np.zeros((1, 65))
    cv2.grabCut(image.pixels, mask, None, *models, 5, cv2.GC_INIT_WITH_MASK)
    assert np.array_equal(build_method("grabcut").parts(image), mask & 1)


def test_what_is_too_small_for_colour_models_is_left_as_it_starts():
    image = Image(np.zeros((5, 5, 3), np.uint8))
    parts = build_method("grabcut", margin=0.2).parts(image)
    expected = np.zeros((5, 5), np.uint8)
    expected[1:4, 1:4] = 1
    assert np.array_equal(parts, expected)


def test_channels_are_three_whatever_there_were():
    rng = np.random.default_rng(0)
    grey = Image(rng.integers(0, 256, (8, 9, 1), np.uint8))
    assert np.array_equal(three_channels(grey), np.repeat(grey.pixels, 3, axis=2))
    colour = Image(rng.integers(0, 256, (8, 9, 3), np.uint8))
    assert np.array_equal(three_channels(colour), colour.pixels)
    # One direction has all the spread: it is the first component, and fills the range.
    along = rng.random((8, 9, 1)).astype(np.float32)
    many = Image(along * np.linspace(0.2, 0.9, 6, dtype=np.float32))
    found = three_channels(many)[..., 0].astype(float)
    assert np.ptp(found) == 255
    assert abs(np.corrcoef(found.ravel(), along.ravel())[0, 1]) > 0.999


def test_all_turns_at_once_are_turn_by_turn():
    y, x = np.mgrid[:60, :80]
    inside = (y - 30) ** 2 + (x - 40) ** 2 < 300
    noise = np.random.default_rng(0).normal(0, 25, (60, 80, 3))
    pixels = np.clip(np.where(inside, 150, 90)[..., None] + noise, 0, 255).astype(np.uint8)
    method = GrabCut(iterations=4)
    mask = np.full((60, 80), cv2.GC_BGD, np.uint8)
    mask[6:-6, 8:-8] = cv2.GC_PR_FGD
    stepwise = method._cut(pixels, mask.copy(), [1, 1, 1, 1])
    assert np.array_equal(method._cut(pixels, mask.copy(), [4]), stepwise)
    assert np.array_equal(method.parts(Image(pixels)), stepwise & 1)
