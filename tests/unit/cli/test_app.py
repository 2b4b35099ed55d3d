"""Every option reaches its verb, and what the verb returns reaches the user.

The verbs are replaced by recorders here: what they do is tested with them.
"""

from __future__ import annotations

import importlib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner, Result

from segwright import __version__
from segwright.cli.app import app
from segwright.verbs.predict import PredictReport


@dataclass
class Answer:
    """Stands for whatever a verb returns."""

    run: Path = Path("runs/new")

    def text(self) -> str:
        return "the report"

    table = explain = text

    def to_yaml(self) -> str:
        return "the yaml"

    def to_json(self) -> str:
        return "the json"


class Recorder:
    """A verb that keeps what it was called with."""

    def __init__(self, answer: object) -> None:
        self.answer = answer
        self.given: dict[str, Any] = {}

    def __call__(self, *arguments: Any, **options: Any) -> object:
        self.given = {**dict(enumerate(arguments)), **options}  # type: ignore[dict-item]
        return self.answer


@pytest.fixture
def record(monkeypatch: pytest.MonkeyPatch) -> Any:
    def replace(verb: str, answer: object = None) -> Recorder:
        recorder = Recorder(answer or Answer())
        monkeypatch.setattr(importlib.import_module(f"segwright.verbs.{verb}"), verb, recorder)
        return recorder

    return replace


def run(line: str, **options: Any) -> Result:
    return CliRunner().invoke(app, line.split(), **options)


def test_every_option_of_train_reaches_the_verb(record: Any) -> None:
    verb = record("train")
    ended = run(
        "train photos --budget 1h30m --model unet --task instance --device cpu "
        "--set optimiser.lr=1e-3 --set batch_size=4 --seed 7 --folds 5 --plan p.yaml --out r "
        "--classes m.yaml",
        obj=123.5,
    )
    assert ended.exit_code == 0, ended.output
    assert ended.stdout == "the report\n"
    assert callable(verb.given.pop("on_event"))
    assert verb.given == {
        0: Path("photos"),
        "budget_s": 5400,
        "model": "unet",
        "task": "instance",
        "device": "cpu",
        "settings": {"optimiser.lr": 0.001, "batch_size": 4},
        "seed": 7,
        "folds": 5,
        "plan": Path("p.yaml"),
        "out": Path("r"),
        "resume": None,
        "from_run": None,
        "classes": Path("m.yaml"),
        "started_at": 123.5,
    }


def test_resume_needs_no_data_and_takes_more_time(record: Any) -> None:
    verb = record("train")
    assert run("train --resume r --budget +10m").exit_code == 0
    assert (verb.given[0], verb.given["resume"], verb.given["budget_s"]) == (None, Path("r"), 600)


def test_from_names_the_run_to_start_from(record: Any) -> None:
    verb = record("train")
    assert run("train photos --from r").exit_code == 0
    assert verb.given["from_run"] == Path("r")
    assert verb.given["settings"] == {}


def test_plan_explains_or_prints_the_file(record: Any) -> None:
    verb = record("plan")
    assert run(
        "plan d --budget 90s --model fast --device mps --set a.b=1 --seed 3 --classes m"
    ).stdout == ("the report\n")
    del verb.given["on_event"]
    assert verb.given == {
        0: Path("d"),
        "budget_s": 90,
        "model": "fast",
        "device": "mps",
        "settings": {"a.b": 1},
        "seed": 3,
        "classes": Path("m"),
    }
    assert run("plan d --yaml").stdout == "the yaml\n"


def test_evaluate_prints_a_table_or_json(record: Any) -> None:
    verb = record("evaluate")
    assert run("evaluate r d --split test").stdout == "the report\n"
    assert (verb.given[0], verb.given[1], verb.given["split"]) == (Path("r"), Path("d"), "test")
    assert run("evaluate r d --json --device cuda --classes m").stdout == "the json\n"
    assert (verb.given["split"], verb.given["device"]) == (None, "cuda")
    assert verb.given["classes"] == Path("m")


def test_refine_reads_steps_and_time_and_prints_text_or_json(record: Any) -> None:
    verb = record("refine")
    ended = run(
        "refine r d --out t --steps crf,majority --time 90s --split train --seed 3 --device cuda "
        "--classes m"
    )
    assert ended.stdout == "the report\n"
    del verb.given["on_event"]
    assert verb.given == {
        0: Path("r"),
        1: Path("d"),
        "out": Path("t"),
        "steps": ["crf", "majority"],
        "seconds": 90,
        "split": "train",
        "seed": 3,
        "device": "cuda",
        "classes": Path("m"),
    }
    assert run("refine r d --out t --json").stdout == "the json\n"
    assert (verb.given["steps"], verb.given["seconds"]) == ([], 120)
    refused = run("refine r d --out t --time 90")
    assert refused.exit_code == 2 and "--time: '90' is not a duration" in refused.stderr


def test_predict_splits_what_to_save_and_takes_many_inputs(record: Any) -> None:
    verb = record("predict", PredictReport(Path("o"), 3, ()))
    ended = run("predict r a.png b.png --out o --save mask,coco")
    assert ended.exit_code == 0, ended.output
    assert verb.given[1] == [Path("a.png"), Path("b.png")]
    assert list(verb.given["save"]) == ["mask", "coco"]
    assert "3 images" in ended.stdout


def test_predict_exits_3_when_some_images_failed(record: Any) -> None:
    record("predict", PredictReport(Path("o"), 3, ((Path("bad.png"), "cut short"),)))
    ended = run("predict r a --out o")
    assert ended.exit_code == 3
    assert "1 of 4 images failed" in ended.stderr


@pytest.mark.parametrize(
    ("line", "code", "message"),
    [
        ("train", 2, "no data is given"),
        ("train d --budget 10", 2, "10s or 10m"),
        ("train d --set lr", 2, "not key=value"),
        ("train d --device tpu", 2, "tpu"),
        ("train d --folds 1", 2, "folds"),
        ("train d --seed -1", 2, "seed"),
        ("predict r a", 2, "--out"),
        ("methods u-net", 2, "'unet'"),
        ("segment", 2, "segment"),
        ("evaluate", 2, "RUN"),
    ],
)
def test_what_cannot_be_meant_is_refused_on_stderr(line: str, code: int, message: str) -> None:
    ended = run(line)
    assert ended.exit_code == code
    assert message.lower() in ended.stderr.lower()
    assert ended.stdout == ""


def test_data_that_is_not_there_is_exit_code_4(tmp_path: Path) -> None:
    ended = run(f"train {tmp_path / 'none'}")
    assert ended.exit_code == 4
    assert str(tmp_path / "none") in ended.stderr


def test_the_version() -> None:
    assert run("--version").stdout == f"segwright {__version__}\n"


def test_json_of_the_doctor_is_alone_on_stdout() -> None:
    ended = run("doctor --json")
    assert ended.stdout.startswith("{")
    assert ended.stderr == ""
