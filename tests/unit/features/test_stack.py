"""Rows of features: what may be written, and the same numbers band by band."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from segwright.errors import UnknownNameError, UsageError
from segwright.features import FEATURES, FeatureStack

every_feature = pytest.mark.parametrize("name", FEATURES)


def picture(*shape: int) -> np.ndarray:
    return np.random.default_rng(1).integers(0, 256, shape, np.uint8)


@every_feature
def test_the_table_is_whole(name: str) -> None:
    entry = FEATURES[name]
    feature = entry.feature()
    assert feature.name == name
    assert entry.meaning and entry.paper and entry.cost in ("low", "middle", "high")
    for setting, field in entry.feature.model_fields.items():
        assert setting == "step" or field.description, setting


@every_feature
@pytest.mark.parametrize("shape", [(1, 1, 1), (1, 9, 3), (8, 1, 2), (5, 4, 4), (23, 31, 3)])
def test_every_picture_is_described_by_as_many_values_as_names(name: str, shape) -> None:
    stack = FeatureStack.of(name)
    for pixels in (picture(*shape), np.zeros(shape, np.float32), np.ones(shape, np.float32)):
        found = stack.describe(pixels)
        names = stack.names(shape[2])
        assert found.shape == (len(names), *shape[:2]) and found.dtype == np.float32
        assert len(set(names)) == len(names)
        assert np.isfinite(found).all()


@every_feature
@pytest.mark.parametrize("rows", [1, 7, 40])
def test_bands_have_the_numbers_of_the_whole(name: str, rows: int) -> None:
    stack = FeatureStack.of(name)
    pixels = picture(83, 29, 3)
    whole = stack.describe(pixels)
    seen = []
    for band, values in stack.in_tiles(pixels, rows=rows):
        assert values.shape[1] == band.stop - band.start <= rows
        np.testing.assert_allclose(values, whole[:, band], atol=1e-5)
        seen.extend(range(band.start, band.stop))
    assert seen == list(range(83))


@every_feature
def test_no_pixel_beyond_the_reach_is_seen(name: str) -> None:
    """Or bands would be cut too close."""
    stack = FeatureStack.of(name)
    reach = stack.reach_px
    size = 2 * reach + 21
    rng = np.random.default_rng(0)
    one = rng.random((size, 9, 3), np.float32)
    other = one.copy()
    other[reach + 10 + reach + 1 :] = rng.random((size - 2 * reach - 11, 9, 3), np.float32)
    row = slice(0, reach + 11)
    np.testing.assert_array_equal(stack.describe(one)[:, row], stack.describe(other)[:, row])


@every_feature
def test_sixteen_bits_and_floats_say_the_same(name: str) -> None:
    stack = FeatureStack.of(name)
    pixels = picture(14, 15, 3)
    found = stack.describe(pixels)
    np.testing.assert_allclose(stack.describe(pixels.astype(np.uint16) * 257), found, atol=1e-4)
    as_floats = pixels.astype(np.float32) * np.float32(1 / 255)
    np.testing.assert_array_equal(stack.describe(as_floats), found)


@pytest.mark.parametrize(
    ("short", "text"),
    [
        ("colour", "colour"),
        (["position", "colour"], "position (axes y × x) + colour"),
        ({"gaussian": 2}, "gaussian (sigmas_px 2"),
        ([{"gaussian": [1, 2]}, {"lbp": {"points": 12}}], "gaussian (sigmas_px 1 × 2) + lbp"),
        ([{"colour": ["hsv", "lab"]}], "colour (spaces hsv × lab"),
    ],
)
def test_short_forms(short: Any, text: str) -> None:
    stack = FeatureStack.of(short)
    assert str(stack).startswith(text)
    assert FeatureStack.of(stack.model_dump(mode="json")) == stack
    assert FeatureStack.model_validate_json(stack.model_dump_json()) == stack


@pytest.mark.parametrize(
    ("wrong", "error", "message"),
    [
        ("gausian", UnknownNameError, "Did you mean 'gaussian'"),
        ([{"gaussian": {"sigma": [1]}}], UnknownNameError, "sigmas_px"),
        ([{"gaussian": [0.1]}], UsageError, "greater than or equal to 0.3"),
        ([{"lbp": {"window_px": 4}}], UsageError, "odd"),
        ([{"difference": [2, 1]}], UsageError, "larger than the one before"),
        ([], UsageError, "at least one"),
        (7, UsageError, "features"),
        ([{"colour": "cmyk"}], UsageError, "lab"),
    ],
)
def test_what_cannot_be_is_refused_with_the_remedy(wrong: Any, error, message: str) -> None:
    with pytest.raises(error, match=message):
        FeatureStack.of(wrong)
