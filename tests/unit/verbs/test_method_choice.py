"""What a method's time is spent on: fitting, trials, scoring; against imagined costs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from segwright.classical.thresholds.otsu import Otsu
from segwright.dataset import Dataset, open_dataset
from segwright.errors import BudgetError
from segwright.verbs import method_choice
from segwright.verbs.method_choice import Choice, Costs, within_time

pytest.importorskip("cv2", reason="the extra 'classical' is not installed")


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Dataset:
    """100 images to learn from and 10 held out, one half bright."""
    root = tmp_path_factory.mktemp("halves")
    grey = np.full((12, 16), 50, np.uint8)
    grey[:, 9:] = 200
    for split, number in (("train", 100), ("val", 10)):
        for folder, pixels in (("images", grey), ("masks", (grey > 100).astype(np.uint8))):
            (root / split / folder).mkdir(parents=True)
            for index in range(number):
                PillowImage.fromarray(pixels).save(root / split / folder / f"{index}.png")
    return open_dataset(root)


def choice(
    data: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    costs: Costs,
    *,
    budget_s: float,
    params: Mapping[str, Any] | None = None,
) -> Choice:
    monkeypatch.setattr(method_choice, "_measured", lambda *_, **__: costs)
    return within_time(
        "otsu",
        params or {},
        data.split("train"),
        data.split("val"),
        seed=0,
        left_s=lambda: budget_s,
        on_event=lambda event: None,
    )


def test_with_time_parameters_are_tried_and_all_images_used(
    data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = choice(data, monkeypatch, Costs(0.0, 0.01, 0.01), budget_s=60)
    assert len(found.trials) > 2
    assert found.images == 100
    assert f"the best of {len(found.trials)} by the mean IoU on 10 validation" in found.reason


def test_many_images_come_before_trials(data: Dataset, monkeypatch: pytest.MonkeyPatch) -> None:
    """Growing takes 20 s and each image 0.1: time for all 100, but not for a trial on 8 as well."""
    found = choice(data, monkeypatch, Costs(20.0, 0.1, 0.1), budget_s=60)
    assert found.trials == ()
    assert found.images == 100
    assert "no time to try others" in found.reason


def test_as_many_images_as_there_is_time_for(
    data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    found = choice(data, monkeypatch, Costs(10.0, 1.0, 0.1), budget_s=60)
    # 6 s for the page, 1.2 s for scoring 10 images, 12 s to start; 40.8 s of 1.2 s an image
    assert found.images == 34


def test_what_the_user_has_fixed_leaves_nothing_to_try(
    data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    given = {parameter: values[0] for parameter, values in Otsu.search.items()}
    found = choice(data, monkeypatch, Costs(0.0, 0.01, 0.01), budget_s=60, params=given)
    assert (found.params, found.trials) == (given, ())
    assert "there are no others to try" in found.reason


def test_too_short_a_budget_names_one_that_would_do(
    data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    costs = Costs(30.0, 1.0, 2.0)
    with pytest.raises(BudgetError, match=r"takes 2 s an image to score, and 10 images") as caught:
        choice(data, monkeypatch, costs, budget_s=60)
    # 6 s for the page, 24 for scoring, 37.2 for fitting on one image
    assert "Give 8 s more" in str(caught.value)


def test_costs_tell_what_an_image_adds_from_what_starting_takes(
    data: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A clock that counts 5 s for every fit and 2 s for every image in it."""
    now = 0.0

    class Slow:
        def fit(self, images: list, labels: list) -> Slow:
            nonlocal now
            now += 5.0 + 2.0 * len(images)
            return self

        def segment(self, image: object) -> None:
            nonlocal now
            now += 0.5

    monkeypatch.setattr(method_choice, "build_method", lambda name, **params: Slow())
    monkeypatch.setattr(method_choice.time, "perf_counter", lambda: now)
    costs = method_choice._measured("slow", {}, data.split("train"), data.split("val"), seed=0)
    assert costs == Costs(5.0, 2.0, 0.5)
    assert costs.trial_s(10) == 30.0
