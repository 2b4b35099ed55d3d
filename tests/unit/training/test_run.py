"""What a run that is gone on with keeps, and what it decides anew."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

import pytest

from segwright.events import Event, Validated
from segwright.plan import Plan
from segwright.training import run
from segwright.training.checkpoint import Checkpoints
from segwright.training.clock import Clock
from segwright.training.loop import Score
from segwright.training.material import Material
from segwright.training.run import continue_run
from segwright.training.run_folder import RunFolder, RunRecord
from segwright.training.timeline import Timeline

MakePlan = Callable[..., Plan]


@pytest.mark.parametrize(("gone_s", "last"), [(20, 100), (130, 100), (194, 100), (196, 14)])
def test_a_resume_changes_steps_only_if_the_next_checkpoint_is_out_of_reach(
    make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch, gone_s: float, last: int
) -> None:
    """Of 100 steps of a second each 10 are done; the next of 20 checkpoints comes after 15."""
    monkeypatch.setattr("segwright.training.clock.time.time", lambda: 1000.0 + gone_s)
    clock = Clock(200, 0, started_at=1000.0, pace_s=1.0)
    timeline = Timeline(100)
    decision = run._if_short(10, make_plan(steps=100, checkpoints=20), clock, timeline)
    assert (timeline.last_step if decision is None else decision.value) == last


def test_a_run_that_stopped_early_has_all_its_patience_again_when_extended(
    material: Material, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setattr(run, "Validation", lambda *_: lambda: Score(0.1, 1.0, 1))
    plan = make_plan(steps=20, validation__times=10, validation__patience=2)
    folder = RunFolder.create(tmp_path / "run", plan, RunRecord(data=tmp_path))
    for extra_s, validations in [(None, 3), (2.0, 2)]:
        events: list[Event] = []
        continue_run(folder, material, started_at=time.time(), extra_s=extra_s, emit=events.append)
        assert sum(isinstance(event, Validated) for event in events) == validations
        state, _ = Checkpoints(folder.checkpoints).read()
        assert state.decisions[-1].kind == "stop"
