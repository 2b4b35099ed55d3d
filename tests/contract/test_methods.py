"""What every method of the classical catalogue must do, whatever it is given."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segwright import load
from segwright.classical.catalog import CATALOG, build_method, describe_classical
from segwright.classical.method import Method
from segwright.errors import ImageError, UnknownNameError, UsageError
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.segmenter import Segmenter

pytest.importorskip("numba", reason="the extra 'classical' is not installed")

CLASSES = Classes.named(("ground", "disc"), background=0)
every_method = pytest.mark.parametrize("name", CATALOG)


def scene(size_hw: tuple[int, int] = (40, 48), *, seed: int = 0) -> tuple[Image, LabelMap]:
    """A bright, noisy disc on dark ground, in colour."""
    rng = np.random.default_rng(seed)
    y, x = np.mgrid[: size_hw[0], : size_hw[1]]
    inside = (y - size_hw[0] * 0.45) ** 2 + (x - size_hw[1] * 0.55) ** 2 < (size_hw[0] / 3.5) ** 2
    colour = np.where(inside[..., None], (210, 180, 60), (40, 60, 90))
    pixels = np.clip(colour + rng.normal(0, 6, (*size_hw, 3)), 0, 255).astype(np.uint8)
    return Image(pixels), LabelMap(inside.astype(np.uint8), CLASSES)


def fitted(name: str, image: Image, labels: LabelMap) -> Method:
    return build_method(name).fit([image], [labels])


def ready(name: str, image: Image) -> Method:
    """The method as it is used without labels, or fitted where it can do nothing without."""
    if not CATALOG[name].needs_labels:
        return build_method(name)
    ids = np.zeros(image.size_hw, np.uint8)
    ids[:, image.size_hw[1] // 2 :] = 1
    return fitted(name, image, LabelMap(ids, CLASSES))


@every_method
def test_it_is_a_segmenter_and_says_what_it_is(name: str):
    method = ready(name, scene()[0])
    assert isinstance(method, Segmenter)
    assert method.name == name
    assert method.finds in ("levels", "clusters", "regions", "classes")
    assert CATALOG[name].needs_labels == (method.finds == "classes")
    told = describe_classical(name)
    for setting, field in type(method).model_fields.items():
        assert field.description, setting
        assert f"  {setting} (" in told


@every_method
def test_a_disc_is_found_once_it_has_learned(name: str):
    image, labels = scene()
    method = fitted(name, image, labels)
    found = method.segment(scene(seed=1)[0]).labels
    assert found.classes == CLASSES
    inside = labels.ids == 1
    iou = (inside & (found.ids == 1)).sum() / (inside | (found.ids == 1)).sum()
    assert iou > 0.6, iou


@every_method
def test_the_parts_are_what_was_promised(name: str):
    image, _ = scene()
    method = ready(name, image)
    if method.finds == "classes":
        scores = method.scores(image)
        assert scores.shape == (2, *image.size_hw) and scores.dtype == np.float32
        assert np.allclose(scores.sum(0), 1, atol=1e-4)
        return
    parts = method.parts(image)
    assert parts.shape == image.size_hw and parts.dtype.kind in "ui"
    if method.finds == "regions":
        assert np.array_equal(np.unique(parts), np.arange(parts.max() + 1))
        assert method.segment(image).regions is not None
    else:
        assert parts.min() >= 0 and parts.max() < len(method.part_names)
        assert method.classes.names == method.part_names


@every_method
def test_all_scales_at_once_are_those_one_by_one(name: str):
    rng = np.random.default_rng(3)
    waves = np.cumsum(np.cumsum(rng.normal(0, 1, (45, 52, 3)), axis=0), axis=1)
    pixels = (waves - waves.min()) / np.ptp(waves) * 255 + rng.normal(0, 4, waves.shape)
    image = Image(np.clip(pixels, 0, 255).astype(np.uint8))
    method = ready(name, scene()[0])
    at_once = list(method.at_scales(image))
    settings = [{method.scale_param: value} for value in method.scales] or [{}]
    assert len(at_once) == len(settings)
    for setting, found in zip(settings, at_once, strict=True):
        expected = method.set_params(**setting).parts(image)
        count = int(expected.max()) + 1
        assert int(found.max()) + 1 == count
        pairs = expected.astype(np.int64) * (int(found.max()) + 1) + found
        # Regions may be numbered otherwise; levels and clusters may not.
        same = len(np.unique(pairs)) == len(np.unique(expected)) == len(np.unique(found))
        assert same if method.finds == "regions" else np.array_equal(expected, found)


@every_method
def test_the_same_image_gives_the_same_answer(name: str):
    image, _ = scene()
    assert np.array_equal(ready(name, image).predict(image), ready(name, image).predict(image))


@every_method
def test_what_is_saved_is_what_is_loaded(name: str, tmp_path: Path):
    image, labels = scene()
    for method in (ready(name, image), fitted(name, image, labels)):
        again = load(method.save(tmp_path / "segmenter"))
        assert isinstance(again, Method)
        assert again.get_params() == method.get_params()
        expected, got = method.segment(image), again.segment(image)
        assert again.classes == method.classes
        assert np.array_equal(expected.labels.ids, got.labels.ids)
        if expected.confidence is not None and got.confidence is not None:
            assert np.array_equal(expected.confidence, got.confidence)


@every_method
@pytest.mark.parametrize("size_hw", [(1, 1), (1, 37), (29, 1), (2, 3)])
def test_any_size_is_segmented(name: str, size_hw: tuple[int, int]):
    image = Image(np.random.default_rng(0).integers(0, 256, (*size_hw, 3), np.uint8))
    result = ready(name, scene()[0]).segment(image)
    assert result.labels.size_hw == size_hw


@every_method
@pytest.mark.parametrize("value", [0, 255])
def test_a_constant_image_is_segmented(name: str, value: int):
    constant = Image(np.full((24, 31, 3), value, np.uint8))
    method = ready(name, scene()[0])
    assert method.segment(constant).labels.size_hw == (24, 31)
    if not CATALOG[name].needs_labels:
        ids = np.zeros((24, 31), np.uint8)
        build_method(name).fit([constant], [LabelMap(ids, CLASSES)]).segment(constant)


@every_method
@pytest.mark.parametrize("kind", ["uint16", "float", "float beyond 1", "grey", "13 channels"])
def test_every_kind_of_pixels_is_segmented(name: str, kind: str):
    image, labels = scene()
    pixels = image.pixels
    match kind:
        case "uint16":
            other = Image(pixels.astype(np.uint16) * 257)
        case "float":
            other = Image(pixels.astype(np.float32) / 255)
        case "float beyond 1":
            other = Image(pixels.astype(np.float32) * 8 - 1000)
        case "grey":
            other = Image(pixels[..., :1].copy())
        case _:
            other = Image(np.tile(pixels, (1, 1, 5))[..., :13].copy())
    result = fitted(name, other, labels).segment(other)
    if kind in ("uint16", "float"):  # the same picture, stored otherwise
        as_bytes = fitted(name, image, labels).segment(image)
        assert (result.labels.ids == as_bytes.labels.ids).mean() > 0.98
    inside = labels.ids == 1
    assert (result.labels.ids == 1)[inside].mean() > (result.labels.ids == 1)[~inside].mean()


@every_method
def test_values_that_are_not_finite_are_refused(name: str):
    pixels = np.zeros((8, 9, 3), np.float32)
    pixels[3, 4] = np.nan
    with pytest.raises(ImageError, match="not finite"):
        ready(name, scene()[0]).segment(Image(pixels))


@every_method
def test_a_volume_is_refused(name: str):
    with pytest.raises(ImageError, match="ZYX"):
        ready(name, scene()[0]).segment(Image(np.zeros((3, 8, 9, 1), np.uint8), axes="ZYX"))


@every_method
def test_labels_that_say_nothing_are_refused_or_learned_without_harm(name: str):
    image, labels = scene()
    void = LabelMap(np.full(image.size_hw, CLASSES.ignore_index, np.uint8), CLASSES)
    if CATALOG[name].needs_labels:
        with pytest.raises(UsageError, match="ignored"):
            fitted(name, image, void)
    both = build_method(name).fit([image, image], [void, labels])
    alone = build_method(name).fit([image], [labels])
    inside = labels.ids == 1
    for method in (both, alone):
        assert (method.segment(image).labels.ids == 1)[inside].mean() > 0.6


@every_method
def test_parameters_are_known_by_name_and_range(name: str):
    with pytest.raises(UnknownNameError, match="no_such_parameter"):
        build_method(name, no_such_parameter=1)
    method = build_method(name)
    for setting, values in method.search.items():
        for value in values:
            assert build_method(name, **{setting: value}).get_params()[setting] == value
            method.set_params(**{setting: value})
            assert method.get_params()[setting] == value


@every_method
def test_scikit_learn_can_clone_it(name: str):
    base = pytest.importorskip("sklearn.base")
    method = build_method(name)
    again = base.clone(method)
    assert type(again) is type(method) and again.get_params() == method.get_params()


@every_method
def test_as_many_labels_as_images_are_needed(name: str):
    image, labels = scene()
    with pytest.raises(UsageError, match="label map for each image"):
        build_method(name).fit([image, image], [labels])
    with pytest.raises(UsageError, match="at least one image"):
        build_method(name).fit([], [])
