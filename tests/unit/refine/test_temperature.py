"""Temperatures: what they change, what they never change, and whether the right one is found."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from scipy import optimize, special
from torch import nn

from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.refine import Labelling, Refine
from segwright.refine.temperature import (
    HIGHEST,
    LOWEST,
    fit_temperature,
    judged_pixels,
    tempered,
    tempered_highest,
)
from segwright.segmenter import NetSegmenter, Preparation


def chances(seed: int, shape: tuple[int, ...] = (4, 5000), *, spread: float = 2) -> np.ndarray:
    logits = np.random.default_rng(seed).normal(0, spread, shape)
    return special.softmax(logits, axis=0).astype(np.float32)


@pytest.mark.parametrize("temperature", [0.3, 1.0, 1.7, 9.0])
def test_it_is_the_softmax_of_divided_logits(temperature: float) -> None:
    logits = np.random.default_rng(1).normal(0, 3, (5, 20, 30))
    plain = special.softmax(logits, axis=0).astype(np.float32)
    expected = special.softmax(logits / temperature, axis=0)
    np.testing.assert_allclose(tempered(plain, temperature), expected, atol=2e-6)
    highest = tempered_highest(plain, temperature)
    np.testing.assert_allclose(highest, expected.max(axis=0), atol=2e-6)


def test_labels_stay_and_impossible_classes_do_no_harm() -> None:
    plain = chances(2)
    plain[:, 0] = [1, 0, 0, 0]
    for temperature in (LOWEST, 2.0, HIGHEST):
        changed = tempered(plain, temperature)
        assert np.isfinite(changed).all()
        np.testing.assert_array_equal(changed.argmax(0), plain.argmax(0))


@pytest.mark.parametrize("temperature", [0.6, 1.0, 1.8])
def test_the_temperature_that_truth_was_drawn_at_is_found(temperature: float) -> None:
    plain = chances(3, (4, 60_000))
    honest = tempered(plain, temperature)
    draws = np.random.default_rng(4).random(plain.shape[1])
    truth = (honest.cumsum(axis=0) > draws).argmax(axis=0)
    found = fit_temperature(plain, truth)
    assert found == pytest.approx(temperature, rel=0.03)

    def surprise(value: float) -> float:
        at = tempered(plain, value).astype(np.float64)
        return -np.log(at[truth, np.arange(len(truth))]).mean()

    best = optimize.minimize_scalar(surprise, bounds=(0.3, 5), method="bounded")
    assert found == pytest.approx(best.x, rel=0.01)


def test_its_ends() -> None:
    plain = chances(5)
    assert fit_temperature(plain, plain.argmax(axis=0)) == pytest.approx(LOWEST, rel=0.01)
    assert fit_temperature(plain, plain.argmin(axis=0)) == pytest.approx(HIGHEST, rel=0.01)
    assert fit_temperature(plain[:, :0], np.empty(0, int)) == 1


class Blurred(nn.Module):
    """Channels as logits, each pixel mixed with its neighbours: tiles and mirrors matter."""

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return 3 * nn.functional.avg_pool2d(x, 5, stride=1, padding=2)


@pytest.mark.parametrize("settings", [{}, {"flips": ("x",)}, {"tile": 32, "overlap": 32 // 2}])
def test_a_segmenter_is_less_sure_of_the_same_labels(settings: dict) -> None:
    classes = Classes.named(["a", "b", "c"])
    preparation = Preparation(channels=3, mean=(0.5,) * 3, std=(0.25,) * 3)
    image = Image(np.random.default_rng(0).integers(0, 256, (50, 70, 3), np.uint8))

    def result(temperature: float, *, probabilities: bool):
        segmenter = NetSegmenter(
            Blurred(), classes, preparation, size_multiple=16, temperature=temperature, **settings
        )
        return segmenter.segment(image, probabilities=probabilities)

    plain, warm = (result(t, probabilities=True) for t in (1.0, 2.5))
    np.testing.assert_array_equal(plain.labels.ids, warm.labels.ids)
    np.testing.assert_allclose(warm.probabilities, tempered(plain.probabilities, 2.5), atol=1e-5)
    np.testing.assert_allclose(warm.probabilities.sum(0), 1, atol=1e-5)
    assert (warm.confidence <= plain.confidence + 1e-6).all()
    quick = result(2.5, probabilities=False)
    np.testing.assert_allclose(quick.confidence, warm.confidence, atol=1e-6)
    assert quick.probabilities is None


def test_as_a_step_it_changes_no_label() -> None:
    probabilities = chances(5, (3, 20, 30))
    ids = probabilities.argmax(0).astype(np.uint8)
    ids[:2] = 255
    labels = LabelMap(ids, Classes.named(("a", "b", "c")))
    image = Image(np.zeros((20, 30, 1), np.uint8))
    after = Refine.of({"temper": 2}).apply(Labelling(labels, probabilities), image)
    assert after.labels is labels and after.probabilities is not None
    roots = np.sqrt(probabilities.astype(np.float64))
    np.testing.assert_allclose(after.probabilities, roots / roots.sum(0), rtol=1e-5)
    without = Labelling(labels)
    assert Refine.of({"temper": 2}).apply(without, image) is without


def test_judged_pixels_are_spread_and_none_is_ignored() -> None:
    probabilities = chances(6, (3, 40, 50))
    truth = np.arange(2000).reshape(40, 50) % 3
    truth[::2] = 255
    said, there = judged_pixels(probabilities, truth, ignore_index=255, most=100)
    assert said.shape == (3, 100) and (there != 255).all()
    flat, ids = probabilities.reshape(3, -1), truth.ravel()
    places = [int(np.flatnonzero((flat == one[:, None]).all(0))[0]) for one in said.T]
    assert (ids[places] == there).all()
    assert max(np.diff(places)) <= 80 and places[0] < 60 and places[-1] > 1900
    everything, _ = judged_pixels(probabilities, truth, ignore_index=255, most=10_000)
    assert everything.shape == (3, 1000)
