"""A segmenter prepares by itself, and its result lies on the pixels of the image all the same."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import nn

from segwright.errors import DataError, ImageError
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.prepare import Prepare
from segwright.segmenter import NetSegmenter, Preparation, load

CLASSES = Classes.named(["dark", "light"], background=0)
GREY = Preparation(channels=1, mean=(0.5,), std=(0.25,))


class Light(nn.Module):
    """Class 1 above the mean, class 0 below it: known pixel by pixel; keeps what it has seen."""

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[torch.Tensor] = []

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        self.seen.append(x.clone())
        return torch.cat((-40 * x, 40 * x), 1)


def grey(height: int, width: int, **known) -> Image:
    y, x = np.mgrid[:height, :width].astype(np.float32)
    waves = np.sin(y / 9 + 1) + np.cos(x / 7)
    return Image(((waves + 2) * 63).astype(np.uint8)[..., None], **known)


def made(prepare: object, **settings) -> NetSegmenter:
    settings = {"size_multiple": 1, **settings}
    return NetSegmenter(
        Light(), CLASSES, GREY, model_name="light", prepare=Prepare.of(prepare), **settings
    )


def test_the_network_sees_the_prepared_image() -> None:
    image = grey(20, 30)
    steps = [{"gaussian": 1.5}, {"percentile": [1, 99]}]
    segmenter = made(steps)
    result = segmenter.segment(image)
    expected = GREY.apply(Prepare.of(steps).apply(image))
    np.testing.assert_array_equal(segmenter.model.seen[0][0].numpy(), expected)
    np.testing.assert_array_equal(result.labels.ids, expected[0] > 0)
    assert result.image is image
    assert result.provenance["prepare"] == [
        {"step": "gaussian", "sigma_px": 1.5},
        {"step": "percentile", "low": 1.0, "high": 99.0, "together": False},
    ]


def test_without_steps_provenance_names_none() -> None:
    assert "prepare" not in made(None).segment(grey(8, 8)).provenance


@pytest.mark.parametrize("step", ["clahe", "zscore", "percentile", {"illumination": 10}])
def test_statistics_are_those_of_the_whole_image_when_it_is_tiled(step) -> None:
    image = grey(130, 170)
    whole = made([step]).segment(image, probabilities=True)
    tiled = made([step], tile=64, overlap=16).segment(image, probabilities=True)
    assert tiled.provenance["tiles"] > 4
    np.testing.assert_array_equal(whole.labels.ids, tiled.labels.ids)
    np.testing.assert_allclose(whole.probabilities, tiled.probabilities, atol=1e-6)


@pytest.mark.parametrize("settings", [{}, {"tile": 40, "overlap": 8}, {"flips": ("x", "y")}])
@pytest.mark.parametrize("wanted", [0.25, [1.1, 0.3], 3.0])
def test_the_result_of_another_spacing_lies_on_the_pixels_of_the_image(wanted, settings) -> None:
    image = grey(83, 101, spacing=(0.5, 0.6))
    result = made([{"spacing": wanted}], **settings).segment(image, probabilities=True)
    assert result.labels.size_hw == (83, 101)
    assert result.probabilities is not None and result.probabilities.shape == (2, 83, 101)
    np.testing.assert_allclose(result.probabilities.sum(0), 1, atol=1e-5)
    np.testing.assert_array_equal(result.labels.ids, result.probabilities.argmax(0))
    # The structures are several pixels wide at any of these spacings: nothing moves but edges.
    agreed = (result.labels.ids == (GREY.apply(image)[0] > 0)).mean()
    assert agreed > (0.96 if wanted != 3.0 else 0.85)


@pytest.mark.parametrize("wanted", [0.25, 1.3])
def test_tiled_and_whole_agree_at_another_spacing(wanted: float) -> None:
    image = grey(90, 120, spacing=(0.5, 0.5))
    whole, tiled = (
        made([{"spacing": wanted}], **settings).segment(image, probabilities=True)
        for settings in ({}, {"tile": 32, "overlap": 8})
    )
    assert tiled.provenance["tiles"] > 1
    np.testing.assert_allclose(whole.probabilities, tiled.probabilities, atol=1e-5)


def test_images_of_one_size_as_seen_are_run_together_and_come_back_to_their_own() -> None:
    images = [grey(40, 40, spacing=(1, 1)), grey(80, 80, spacing=(0.5, 0.5))]
    segmenter = made([{"spacing": 1.0}])
    results = list(segmenter.segment_many(images))
    assert [tuple(seen.shape) for seen in segmenter.model.seen] == [(2, 1, 40, 40)]
    assert [result.labels.size_hw for result in results] == [(40, 40), (80, 80)]


def test_an_image_of_unknown_spacing_is_refused_by_name() -> None:
    image = replace(grey(8, 8), source=Path("a.png"))
    with pytest.raises(ImageError, match=r"a\.png: the size of its pixels is unknown"):
        made([{"spacing": 1.0}]).segment(image)


def test_channels_are_counted_after_they_were_chosen() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (9, 9, 5), np.uint8)
    segmenter = made([{"channels": 3}])
    ids = segmenter.segment(Image(pixels)).labels.ids
    np.testing.assert_array_equal(ids, pixels[..., 3] / 255 > 0.5)


# --- on disk


def build(name: str, **_) -> nn.Module:
    return Light()


def test_the_steps_are_stored_and_read_back(tmp_path: Path) -> None:
    steps = [{"spacing": [0.7, 0.9]}, {"channels": "grey"}, "clahe", {"percentile": [0.5, 99.5]}]
    one = made(steps)
    one.save(tmp_path / "a")
    other = load(tmp_path / "a", build=build)
    assert isinstance(other, NetSegmenter) and other.prepare == one.prepare
    other.save(tmp_path / "b")
    manifest = "segmenter.json"
    assert (tmp_path / "a" / manifest).read_bytes() == (tmp_path / "b" / manifest).read_bytes()
    image = grey(50, 60, spacing=(0.5, 0.5))
    for segmenter in (one, other):
        segmenter.segment(image)
    assert torch.equal(one.model.seen[0], other.model.seen[0])


def test_a_segmenter_from_before_there_were_steps_is_read(tmp_path: Path) -> None:
    made(None).save(tmp_path)
    file = tmp_path / "segmenter.json"
    content = json.loads(file.read_text())
    assert content.pop("prepare") == []
    file.write_text(json.dumps(content))
    read = load(tmp_path, build=build)
    assert isinstance(read, NetSegmenter) and read.prepare == Prepare()


@pytest.mark.parametrize(
    ("steps", "said"),
    [
        ([{"step": "sharpen"}], "unknown preparation step 'sharpen'"),
        ([{"step": "clahe", "clip": 2, "grid": [8, 8], "surprise": 1}], "setting of clahe"),
        ([{"step": "clahe", "clip": 1e9, "grid": [8, 8]}], "clip"),
        ([{"step": "clahe", "clip": "2", "grid": [8, 8]}], "clip"),
        ([[]], "prepare"),
        (3, "prepare"),
    ],
)
def test_steps_that_were_not_written_by_us_are_refused(tmp_path: Path, steps, said: str) -> None:
    made(None).save(tmp_path)
    file = tmp_path / "segmenter.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "prepare": steps}))
    with pytest.raises(DataError, match=said):
        load(tmp_path, build=build)
