"""Stored values become the class ids that a dictionary gives, pixel by pixel."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from segwright.errors import LabelError
from segwright.formats.faults import Fault
from segwright.formats.masks.values import MaskScheme
from segwright.labels.classes import Classes

WHERE = Path("mask.png")


def _kinds(*numbers_of_classes: int) -> list[tuple[str, int]]:
    """Kinds of masks with numbers of classes; those of 8 bits have room for a value without one."""
    kinds = [(kind, n) for kind in ("8 bit", "16 bit", "colour") for n in numbers_of_classes]
    return [(kind, n) for kind, n in kinds if kind != "8 bit" or n < 255]


def _scheme(values: list[int], num_classes: int, *, is_colour: bool) -> MaskScheme:
    """The values mean the classes in their order; those beyond the classes are ignored."""
    classes = Classes.named([f"class {i}" for i in range(num_classes)])
    ids = {v: i if i < num_classes else classes.ignore_index for i, v in enumerate(values)}
    return MaskScheme(classes, ids, "", is_colour=is_colour)


def _stored(values: np.ndarray, *, is_colour: bool, dtype: type) -> np.ndarray:
    if not is_colour:
        return values.astype(dtype)
    return np.stack([values >> 16, values >> 8 & 255, values & 255], -1).astype(np.uint8)


@pytest.mark.parametrize(("kind", "num_classes"), _kinds(1, 11, 253, 254, 255, 256, 300))
@pytest.mark.parametrize("drawn", ["areas", "noise", "one value"])
def test_every_pixel_has_the_id_of_its_value(num_classes, kind, drawn):
    top = {"8 bit": 256, "16 bit": 1 << 16, "colour": 1 << 24}[kind]
    rng = np.random.default_rng(num_classes)
    values = rng.choice(top, num_classes + 1, replace=False).tolist()
    scheme = _scheme(values, num_classes, is_colour=kind == "colour")
    mask = rng.choice(values, (12, 17) if drawn == "noise" else (1, 1))
    if drawn == "areas":
        mask = rng.choice(values, (3, 4)).repeat(5, 0).repeat(4, 1)
    stored = _stored(
        mask, is_colour=kind == "colour", dtype=np.uint8 if kind == "8 bit" else np.uint16
    )
    labels = scheme.decode(stored, where=WHERE)
    assert labels.ids.dtype == scheme.classes.dtype
    assert labels.ids.tolist() == [[scheme.ids[value] for value in row] for row in mask.tolist()]
    labels.ids[0, 0] = 0  # what is read may be changed


@pytest.mark.parametrize(("kind", "num_classes"), _kinds(2, 254, 255, 256))
@pytest.mark.parametrize("stray", [0, 5, 255])
def test_values_without_a_meaning_are_reported_and_then_ignored(num_classes, kind, stray):
    taken = [v for v in range(num_classes + 2) if v != stray][:num_classes]
    scheme = _scheme(taken, num_classes, is_colour=kind == "colour")
    mask = np.full((4, 6), taken[1])
    mask[2, 3] = mask[2, 4] = stray
    stored = _stored(
        mask, is_colour=kind == "colour", dtype=np.uint8 if kind == "8 bit" else np.uint16
    )
    with pytest.raises(LabelError, match="row 2, column 3"):
        scheme.decode(stored, where=WHERE)
    faults: list[Fault] = []
    labels = scheme.decode(stored, where=WHERE, report=faults.append)
    assert len(faults) == 1 and (faults[0].kind == "stray-colour") == (kind == "colour")
    expected = np.where(mask == stray, scheme.classes.ignore_index, 1)
    np.testing.assert_array_equal(labels.ids, expected)


def test_colours_beyond_all_that_are_known_mean_nothing():
    scheme = _scheme([0x102030, 0x102031], 2, is_colour=True)
    for colour in (0, 0x10202F, 0x102032, 0xFFFFFF):
        with pytest.raises(LabelError, match=f"#{colour:06x}"):
            scheme.decode(
                _stored(np.full((2, 2), colour), is_colour=True, dtype=np.uint8), where=WHERE
            )
