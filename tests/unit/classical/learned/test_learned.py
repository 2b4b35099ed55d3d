"""Methods that learn pixels or regions: what they learn from, and what they then say."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segwright import load
from segwright.classical.learned.forest import Forest
from segwright.classical.learned.regions import RegionClassifier
from segwright.classical.learned.sampling import sampled_pixels
from segwright.errors import DataError, ImageError
from segwright.features import FeatureStack
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap

CLASSES = Classes.named(("ground", "rough", "bright"), background=0)
SMALL = {"features": ["colour", {"statistics": [5]}], "trees": 10, "samples": 2000}


def scene(seed: int, size_hw: tuple[int, int] = (40, 60)) -> tuple[Image, LabelMap]:
    """Dark ground; a rough third of the same brightness; a bright tenth; a void corner."""
    rng = np.random.default_rng(seed)
    height, width = size_hw
    ids = np.zeros(size_hw, np.uint8)
    ids[:, : width // 3] = 1
    ids[: height // 3, -width // 3 :] = 2
    pixels = np.full((*size_hw, 1), 90.0)
    pixels += np.where(ids == 1, 40, 3)[..., None] * rng.normal(size=(*size_hw, 1))
    pixels[ids == 2] += 100
    ids[-6:, -6:] = CLASSES.ignore_index
    return Image(np.clip(pixels, 0, 255).astype(np.uint8)), LabelMap(ids, CLASSES)


def test_pixels_are_drawn_evenly_and_weigh_what_they_stand_for() -> None:
    images, labels = zip(*(scene(s) for s in range(4)), strict=True)
    stack = FeatureStack.of("position")
    drawn = {
        balance: sampled_pixels(images, labels, stack, most=1200, balance=balance, seed=0)
        for balance in (0.0, 0.5, 1.0)
    }
    area = sum(one.area_px() for one in labels)
    for balance, sample in drawn.items():
        assert np.bincount(sample.ids).tolist() == [400, 400, 400]
        share = np.bincount(sample.ids, sample.weights) / sample.weights.sum()
        wanted = area ** (1 - balance) / (area ** (1 - balance)).sum()
        np.testing.assert_allclose(share, wanted, rtol=1e-6)
    # A pixel's values are those of its own place, and the void corner is never drawn.
    y, x = drawn[0.0].values.T
    rows, columns = (y * 40).astype(int), (x * 60).astype(int)
    assert (labels[0].ids[rows, columns] == drawn[0.0].ids).all()


def test_what_a_rare_class_lacks_is_drawn_from_the_others() -> None:
    image, _ = scene(0)
    ids = np.zeros((40, 60), np.uint8)
    ids[0, :5] = 2
    sample = sampled_pixels(
        [image], [LabelMap(ids, CLASSES)], FeatureStack.of("colour"), most=100, balance=0, seed=0
    )
    assert np.bincount(sample.ids).tolist() in ([50, 0, 5], [95, 0, 5])
    assert len(sample.ids) <= 100


def test_the_same_seed_draws_the_same_pixels_whatever_else_is_there() -> None:
    pairs = [scene(s) for s in range(3)]
    stack = FeatureStack.of("colour")

    def values(number: int, seed: int) -> np.ndarray:
        images, labels = zip(*pairs[:number], strict=True)
        return sampled_pixels(images, labels, stack, most=300 * number, balance=0, seed=seed).values

    np.testing.assert_array_equal(values(2, 0), values(3, 0)[:600])
    assert not np.array_equal(values(3, 0), values(3, 1))


@pytest.mark.parametrize("kind", ["extra", "random"])
def test_a_forest_tells_texture_from_brightness(kind: str) -> None:
    images, labels = zip(*(scene(s) for s in range(3)), strict=True)
    forest = Forest(**SMALL, kind=kind).fit(images, labels)
    image, truth = scene(9)
    result = forest.segment(image, probabilities=True)
    known = truth.ids < 3
    assert (result.labels.ids == truth.ids)[known].mean() > 0.95
    assert result.probabilities is not None and result.confidence is not None
    np.testing.assert_array_equal(result.probabilities.argmax(0), result.labels.ids)
    np.testing.assert_array_equal(result.probabilities.max(0), result.confidence)


def test_bands_say_what_the_whole_says(monkeypatch: pytest.MonkeyPatch) -> None:
    images, labels = zip(*(scene(s) for s in range(2)), strict=True)
    forest = Forest(**{**SMALL, "features": ["gaussian", "structure"]}).fit(images, labels)
    image, _ = scene(5, (300, 40))
    whole = forest.segment(image, probabilities=True).probabilities
    monkeypatch.setattr("segwright.features.stack._BAND_BYTES", 1)
    bands = forest.segment(image, probabilities=True).probabilities
    assert whole is not None and bands is not None
    np.testing.assert_allclose(bands, whole, atol=1e-5)


def test_another_number_of_channels_is_refused() -> None:
    image, labels = scene(0)
    forest = Forest(**SMALL).fit([image], [labels])
    colour = Image(np.repeat(image.pixels, 3, axis=2))
    with pytest.raises(ImageError, match="has 3 channels"):
        forest.segment(colour)
    with pytest.raises(ImageError, match="3 channels"):
        Forest(**SMALL).fit([image, colour], [labels, labels])


def test_a_damaged_forest_is_refused(tmp_path: Path) -> None:
    image, labels = scene(0)
    forest = Forest(**SMALL).fit([image], [labels])
    arrays = dict(forest._arrays())
    Forest(**SMALL)._restore(arrays)
    with pytest.raises(DataError, match="number from 1"):
        Forest(**SMALL)._restore({**arrays, "num_channels": np.array([0], np.int32)})
    with pytest.raises(DataError, match="more than the 1 features"):
        Forest(features="colour")._restore(arrays)
    folder = forest.save(tmp_path / "forest")
    manifest = folder / "segmenter.json"
    text = manifest.read_text("utf-8").replace(': "colour"', ': "colur"')
    manifest.write_text(text, "utf-8")
    with pytest.raises(DataError, match="colur"):
        load(folder)


# --- regions


def halves(image: Image) -> np.ndarray:
    """Squares of 10 px: any division will do."""
    height, width = image.size_hw
    y, x = np.mgrid[:height, :width]
    return np.unique(y // 10 * 100 + x // 10, return_inverse=True)[1].reshape(height, width)


def test_regions_are_told_by_what_they_look_like() -> None:
    images, labels = zip(*(scene(s) for s in range(4)), strict=True)
    reading = RegionClassifier.learned(halves, images, labels)
    image, truth = scene(8)
    parts = halves(image)
    ids, sure, scores = reading.classes_of(image, parts)
    majority = truth.ids.copy()
    for part in range(parts.max() + 1):
        majority[parts == part] = np.bincount(truth.ids[parts == part] % 255).argmax()
    assert (ids == majority).mean() > 0.9
    assert sure is not None and scores is not None
    probabilities = scores()
    assert probabilities.shape == (3, *image.size_hw)
    np.testing.assert_array_equal(probabilities.argmax(0), ids)
    np.testing.assert_allclose(probabilities.sum(0), 1, atol=1e-5)


def test_a_region_classifier_is_read_back_or_refused() -> None:
    image, labels = scene(0)
    reading = RegionClassifier.learned(halves, [image], [labels])
    settings, arrays = reading.settings(), dict(reading.arrays())
    again = RegionClassifier.stored(settings, arrays, num_classes=3)
    parts = halves(image)
    np.testing.assert_array_equal(
        again.classes_of(image, parts)[0], reading.classes_of(image, parts)[0]
    )
    with pytest.raises(DataError, match="knows 3 classes, not 4"):
        RegionClassifier.stored(settings, arrays, num_classes=4)
    with pytest.raises(DataError, match="no features or no number"):
        RegionClassifier.stored({**settings, "num_channels": 0}, arrays, num_classes=3)
    with pytest.raises(DataError, match="no array 'roots'"):
        RegionClassifier.stored(settings, {}, num_classes=3)
    with pytest.raises(ImageError, match="channels"):
        again.classes_of(Image(np.zeros((40, 60, 3), np.uint8)), parts)
