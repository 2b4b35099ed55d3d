"""What --resume and --from do and refuse, on real runs."""

from __future__ import annotations

import json
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image as PillowImage

from segwright.errors import BudgetError, CheckpointError, UsageError
from segwright.events import Note, TrainStep
from segwright.plan import Plan
from segwright.training.log import read_metrics
from segwright.training.run_folder import RunFolder, sole_use
from segwright.verbs.evaluate import evaluate
from segwright.verbs.train import train


@pytest.fixture(scope="module")
def data(draw_scenes: Callable[..., Path], tmp_path_factory: Any) -> Path:
    return draw_scenes(tmp_path_factory.mktemp("scenes") / "data")


@pytest.fixture(scope="module")
def finished(data: Path, tiny_settings: dict[str, Any], tmp_path_factory: Any) -> Path:
    """A finished run; copy it before it is changed."""
    out = tmp_path_factory.mktemp("runs") / "finished"
    return train(data, out=out, settings=tiny_settings).run


@pytest.fixture
def copy(finished: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(finished, tmp_path / "copy"))


def kinds(run: Path, kind: str) -> list[dict[str, Any]]:
    return [row for row in read_metrics(run) if row["kind"] == kind]


def test_added_time_is_used_for_more_steps(copy: Path) -> None:
    report = train(resume=str(copy), budget_s=12)
    (extended, *_) = kinds(copy, "decision")
    assert extended["what"] == "extend" and extended["step"] == 12
    rows = kinds(copy, "train")
    assert [row["step"] for row in rows] == list(range(1, rows[-1]["step"] + 1))
    assert rows[-1]["step"] > 12
    # The rate, which had come down to nearly nothing, rises again.
    assert rows[12]["lr_scale"] > rows[11]["lr_scale"]
    assert report.run == copy and report.report.exists()


def test_too_little_added_time_is_refused_and_changes_nothing(copy: Path) -> None:
    with pytest.raises(BudgetError, match=r"1 s more leave no time .* Add \d+ s or more"):
        train(resume=copy, budget_s=1)
    assert not kinds(copy, "decision")
    assert (
        json.loads(next(copy.glob("checkpoints/step-*/state.json")).read_text())["state"][
            "decisions"
        ]
        == []
    )


def test_a_finished_run_resumed_stays_as_it_is(copy: Path, finished: Path) -> None:
    train(resume=copy)
    weights = "segmenter/weights.safetensors"
    assert (copy / weights).read_bytes() == (finished / weights).read_bytes()
    assert kinds(copy, "train") == kinds(finished, "train")


def test_a_run_is_never_overwritten(finished: Path, data: Path) -> None:
    before = {p: p.read_bytes() for p in finished.rglob("*") if p.is_file()}
    with pytest.raises(UsageError, match="this place is taken, and nothing is ever overwritten"):
        train(data, out=finished)
    assert {p: p.read_bytes() for p in finished.rglob("*") if p.is_file()} == before


@pytest.mark.parametrize("split", ["train", "val"])
def test_changed_data_is_refused(finished: Path, data: Path, tmp_path: Path, split: str) -> None:
    moved = Path(shutil.copytree(data, tmp_path / "data"))
    run = Path(shutil.copytree(finished, tmp_path / "run"))
    train(moved, resume=run)  # elsewhere, but the same
    assert RunFolder.open(run).record.data == moved
    train(resume=run)
    from segwright.dataset import ensure_split, open_dataset

    chosen = ensure_split(open_dataset(moved), seed=0)[0].split(split).entries[0]
    ids = np.array(PillowImage.open(chosen.labels.paths[0]))
    PillowImage.fromarray(1 - ids).save(chosen.labels.paths[0])
    with pytest.raises(UsageError, match="images or labels have changed"):
        train(resume=run)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"model": "unet"}, "--model"),
        ({"device": "cpu"}, "--device"),
        ({"seed": 3}, "--seed"),
        ({"folds": 2}, "--folds"),
        ({"out": "elsewhere", "folds": 2}, "--out, --folds"),
        ({"settings": {"model": 1}}, "--set model"),
    ],
)
def test_what_a_resume_cannot_change_is_refused(
    finished: Path, given: dict[str, Any], named: str
) -> None:
    with pytest.raises(UsageError, match=f"{named} cannot be changed"):
        train(resume=finished, **given)


def test_a_damaged_checkpoint_is_refused(copy: Path) -> None:
    (tensors,) = copy.glob("checkpoints/step-*/network.safetensors")
    content = bytearray(tensors.read_bytes())
    content[-3] ^= 4
    tensors.write_bytes(content)
    with pytest.raises(CheckpointError, match=r"network\.safetensors is not the file"):
        train(resume=copy)


def test_something_else_is_no_run(tmp_path: Path) -> None:
    with pytest.raises(UsageError, match="not a run folder"):
        train(resume=tmp_path)


