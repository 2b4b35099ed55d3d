"""A plan file is followed, and what contradicts itself in it is refused or told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import yaml

from segwright.errors import BudgetError, DataError, UsageError
from segwright.events import Event, Note
from segwright.plan import Plan
from segwright.verbs import one_run
from segwright.verbs.plan import plan as make_plan
from segwright.verbs.train import train

Edited = Callable[..., Path]


@pytest.fixture(scope="module")
def data(draw_scenes: Callable[..., Path], tmp_path_factory: Any) -> Path:
    return draw_scenes(tmp_path_factory.mktemp("scenes") / "data")


@pytest.fixture(scope="module")
def made(data: Path, tiny_settings: dict[str, Any]) -> Plan:
    return make_plan(data, settings=tiny_settings)


@pytest.fixture
def edited(made: Plan, tmp_path: Path) -> Edited:
    """Writes the plan with other values at its top."""

    def write(**changes: Any) -> Path:
        path = tmp_path / "plan.yaml"
        content = {**yaml.safe_load(made.to_yaml()), **changes}
        path.write_text(yaml.safe_dump(content), encoding="utf-8")
        return path

    return write


@pytest.fixture
def planned(monkeypatch: pytest.MonkeyPatch) -> list[Plan]:
    """The plans of the runs that would have been trained."""
    plans: list[Plan] = []
    monkeypatch.setattr(one_run, "_run", lambda folder, *_, **__: plans.append(folder.plan))
    return plans


def test_a_budget_in_the_file_counts_its_steps_anew_and_says_so(
    data: Path, edited: Edited, planned: list[Plan], tmp_path: Path
) -> None:
    events: list[Event] = []
    file = edited(budget_s=3600.0, steps=7)
    train(data, plan=file, out=tmp_path / "run", on_event=events.append)
    assert planned[0].steps > 7
    told = f"the budget decides: {planned[0].steps} steps instead of the 7 of the plan file"
    assert any(told in event.text for event in events if isinstance(event, Note))


def test_without_a_budget_the_steps_of_the_file_stay(
    data: Path, edited: Edited, planned: list[Plan], tmp_path: Path
) -> None:
    train(data, plan=edited(steps=7), out=tmp_path / "run")
    assert planned[0].steps == 7


def test_a_budget_in_the_file_contradicts_a_number_of_steps(
    data: Path, edited: Edited, tmp_path: Path
) -> None:
    with pytest.raises(UsageError, match="a budget decides the number of steps"):
        train(data, plan=edited(budget_s=3600.0), settings={"steps": 7}, out=tmp_path / "run")


def test_too_short_a_budget_in_the_file_is_refused(
    data: Path, edited: Edited, tmp_path: Path
) -> None:
    with pytest.raises(BudgetError, match=r"Give it \d+ s or more"):
        train(data, plan=edited(budget_s=0.5), out=tmp_path / "run")


def test_one_class_is_refused_with_a_plan_file_too(
    draw_scenes: Callable[..., Path], edited: Edited, tmp_path: Path
) -> None:
    data = draw_scenes(tmp_path / "alone")
    (data / "dataset.yaml").write_text("classes: [back]\nignore: [1]\n", encoding="utf-8")
    (data / "classes.txt").unlink()
    with pytest.raises(DataError, match="there is only one class, 'back'"):
        train(data, plan=edited(), out=tmp_path / "run")


def test_rates_go_with_an_optimiser_set_beside_the_file(
    data: Path, edited: Edited, planned: list[Plan], made: Plan, tmp_path: Path
) -> None:
    settings = {"optimiser.name": "adamw"}
    train(data, plan=edited(), settings=settings, out=tmp_path / "run")
    assert planned[0].optimiser.lr < made.optimiser.lr == 0.05


def test_what_comes_with_the_weights_of_a_run_is_not_said_to_be_set(
    data: Path, tiny_settings: dict[str, Any], tmp_path: Path, planned: list[Plan]
) -> None:
    source = tmp_path / "source"
    train(data, out=source, settings=tiny_settings)
    train(data, out=tmp_path / "run", from_run=source)
    assert planned[1].model == planned[0].model
    for key in ("model.name", "model.config"):
        assert planned[1].reasons[key] == f"that of {source}, whose weights it starts from"
