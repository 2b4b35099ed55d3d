"""From material to a plan: what is timed stands for all, and what contradicts itself is refused."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace

import numpy as np
import pytest

from segwright.dataset import Sample
from segwright.errors import DataError
from segwright.images.image import Image
from segwright.labels.label_map import LabelMap
from segwright.plan import Plan, Timings
from segwright.training import planning
from segwright.training.material import Material
from segwright.training.planning import examine_machine, require_sound, time_steps
from segwright.training.store import SampleStore

MakePlan = Callable[..., Plan]


def test_one_timed_image_stands_for_all_by_its_size(
    material: Material, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first validation image is small, the other one four times as large."""
    classes = material.classes
    samples = [
        Sample(
            str(side),
            Image(np.zeros((side, side, 3), np.uint8)),
            LabelMap(np.zeros((side, side), np.uint8), classes),
            None,
        )
        for side in (32, 64)
    ]
    val = SampleStore(samples)  # pyright: ignore[reportArgumentType]
    list(val.read_all())
    measured = Timings({"float32": 0.5}, glance_s=1.0, image_s=2.0, elapsed_s=9.0)
    monkeypatch.setattr(planning, "probe", lambda *_, **__: measured)
    timings = time_steps(
        make_plan(),
        replace(material, val=val),
        examine_machine("cpu"),
        {},
        elapsed_s=lambda: 9.0,
        emit=lambda event: None,
    )
    assert timings == replace(measured, glance_s=2.5, image_s=5.0)


@pytest.mark.parametrize(("held", "problem"), [((0, 0), "is ignored"), ((0, 5), "no other")])
def test_labels_that_teach_nothing_are_refused(
    material: Material, held: tuple[int, int], problem: str
) -> None:
    facts = material.facts.model_copy(update={"images_with_class": held})
    with pytest.raises(DataError, match=problem):
        require_sound(replace(material, facts=facts), {}, None)
