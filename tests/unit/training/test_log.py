"""metrics.jsonl: what is kept of a run, and what a resume drops."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from segwright.errors import StorageError
from segwright.events import Decided, Event, Note, StageAdvanced, TrainStep, Validated
from segwright.training.log import RunLog, read_metrics


def step(number: int) -> TrainStep:
    return TrainStep(number, 9, 0.5, 1.0, 1.0, 0.1, 0.2)


def validated(number: int) -> Validated:
    return Validated(number, 0.5, 0.1, 3, True, 1.0)


@pytest.fixture
def logged(tmp_path: Path) -> Path:
    told: list[Event] = []
    log = RunLog(tmp_path, told.append)
    events = [Note("begun"), StageAdvanced(1)]
    for number in (1, 2, 3, 4):
        events += [step(number), validated(number)]
    events.append(Decided(4, "steps", 7, "slower"))
    for event in events:
        log(event)
    log.close()
    assert told == events
    return tmp_path


def test_every_kept_event_is_a_line(logged: Path) -> None:
    rows = [json.loads(line) for line in (logged / "metrics.jsonl").read_text().splitlines()]
    assert [row["kind"] for row in rows] == ["note", *["train", "val"] * 4, "decision"]
    assert rows[-1] == {"kind": "decision", "step": 4, "what": "steps", "value": 7} | {
        "reason": "slower"
    }
    assert rows == read_metrics(logged)


def test_lines_are_there_before_the_log_is_closed(tmp_path: Path) -> None:
    log = RunLog(tmp_path, lambda event: None)
    log(step(1))
    assert [row["step"] for row in read_metrics(tmp_path)] == [1]
    log.close()


def test_a_resume_drops_what_came_after_its_checkpoint(logged: Path) -> None:
    log = RunLog(logged, lambda event: None, from_step=2)
    log(step(3))
    log.close()
    rows = read_metrics(logged)
    assert [row.get("step") for row in rows] == [None, 1, 1, 2, 2, 3]


def test_a_line_that_was_cut_short_is_dropped(logged: Path) -> None:
    path = logged / "metrics.jsonl"
    path.write_bytes(path.read_bytes()[:-9])
    assert len(read_metrics(logged)) == 9
    RunLog(logged, lambda event: None, from_step=3).close()
    assert [row.get("step") for row in read_metrics(logged)] == [None, 1, 1, 2, 2, 3, 3]
    assert path.read_text().endswith("}\n")


def test_no_metrics_yet(tmp_path: Path) -> None:
    assert read_metrics(tmp_path) == []


def test_a_log_that_cannot_be_written_is_told(tmp_path: Path) -> None:
    (tmp_path / "metrics.jsonl").mkdir()
    with pytest.raises(StorageError, match=f"{tmp_path}.*cannot be written"):
        RunLog(tmp_path, lambda event: None)


def test_a_disk_that_is_full_later_on_is_told_with_how_to_go_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    log = RunLog(tmp_path, lambda event: None)

    def full(text: str) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(log, "_lines", type("Full", (), {"write": staticmethod(full)}))
    with pytest.raises(StorageError, match=r"No space left.*--resume"):
        log(step(1))
