"""A plan as text: written, edited, read, explained."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from segwright.dataset import DatasetFacts
from segwright.errors import UnknownNameError, UsageError
from segwright.plan import Machine, Plan, draft

Facts = Callable[..., DatasetFacts]


@pytest.fixture(scope="module")
def plan(facts: Facts) -> Plan:
    machine = Machine("cpu", cores=2, bfloat16=False)
    settings = {"model.config": {"widths": [8, 8, 8]}}
    return draft(facts(), machine, fingerprint="abc", budget_s=600, settings=settings)


def test_yaml_reads_back_to_an_equal_plan(plan: Plan) -> None:
    again = Plan.from_yaml(plan.to_yaml())
    assert again == plan
    assert again.to_yaml() == plan.to_yaml()


@given(
    lr=st.floats(1e-6, 10),
    crop=st.tuples(st.integers(1, 50), st.integers(1, 50)),
    seed=st.integers(0, 2**32 - 1),
)
def test_any_values_survive_yaml(facts: Facts, lr: float, crop: tuple[int, int], seed: int) -> None:
    machine = Machine("cpu", cores=1, bfloat16=False)
    settings = {"optimiser.lr": lr, "input.crop_hw": crop, "seed": seed}
    plan = draft(facts(), machine, fingerprint="abc", settings=settings)
    assert Plan.from_yaml(plan.to_yaml()) == plan


def test_an_edited_file_is_followed(plan: Plan, tmp_path: Path) -> None:
    content = yaml.safe_load(plan.to_yaml())
    content["batch_size"] = 3
    content["optimiser"]["name"] = "sgd"
    (tmp_path / "plan.yaml").write_text(yaml.safe_dump(content), encoding="utf-8")
    edited = Plan.read(tmp_path / "plan.yaml")
    assert (edited.batch_size, edited.optimiser.name) == (3, "sgd")
    assert (
        edited.updated(
            {"batch_size": plan.batch_size, "optimiser.name": "muon"},
            {"batch_size": "", "optimiser.name": ""},
        ).model_copy(update={"reasons": plan.reasons})
        == plan
    )


@pytest.mark.parametrize(
    ("edit", "error", "message"),
    [
        ("batchsize: 3\n", UnknownNameError, "'batchsize'.*'batch_size'"),
        ("steps: many\n", UsageError, "steps cannot be 'many'"),
        ("seed: -1\n", UsageError, "seed cannot be -1"),
        ("steps: [\n", UsageError, "not readable as YAML"),
        ("steps: 3\nsteps: 4\n", UsageError, "steps stands twice"),
    ],
)
def test_faults_of_an_edit_are_named_with_the_file(
    plan: Plan, tmp_path: Path, edit: str, error: type[Exception], message: str
) -> None:
    path = tmp_path / "mine.yaml"
    edited = edit.partition(":")[0] + ":"
    kept = [line for line in plan.to_yaml().splitlines() if not line.startswith(edited)]
    path.write_text("\n".join([*kept, edit]), encoding="utf-8")
    with pytest.raises(error, match=message) as caught:
        Plan.read(path)
    assert str(path) in str(caught.value)


@pytest.mark.parametrize("text", ["", "- 1\n", "just words"])
def test_other_yaml_is_no_plan(text: str) -> None:
    with pytest.raises(UsageError, match="expected settings"):
        Plan.from_yaml(text)


def test_a_missing_setting_is_named(plan: Plan) -> None:
    content = yaml.safe_load(plan.to_yaml())
    del content["optimiser"]["lr"]
    with pytest.raises(UsageError, match=r"optimiser\.lr cannot be"):
        Plan.from_yaml(yaml.safe_dump(content))


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match=r"absent\.yaml: cannot read"):
        Plan.read(tmp_path / "absent.yaml")


def test_explain_has_every_reason_and_every_value(plan: Plan) -> None:
    text = plan.explain()
    lines = text.splitlines()
    for key, reason in plan.reasons.items():
        assert any(line.startswith(key) and line.endswith(reason) for line in lines), key
    for key in ("batch_size", "accumulate", "optimiser.momentum", "workers", "loss.auxiliary"):
        assert sum(line.split()[0] == key for line in lines) == 1
    assert sum(line.startswith("augment") for line in lines) == 1


def test_a_plan_is_frozen(plan: Plan) -> None:
    with pytest.raises(ValueError, match="frozen"):
        plan.steps = 3  # pyright: ignore[reportAttributeAccessIssue]