def test_from_takes_weights_over(
    finished: Path, data: Path, tmp_path: Path, tiny_settings: dict[str, Any]
) -> None:
    notes: list[str] = []
    losses: list[float] = []

    def listen(event: object) -> None:
        if isinstance(event, Note):
            notes.append(event.text)
        if isinstance(event, TrainStep):
            losses.append(event.loss)

    same = {key: value for key, value in tiny_settings.items() if key != "model.config"}
    run = train(
        str(data), out=str(tmp_path / "new"), settings=same, from_run=str(finished), on_event=listen
    ).run
    assert any("tensors were taken over" in note and "new are" not in note for note in notes)
    assert Plan.read(run / "plan.yaml").model.config == tiny_settings["model.config"]
    fresh = [row["loss"] for row in kinds(finished, "train")]
    assert np.mean(losses[:4]) < np.mean(fresh[:4])


def test_from_a_net_that_does_not_fit_is_refused(
    finished: Path, data: Path, tmp_path: Path, tiny_settings: dict[str, Any]
) -> None:
    other = {**tiny_settings, "model.config": {"base_width": 4, "depth": 2}}
    with pytest.raises(UsageError, match=r"only \d+ of \d+ tensors fit the network"):
        train(data, out=tmp_path / "new", model="unet", settings=other, from_run=finished)


def test_a_plan_file_is_followed(
    finished: Path, data: Path, tmp_path: Path, tiny_settings: dict[str, Any]
) -> None:
    plan = finished / "plan.yaml"
    again = train(data, out=tmp_path / "again", plan=str(plan)).run
    weights = "segmenter/weights.safetensors"
    assert (again / weights).read_bytes() == (finished / weights).read_bytes()
    with pytest.raises(UsageError, match="the plan is for the model 'fast', not 'unet'"):
        train(data, out=tmp_path / "unet", plan=plan, model="unet")


def test_a_budget_and_a_number_of_steps_contradict(
    data: Path, tmp_path: Path, tiny_settings: dict[str, Any]
) -> None:
    with pytest.raises(UsageError, match="a budget decides the number of steps"):
        train(data, out=tmp_path / "run", budget_s=60, settings=tiny_settings)
    assert not (tmp_path / "run").exists()


def test_too_short_a_budget_leaves_no_folder(
    data: Path, tmp_path: Path, tiny_settings: dict[str, Any]
) -> None:
    settings = {key: value for key, value in tiny_settings.items() if key != "steps"}
    with pytest.raises(BudgetError, match=r"Give it \d+ s or more"):
        train(data, out=tmp_path / "run", budget_s=0.5, settings=settings)
    assert not (tmp_path / "run").exists()


def test_the_run_is_evaluated_on_what_it_held_out(copy: Path, data: Path) -> None:
    shipped = json.loads((copy / "scores.json").read_text())
    again = evaluate(str(copy), str(data))
    assert again.num_images == 2
    assert again.mean_iou.value == shipped["mean_iou"]["value"]


def test_weights_are_not_scored_on_what_they_learned_from(
    finished: Path, data: Path, tmp_path: Path, tiny_settings: dict[str, Any]
) -> None:
    """Neither with folds, nor divided otherwise, nor by a run that started from another."""
    same = {key: value for key, value in tiny_settings.items() if key != "model.config"}
    heir = train(data, out=tmp_path / "heir", settings=same, from_run=finished).run
    for source in (finished, heir):
        for other in ({"folds": 2}, {"seed": 1}):
            out = tmp_path / "refused"
            with pytest.raises(UsageError, match=r"have learned from \d of the \d images"):
                train(data, out=out, settings=same, from_run=source, **other)
            assert not out.exists()


def test_a_run_in_use_is_left_alone(copy: Path) -> None:
    with sole_use(copy), pytest.raises(UsageError, match="another process is working in this run"):
        train(resume=copy)


@pytest.mark.parametrize("source", ["plan", "from_run"])
def test_images_are_held_out_by_the_seed_that_the_plan_stores(
    draw_scenes: Callable[..., Path], tiny_settings: dict[str, Any], tmp_path: Path, source: str
) -> None:
    """A run by the plan of a run with another seed holds out the same images, and is resumed."""
    data = draw_scenes(tmp_path / "data")
    settings = {**tiny_settings, "steps": 2, "validation.times": 1, "checkpoints": 1}
    first = train(data, out=tmp_path / "first", settings=settings, seed=5).run
    settings.pop("model.config")
    given: dict[str, Any] = (
        {"plan": first / "plan.yaml"} if source == "plan" else {"from_run": first}
    )
    second = train(data, out=tmp_path / "second", settings=settings, **given).run
    assert Plan.read(second / "plan.yaml").seed == 5
    assert RunFolder.open(second).record.learned == RunFolder.open(first).record.learned
    train(resume=second)
    third = train(data, out=tmp_path / "third", plan=first / "plan.yaml", seed=0).run
    assert Plan.read(third / "plan.yaml").seed == 0
    assert RunFolder.open(third).record.learned != RunFolder.open(first).record.learned


@pytest.mark.parametrize("key", ["seed", "device", "budget_s", "fingerprint"])
def test_settings_with_an_option_of_their_own(data: Path, tmp_path: Path, key: str) -> None:
    with pytest.raises(UsageError, match=f"--set {key}: '{key}' is no setting to replace"):
        train(data, out=tmp_path / "run", settings={key: 1})
