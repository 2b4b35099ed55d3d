"""Rows of steps: what may be written, and pictures of every odd kind."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pytest
import yaml
from hypothesis import given, settings
from hypothesis import strategies as st

from segwright.errors import ImageError, UnknownNameError, UsageError
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.prepare import STEPS, Prepare
from segwright.prepare.spacing import resampled_labels

EVERY_STEP: dict[str, Any] = {
    "channels": {"channels": [0]},
    "percentile": "percentile",
    "zscore": "zscore",
    "clahe": "clahe",
    "median": {"median": 7},
    "gaussian": "gaussian",
    "bilateral": "bilateral",
    "nlmeans": {"nlmeans": {"patch_px": 3, "window_px": 3}},
    "illumination": {"illumination": [30, "subtract"]},
    "spacing": {"spacing": 0.4},
}


def test_the_table_of_steps_is_whole() -> None:
    assert set(EVERY_STEP) == set(STEPS)
    assert {name: step.model_fields["step"].default for name, step in STEPS.items()} == {
        name: name for name in STEPS
    }


# --- what may be written


@pytest.mark.parametrize(
    ("short", "steps"),
    [
        (None, []),
        ([], []),
        ("clahe", [{"step": "clahe", "clip": 2.0, "grid": [8, 8]}]),
        ({"clahe": 3}, [{"step": "clahe", "clip": 3.0, "grid": [8, 8]}]),
        (
            ["clahe", {"percentile": [0.5, 99.5]}],
            [
                {"step": "clahe", "clip": 2.0, "grid": [8, 8]},
                {"step": "percentile", "low": 0.5, "high": 99.5, "together": False},
            ],
        ),
        (
            [{"clahe": {"grid": [4, 2]}}, {"step": "zscore", "together": True}],
            [
                {"step": "clahe", "clip": 2.0, "grid": [4, 2]},
                {"step": "zscore", "together": True},
            ],
        ),
        (
            [{"channels": 1}, {"channels": "grey"}],
            [{"step": "channels", "keep": [1]}, {"step": "channels", "keep": "grey"}],
        ),
        ([{"spacing": 0.5}], [{"step": "spacing", "mm": [0.5, 0.5]}]),
        ([{"spacing": [0.5, 2]}], [{"step": "spacing", "mm": [0.5, 2.0]}]),
    ],
)
def test_the_short_form_and_what_it_stands_for(short: object, steps: list[Any]) -> None:
    prepare = Prepare.of(short)
    assert prepare.model_dump(mode="json") == steps
    assert Prepare.of(steps) == prepare
    assert Prepare.model_validate_json(prepare.model_dump_json(), strict=True) == prepare
    assert Prepare.of(yaml.safe_load(yaml.safe_dump(steps))) == prepare
    assert Prepare.of(prepare) == prepare


def test_it_says_itself_in_one_line() -> None:
    assert str(Prepare()) == "none"
    row = ["clahe", {"percentile": {"low": 1, "together": True}}, "zscore", {"spacing": [1, 0.5]}]
    assert str(Prepare.of(row)) == (
        "clahe (clip 2) → percentile (low 1, high 99.5, together True) → zscore → "
        "spacing (mm 1 × 0.5)"
    )


@pytest.mark.parametrize(
    ("given", "error", "said"),
    [
        (["clahee"], UnknownNameError, r"unknown preparation step 'clahee'. Did you mean 'clahe'"),
        ([{"denoise": 3}], UnknownNameError, "Known names: bilateral, channels, clahe, gaussian"),
        ([{"clahe": {"clp": 2}}], UnknownNameError, "setting of clahe 'clp'. Did you mean 'clip'"),
        ([{"clahe": 1000}], UsageError, r"prepare.0.clahe.clip cannot be 1000: .* equal to 100"),
        ([{"percentile": [99, 1]}], UsageError, r"low \(99\) must be below high \(1\)"),
        ([{"percentile": [1]}], UsageError, "percentile takes 2 values: low, high"),
        ([{"percentile": {"low": float("nan")}}], UsageError, "low cannot be nan"),
        ([{"zscore": 3}], UsageError, "zscore takes settings by name"),
        ([{"median": 4}], UsageError, "must be odd, such as 5"),
        ([{"channels": []}], UsageError, "1 to 512 channel numbers from 0, or 'grey'"),
        ([{"channels": [-1]}], UsageError, "channel numbers from 0"),
        ([{"spacing": 0}], UsageError, r"mm.0 cannot be 0"),
        ([{"clahe": 1, "zscore": 2}], UsageError, "a step is its name, or"),
        ([3], UsageError, "a step is its name, or"),
        (5, UsageError, "cannot be 5"),
    ],
)
def test_what_cannot_be_meant_is_refused(given: object, error: type, said: str) -> None:
    with pytest.raises(error, match=said):
        Prepare.of(given)


# --- pictures


@pytest.mark.parametrize("name", STEPS)
@settings(max_examples=40)
@given(data=st.data())
def test_any_picture_gives_finite_pixels_without_a_warning(name: str, data: st.DataObject) -> None:
    """All depths and their ends, sizes from 1×1, constants: right, and never NaN."""
    dtype = np.dtype(data.draw(st.sampled_from(["uint8", "uint16", "float32"])))
    shape = data.draw(st.tuples(st.integers(1, 40), st.integers(1, 40), st.sampled_from([1, 3])))
    rng = np.random.default_rng(data.draw(st.integers(0, 99)))
    most = float(np.iinfo(dtype).max) if dtype.kind == "u" else 1e30
    low = 0.0 if dtype.kind == "u" else data.draw(st.sampled_from([0.0, -most, -1.0, most / 2]))
    high = data.draw(st.sampled_from([low, low + 1, most, (low + most) / 2]))
    pixels = rng.uniform(low, high, shape).astype(dtype) if high > low else np.full(shape, low)
    image = Image(pixels.astype(dtype), spacing=(0.5, 0.3))
    before = image.pixels.copy()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found = Prepare.of([EVERY_STEP[name]]).apply(image)
        again = Prepare.of([EVERY_STEP[name]]).apply(image)
    assert np.isfinite(found.pixels).all()
    assert found.pixels.flags.c_contiguous
    np.testing.assert_array_equal(image.pixels, before)
    np.testing.assert_array_equal(found.pixels, again.pixels)
    assert found.size_hw == image.size_hw or name == "spacing"
    if name not in ("percentile", "zscore", "illumination"):
        assert found.pixels.dtype == dtype
        slack = 1e-5 * max(abs(low), abs(high)) if dtype.kind == "f" else 0
        assert found.pixels.min() >= before.min() - slack or name == "clahe"
        assert found.pixels.max() <= before.max() + slack or name == "clahe"


@pytest.mark.parametrize("name", [name for name in STEPS if name not in ("percentile", "zscore")])
@pytest.mark.parametrize("dtype", ["uint8", "uint16", "float32"])
@pytest.mark.parametrize("size_hw", [(1, 1), (1, 50), (50, 1), (33, 40)])
def test_a_constant_picture_stays_what_it_is(name: str, dtype: str, size_hw) -> None:
    image = Image(np.full((*size_hw, 3), 77, dtype), spacing=(0.5, 0.5))
    found = Prepare.of([EVERY_STEP[name]]).apply(image).pixels
    expected = 77 if name != "illumination" or dtype == "float32" else 77 / image.full_scale
    np.testing.assert_allclose(found, expected, rtol=1e-6)


@pytest.mark.parametrize("name", ["percentile", "zscore"])
@pytest.mark.parametrize("size_hw", [(1, 1), (1, 50), (33, 40)])
def test_a_constant_picture_has_no_range_and_no_deviation(name: str, size_hw) -> None:
    assert not Prepare.of(name).apply(Image(np.full((*size_hw, 3), 77, np.uint8))).pixels.any()


@pytest.mark.parametrize("name", STEPS)
@pytest.mark.parametrize("bad", [np.nan, np.inf, -np.inf])
def test_values_that_are_not_finite_are_refused(name: str, bad: float) -> None:
    pixels = np.ones((5, 6, 1), np.float32)
    pixels[2, 3] = bad
    with pytest.raises(ImageError, match="not finite"):
        Prepare.of([EVERY_STEP[name]]).apply(Image(pixels, spacing=(1, 1)))


def test_values_at_the_end_of_floats_give_numbers_or_an_error() -> None:
    most = np.finfo(np.float32).max
    pixels = np.array([[-most, most, 0, 1]], np.float32)[..., None]
    for name, step in EVERY_STEP.items():
        with warnings.catch_warnings():
            warnings.simplefilter("error")
            try:
                found = Prepare.of([step]).apply(Image(pixels, spacing=(1, 1)))
            except ImageError as error:
                assert "too large" in str(error) and repr(name) in str(error)
            else:
                assert np.isfinite(found.pixels).all(), name


def test_volumes_are_refused_and_without_steps_nothing_is_touched() -> None:
    volume = Image(np.zeros((2, 3, 4, 1), np.uint8), axes="ZYX")
    with pytest.raises(ImageError, match="axes ZYX"):
        Prepare.of("zscore").apply(volume)
    odd = Image(np.full((2, 2, 1), np.nan, np.float32))
    assert Prepare().apply(odd) is odd


def test_steps_run_in_the_order_they_are_written() -> None:
    pixels = np.random.default_rng(0).integers(0, 256, (40, 40, 1), np.uint8)
    image = Image(pixels)
    one = Prepare.of(["median", {"gaussian": 2}]).apply(image)
    by_hand = Prepare.of({"gaussian": 2}).apply(Prepare.of("median").apply(image))
    np.testing.assert_array_equal(one.pixels, by_hand.pixels)
    other = Prepare.of([{"gaussian": 2}, "median"]).apply(image)
    assert (one.pixels != other.pixels).any()


# --- labels


def labels(ids: list[list[int]]) -> LabelMap:
    return LabelMap(np.array(ids, np.uint8), Classes.named(("a", "b", "c")))


def with_spacing(image_hw: tuple[int, int], spacing: tuple[float, float]) -> Image:
    return Image(np.zeros((*image_hw, 1), np.uint8), spacing=spacing)


def test_labels_get_the_class_with_the_largest_share() -> None:
    drawn = labels([[0, 1, 2, 2], [1, 1, 255, 255], [0, 0, 1, 0], [0, 2, 255, 1]])
    prepare = Prepare.of({"spacing": 2})
    prepared = prepare.apply(with_spacing((4, 4), (1, 1)))
    # b three of four; c and ignored two each, the lower id; a three; b two, one of a and ignored.
    assert prepare.apply_to_labels(drawn, prepared).ids.tolist() == [[1, 2], [0, 1]]


@given(st.tuples(*[st.integers(1, 9)] * 4), st.integers(0, 999))
def test_shares_are_counted_exactly_ties_too(sides: tuple[int, ...], seed: int) -> None:
    size_hw = max(sides[:2]), max(sides[2:])
    small_hw = min(sides[:2]), min(sides[2:])
    ids = np.random.default_rng(seed).integers(0, 3, size_hw).astype(np.uint8)
    # Each pixel cut into as many pieces as make whole numbers of pieces in each new pixel.
    pieces = ids.repeat(small_hw[0], 0).repeat(small_hw[1], 1)
    blocks = pieces.reshape(small_hw[0], size_hw[0], small_hw[1], size_hw[1])
    counts = np.stack([(blocks == one).sum((1, 3)) for one in range(3)])
    found = resampled_labels(LabelMap(ids, Classes.named(("a", "b", "c"))), small_hw)
    np.testing.assert_array_equal(found.ids, counts.argmax(0))


def test_labels_that_are_magnified_come_back_the_same() -> None:
    ids = np.random.default_rng(0).integers(0, 3, (9, 7)).astype(np.uint8)
    drawn = LabelMap(ids, Classes.named(("a", "b", "c")))
    prepare = Prepare.of({"spacing": [1, 0.2]})
    prepared = prepare.apply(with_spacing((9, 7), (5, 1)))
    assert prepared.size_hw == (45, 35)
    found = prepare.apply_to_labels(drawn, prepared)
    np.testing.assert_array_equal(found.ids[2::5, 2::5], ids)


def test_labels_without_a_spacing_step_are_the_same_object() -> None:
    drawn = labels([[0, 1], [2, 0]])
    prepare = Prepare.of("zscore")
    assert prepare.apply_to_labels(drawn, with_spacing((2, 2), (1, 1))) is drawn
