"""Parameters are chosen by what they bring, within the time there is."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.classical.thresholds.otsu import Otsu
from segwright.classical.tuning import Labelled, Trial, tuned
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap


def three_greys() -> Labelled:
    """Ground, a large darker thing and a small bright one, that make three classes."""
    ids = np.zeros((30, 30), np.uint8)
    ids[2:20, 2:14] = 1
    ids[4:12, 18:26] = 2
    noise = np.random.default_rng(0).normal(0, 3, ids.shape)
    grey = np.choose(ids, [120, 40, 220]) + noise
    image = Image(np.clip(grey, 0, 255).astype(np.uint8)[..., None])
    return Labelled([image], [LabelMap(ids, Classes.named(("ground", "thing", "lamp")))])


def test_the_number_of_levels_that_fits_is_found():
    data = three_greys()
    told: list[Trial] = []
    trials = tuned("otsu", {}, data, data, left_s=lambda: 1e9, on_trial=told.append)
    assert dict(trials[0].params)["levels"] == 3
    assert trials[0].score > 0.95
    assert [one.score for one in trials] == sorted((one.score for one in told), reverse=True)
    # Every value once: the defaults, the other order, and three other numbers of levels.
    assert len(trials) == 1 + 1 + (len(Otsu.search["levels"]) - 1)


def test_what_the_user_has_fixed_is_left_alone():
    data = three_greys()
    trials = tuned("otsu", {"levels": 2}, data, data, left_s=lambda: 1e9)
    assert {one.params["levels"] for one in trials} == {2}


@pytest.mark.parametrize("left_s", [0.0, -5.0])
def test_without_time_only_the_defaults_are_tried(left_s: float):
    data = three_greys()
    trials = tuned("otsu", {}, data, data, left_s=lambda: left_s)
    assert [one.params for one in trials] == [{}]
