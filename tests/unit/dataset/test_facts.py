from __future__ import annotations

import numpy as np
import pytest

from segwright.dataset import Sample, measure_facts
from segwright.errors import DataError, ImageError
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap

CLASSES = Classes.named(["background", "a", "b"], background=0)


def _sample(key: str, pixels: np.ndarray, ids: np.ndarray | None = None) -> Sample:
    image = Image.from_array(pixels)
    if ids is None:
        ids = np.zeros(image.size_hw, dtype=np.uint8)
    return Sample(key, image, LabelMap(ids, CLASSES))


def test_by_hand() -> None:
    first = _sample("x", np.full((2, 4), 255, np.uint8), np.array([[0, 1, 1, 255]] * 2, np.uint8))
    second = _sample("y", np.zeros((4, 2), np.uint8))
    seen: list[tuple[int, int]] = []
    facts = measure_facts([first, second], progress=lambda done, total: seen.append((done, total)))
    assert facts.num_images == 2
    assert (facts.size_hw_min, facts.size_hw_median, facts.size_hw_max) == ((2, 2), (3, 3), (4, 4))
    assert (facts.channels, facts.dtype) == (1, "uint8")
    assert facts.mean == pytest.approx((0.5,))
    assert facts.std == pytest.approx((0.5,))
    assert facts.class_fraction == pytest.approx((10 / 14, 4 / 14, 0))
    assert facts.images_with_class == (2, 1, 0)
    assert facts.ignored_fraction == pytest.approx(2 / 16)
    assert seen == [(1, 2), (2, 2)]


def test_agrees_with_numpy_on_every_channel() -> None:
    pixels = np.random.default_rng(0).integers(0, 65536, (90, 110, 5), dtype=np.uint16)
    facts = measure_facts(iter([_sample("x", pixels)]))
    np.testing.assert_allclose(facts.mean, pixels.mean(axis=(0, 1)) / 65535)
    np.testing.assert_allclose(facts.std, pixels.std(axis=(0, 1)) / 65535)


def test_large_pictures_are_sampled_and_the_same_every_time() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (700, 900, 3), dtype=np.uint8)
    facts = measure_facts([_sample("x", pixels)])
    np.testing.assert_allclose(facts.mean, pixels.mean(axis=(0, 1)) / 255, atol=0.01)
    assert facts == measure_facts([_sample("x", pixels)])


def test_white_is_what_the_pictures_reach_not_what_could_be_stored() -> None:
    ramp = np.linspace(100, 1500, 10_000).reshape(100, 100)
    ramp[0, :4] = 60_000  # hot pixels
    twelve_bit = [_sample(key, ramp.astype(np.uint16)) for key in "abc"]
    assert measure_facts(twelve_bit).white == pytest.approx(1500 / 65535, rel=0.01)
    hounsfield = _sample("ct", np.linspace(-1000, 2000, 10_000).reshape(100, 100))
    assert measure_facts([hounsfield]).white == pytest.approx(2000, rel=0.01)


@pytest.mark.parametrize("pixels", [np.full((4, 4), 9, np.uint8), np.zeros((4, 4), np.float32)])
def test_white_is_full_scale_for_8_bits_and_where_all_is_black(pixels: np.ndarray) -> None:
    assert measure_facts([_sample("x", pixels)]).white == 1


@pytest.mark.parametrize("grey_first", [True, False])
def test_grey_among_rgb(grey_first: bool) -> None:
    samples = [
        _sample("grey", np.full((2, 2), 255, np.uint8)),
        _sample("rgb", np.zeros((2, 2, 3), np.uint8)),
    ]
    facts = measure_facts(samples if grey_first else samples[::-1])
    assert facts.channels == 3
    assert facts.mean == pytest.approx((0.5, 0.5, 0.5))


def test_refuses() -> None:
    with pytest.raises(DataError, match="no sample"):
        measure_facts([])
    with pytest.raises(DataError, match="b has 4 channels, a has 3"):
        measure_facts(
            [
                _sample("a", np.zeros((2, 2, 3), np.uint8)),
                _sample("b", np.zeros((2, 2, 4), np.uint8)),
            ]
        )
    with pytest.raises(ImageError, match="x: has pixels that are not finite"):
        measure_facts([_sample("x", np.array([[np.nan, 1.0]]))])
