"""Rows of steps, labellings, and what holds for every step."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from segwright.errors import ImageError, LabelError, UnknownNameError, UsageError
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.refine import STEPS, Labelling, Refine

EVERY_STEP: dict[str, Any] = {
    "crf": {"crf": {"edge_px": 6, "iterations": 3}},
    "guided": {"guided": [3, 0.1]},
    "majority": "majority",
    "opening": {"opening": 1},
    "closing": {"closing": 1.5},
    "fill_holes": {"fill_holes": 4},
    "remove_small": {"remove_small": 5},
    "temper": {"temper": 1.7},
}


def labelling(
    ids: np.ndarray, *, classes: int = 3, probabilities: np.ndarray | None = None
) -> Labelling:
    names = Classes.named([f"class {i}" for i in range(classes)])
    return Labelling(LabelMap(ids.astype(np.uint8), names), probabilities)


def at_random(
    size_hw: tuple[int, int], classes: int, seed: int, *, ignored: float = 0.0
) -> tuple[Labelling, Image]:
    rng = np.random.default_rng(seed)
    probabilities = rng.dirichlet(np.full(classes, 0.6), size_hw).transpose(2, 0, 1)
    ids = probabilities.argmax(0)
    ids[rng.random(size_hw) < ignored] = 255
    given = labelling(ids, classes=classes, probabilities=probabilities.astype(np.float32))
    return given, Image(rng.integers(0, 256, (*size_hw, 3), np.uint8))


# --- what may be written


def test_the_table_of_steps_is_whole() -> None:
    assert set(EVERY_STEP) == set(STEPS)
    assert all(step.model_fields["step"].default == name for name, step in STEPS.items())


def test_a_row_is_written_and_read_back() -> None:
    row = [{"crf": [4, 49, 0.03]}, {"opening": {"radius_mm": 0.5}}, {"remove_small": 20}]
    refine = Refine.of(row)
    assert Refine.of(yaml.safe_load(yaml.safe_dump(refine.model_dump(mode="json")))) == refine
    assert Refine.model_validate_json(refine.model_dump_json(), strict=True) == refine
    penalised = Refine.of({"crf": {"penalties": [[0, 1], [2, 0]]}})
    assert Refine.model_validate_json(penalised.model_dump_json(), strict=True) == penalised
    assert str(refine) == (
        "crf (edge_weight 4, edge_px 49, edge_tone 0.03) → opening (radius_px None, radius_mm 0.5)"
        " → remove_small (area_px 20)"
    )


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        (["cfr"], UnknownNameError, r"unknown refinement step 'cfr'. Did you mean 'crf'"),
        ([{"crf": {"edge": 1}}], UnknownNameError, "setting of crf 'edge'. Did you mean"),
        ([{"crf": {"penalties": [[0, 1]]}}], UsageError, "as many columns as rows"),
        ([{"crf": {"penalties": [[0, -1], [1, 0]]}}], UsageError, "each penalty must be 0"),
        (["opening"], UsageError, "takes one radius"),
        ([{"opening": {"radius_px": 1, "radius_mm": 1}}], UsageError, "takes one radius"),
        (["fill_holes"], UsageError, "takes one area"),
        ([{"guided": {"certainty": 0.2}}], UsageError, "certainty cannot be 0.2"),
        ([{"remove_small": 0}], UsageError, r"refine.0.remove_small.area_px cannot be 0"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: object, error: type, said: str) -> None:
    with pytest.raises(error, match=said):
        Refine.of(given)


# --- labellings


def test_certainty_stands_for_probabilities() -> None:
    given = labelling(np.array([[0, 2, 255]]))
    expected = [[0.8, 0.1, 1 / 3], [0.1, 0.1, 1 / 3], [0.1, 0.8, 1 / 3]]
    np.testing.assert_allclose(given.believed(0.8)[:, 0], expected, rtol=1e-6)


def test_a_changed_label_swaps_probabilities_and_ignored_pixels_stay() -> None:
    probabilities = np.array([[[0.7, 0.6]], [[0.2, 0.3]], [[0.1, 0.1]]], np.float32)
    given = labelling(np.array([[0, 255]]), probabilities=probabilities)
    found = given.relabelled(np.array([[2, 1]]))
    assert found.ids.tolist() == [[2, 255]]
    assert found.probabilities is not None
    np.testing.assert_allclose(found.probabilities[:, 0, 0], [0.1, 0.2, 0.7])
    np.testing.assert_allclose(found.probabilities[:, 0, 1], probabilities[:, 0, 1])


def test_probabilities_that_do_not_fit_are_refused() -> None:
    with pytest.raises(LabelError, match=r"\(K, Y, X\) = \(3, 2, 2\)"):
        labelling(np.zeros((2, 2)), probabilities=np.zeros((2, 2, 2), np.float32))
    with pytest.raises(LabelError, match="not finite"):
        labelling(np.zeros((2, 2)), probabilities=np.full((3, 2, 2), np.nan, np.float32))


# --- every step


@pytest.mark.parametrize("name", STEPS)
@settings(max_examples=15)
@given(data=st.data())
def test_any_labels_of_any_picture_are_refined(name: str, data: st.DataObject) -> None:
    size_hw = data.draw(st.tuples(st.integers(1, 30), st.integers(1, 30)))
    classes = data.draw(st.sampled_from([1, 2, 5, 18]))
    dtype = data.draw(st.sampled_from(["uint8", "uint16", "float32"]))
    channels = data.draw(st.sampled_from([1, 2, 3, 5]))
    seed = data.draw(st.integers(0, 99))
    ignored = data.draw(st.sampled_from([0.0, 0.3, 1.0]))
    before, _ = at_random(size_hw, classes, seed, ignored=ignored)
    if data.draw(st.booleans()):
        before = Labelling(before.labels)
    rng = np.random.default_rng(seed)
    high = {"uint8": 255, "uint16": 65535, "float32": 1e30}[dtype]
    pixels = rng.uniform(0 if dtype != "float32" else -high, high, (*size_hw, channels))
    if data.draw(st.booleans()):
        pixels[:] = high
    kept = before.ids.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        after = Refine.of(EVERY_STEP[name]).apply(before, Image(pixels.astype(dtype)))
        again = Refine.of(EVERY_STEP[name]).apply(before, Image(pixels.astype(dtype)))
    np.testing.assert_array_equal(before.ids, kept)
    np.testing.assert_array_equal(after.ids, again.ids)
    np.testing.assert_array_equal(after.ignored, before.ignored)
    assert np.isin(after.ids, [*range(classes), 255]).all()
    if after.probabilities is not None:
        assert after.probabilities.dtype == np.float32
        np.testing.assert_allclose(after.probabilities.sum(0), 1, atol=1e-5)
        highest = after.probabilities.max(0)[~after.ignored]
        own = np.take_along_axis(after.probabilities, after.ids[None] % classes, 0)[0]
        np.testing.assert_allclose(own[~after.ignored], highest, atol=1e-6)


@pytest.mark.parametrize("name", STEPS)
def test_a_class_that_is_everywhere_stays(name: str) -> None:
    _, image = at_random((20, 30), 3, 0)
    everywhere = labelling(np.ones((20, 30)))
    assert (Refine.of(EVERY_STEP[name]).apply(everywhere, image).ids == 1).all()


@pytest.mark.parametrize("name", [name for name in STEPS if name != "remove_small"])
@pytest.mark.parametrize("axis", [0, 1])
def test_a_mirrored_image_gives_mirrored_labels(name: str, axis: int) -> None:
    before, image = at_random((24, 31), 3, 5, ignored=0.05)
    assert before.probabilities is not None
    mirrored = Labelling(
        LabelMap(np.ascontiguousarray(np.flip(before.ids, axis)), before.labels.classes),
        np.ascontiguousarray(np.flip(before.probabilities, axis + 1)),
    )
    refine = Refine.of(EVERY_STEP[name])
    one = refine.apply(before, image)
    other = refine.apply(mirrored, Image(np.ascontiguousarray(np.flip(image.pixels, axis))))
    assert (one.ids == np.flip(other.ids, axis)).mean() >= (0.99 if name == "crf" else 1)


def test_steps_run_in_the_order_they_are_written() -> None:
    before, image = at_random((30, 30), 3, 1)
    one = Refine.of(["majority", {"remove_small": 9}]).apply(before, image)
    by_hand = Refine.of({"remove_small": 9}).apply(
        Refine.of("majority").apply(before, image), image
    )
    np.testing.assert_array_equal(one.ids, by_hand.ids)
    assert Refine().apply(before, image) is before


def test_what_does_not_belong_together_is_refused() -> None:
    before, image = at_random((5, 6), 3, 0)
    refine = Refine.of("majority")
    with pytest.raises(LabelError, match=r"\(6, 5\) pixels"):
        refine.apply(before, Image(np.zeros((6, 5, 1), np.uint8)))
    with pytest.raises(ImageError, match="axes ZYX"):
        refine.apply(before, Image(np.zeros((2, 5, 6, 1), np.uint8), axes="ZYX"))
    with pytest.raises(ImageError, match="not finite"):
        refine.apply(before, Image(np.full((5, 6, 1), np.nan, np.float32)))
    with pytest.raises(UsageError, match="penalties are given for 2 classes; there are 3"):
        Refine.of({"crf": {"penalties": [[0, 1], [1, 0]]}}).apply(before, image)
