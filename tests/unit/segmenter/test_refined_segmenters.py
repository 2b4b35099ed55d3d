"""Refinement is part of a segmenter: applied after the labels, saved, and loaded again."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segwright import load
from segwright.classical.thresholds.otsu import Otsu
from segwright.errors import UnknownNameError
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.models import build_model
from segwright.segmenter import NetSegmenter, Preparation

CLASSES = Classes.named(("ground", "cell"), background=0)


def noisy(size_hw: tuple[int, int] = (40, 48)) -> Image:
    rng = np.random.default_rng(0)
    pixels = np.where(np.arange(size_hw[1]) < 20, 60, 180) + rng.normal(0, 60, size_hw)
    return Image(np.clip(pixels, 0, 255).astype(np.uint8)[..., None])


def network() -> NetSegmenter:
    import torch

    torch.manual_seed(0)
    net = build_model("fast", num_classes=2, in_channels=1, widths=(8, 8, 16))
    preparation = Preparation(channels=1, mean=(0.5,), std=(0.25,))
    return NetSegmenter(
        net, CLASSES, preparation, model_name="fast", model_config={"widths": [8, 8, 16]}
    )


def changes(ids: np.ndarray) -> int:
    return int((np.diff(ids.astype(int), axis=0) != 0).sum())


@pytest.mark.parametrize("make", [Otsu, network])
def test_a_saved_segmenter_refines_as_it_was_told_to(make, tmp_path: Path):
    image, plain = noisy(), make()
    plain.save(tmp_path / "plain")
    smooth = load(tmp_path / "plain", refine=[{"majority": 7}])
    smooth.save(tmp_path / "smooth")
    again = load(tmp_path / "smooth").segment(image, probabilities=True)
    assert np.array_equal(again.labels.ids, smooth.segment(image).labels.ids)
    assert changes(again.labels.ids) <= changes(plain.segment(image).labels.ids)
    assert again.provenance["refine"][0]["step"] == "majority"
    assert smooth.segment(image).probabilities is None
    if again.probabilities is not None:
        assert np.array_equal(again.probabilities.argmax(0), again.labels.ids)


@pytest.mark.parametrize("make", [Otsu, network])
def test_steps_that_there_are_not_are_refused(make, tmp_path: Path):
    make().save(tmp_path / "plain")
    with pytest.raises(UnknownNameError, match="crf"):
        load(tmp_path / "plain", refine=["crff"])
