"""What is lost where a format knows shapes and names alone, by hand."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from tests.unit.formats.drawn import CLASSES

from segwright.formats.lost import Losses
from segwright.formats.plain import lost_colours, plain_objects
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances
from segwright.labels.shapes import Box

LARGE = Instance(1, Box(0, 0, 4, 1))
SMALL = Instance(2, Box(0, 0, 2, 1))


def _scene(*objects: Instance) -> Instances:
    return Instances((1, 5), objects, CLASSES)


@pytest.mark.parametrize(
    ("objects", "layers", "lost"),
    [
        ((replace(LARGE, layer=1), SMALL), False, {"layers": 1}),
        ((replace(LARGE, layer=1), SMALL), True, {}),
        ((LARGE, replace(SMALL, layer=1)), False, {}),  # smaller ones are on top anyway
        ((replace(LARGE, layer=1), replace(SMALL, layer=1)), False, {}),
        ((replace(LARGE, score=0.0), SMALL), False, {"scores": 1}),
    ],
)
def test_losses(objects: tuple[Instance, ...], layers: bool, lost: dict[str, int]) -> None:
    losses = Losses()
    plain_objects(_scene(*objects), losses, layers=layers)
    assert dict(losses) == lost


def test_crowds_become_what_the_label_map_shows() -> None:
    scene = _scene(replace(SMALL, is_crowd=True), LARGE, Instance(3, Box(1, 0, 5, 1), True))
    losses = Losses()
    plain = plain_objects(scene, losses)
    assert dict(losses) == {"crowds": 2}
    assert [one.is_crowd for one in plain.objects] == [False, False]
    assert plain.label_map().ids.tolist() == [[1, 1, 1, 1, 255]]
    np.testing.assert_array_equal(plain.label_map().ids, scene.label_map().ids)
    exact = replace(scene, crowds_are_exact=True)
    plain = plain_objects(exact, Losses())
    assert [one.class_id for one in plain.objects] == [2, 1, 3]
    np.testing.assert_array_equal(plain.label_map().ids, exact.label_map().ids)


def test_colours_that_would_be_given_anew_are_not_lost() -> None:
    assert lost_colours(CLASSES) == 0
    assert lost_colours(Classes(("a", "b"), ((1, 2, 3), CLASSES.colours[1]), 0)) == 1
