"""The loop: what it decides, when it writes, and that memory running out does not end it."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
import torch

from segwright.errors import NonFiniteError, TrainingError
from segwright.events import Decided, Event, TrainStep, Validated
from segwright.plan import Plan
from segwright.training.checkpoint import Checkpoints, TrainState
from segwright.training.clock import Clock
from segwright.training.learner import Learner
from segwright.training.loop import Score, run_loop
from segwright.training.material import Material
from segwright.training.optimisers import Optimiser
from segwright.training.planning import examine_machine, make_learner, time_steps
from segwright.training.timeline import Decision

MakePlan = Callable[..., Plan]


@dataclass
class Run:
    """A run in a folder, with validation scores that the test chooses."""

    material: Material
    folder: Path
    scores: Iterator[float] = field(default_factory=lambda: iter([0.1] * 99))
    events: list[Event] = field(default_factory=list)

    def __call__(self, plan: Plan, *, state: TrainState | None = None) -> TrainState:
        torch.manual_seed(5)
        self.learner = make_learner(plan, self.material)
        self.checkpoints = Checkpoints(self.folder / "checkpoints")
        if state is not None:
            self.learner.restore(self.checkpoints.read()[1])
        return run_loop(
            self.learner,
            self.material.batches(plan),
            plan=plan,
            state=state or TrainState(),
            keep=self.checkpoints.write,
            clock=Clock(None, 0, started_at=0),
            validate=lambda: Score(next(self.scores), 1.0, 2),
            emit=self.events.append,
        )

    def told(self, kind: type[Any]) -> list[Any]:
        return [event for event in self.events if isinstance(event, kind)]


@pytest.fixture
def run(material: Material, tmp_path: Path) -> Run:
    return Run(material, tmp_path)


def same(one: Learner, other: Learner) -> bool:
    pairs = zip(one.tensors().values(), other.tensors().values(), strict=True)
    return all(torch.equal(a[name], b[name]) for a, b in pairs for name in a)


def test_steps_validations_and_the_last_checkpoint(run: Run, make_plan: MakePlan) -> None:
    state = run(make_plan(steps=12, validation__times=3))
    assert [event.step for event in run.told(TrainStep)] == list(range(1, 13))
    assert [event.step for event in run.told(Validated)] == [4, 8, 12]
    assert state.step == 12 == run.checkpoints.read()[0].step


def test_the_best_validation_is_kept(run: Run, make_plan: MakePlan) -> None:
    run.scores = iter([0.3, 0.5, 0.4])
    state = run(make_plan(steps=12))
    assert [event.best for event in run.told(Validated)] == [True, True, False]
    assert (state.best_score, state.best_step, state.stale) == (0.5, 8, 1)
    assert run.checkpoints.named("best") == "step-00000008"
    best = run.checkpoints.read_best(state)["network"]
    now = run.learner.network.state_dict()
    assert not torch.equal(best["head.weight"], now["head.weight"])


def test_patience_ends_the_run_with_a_reason(run: Run, make_plan: MakePlan) -> None:
    run.scores = iter([0.5, 0.4, 0.3, 0.2])
    plan = make_plan(steps=20, validation__times=5, validation__patience=2)
    state = run(plan)
    assert state.step == 12
    (stop,) = run.told(Decided)
    assert (stop.what, stop.step) == ("stop", 12)
    assert "2 validations without gain over 50.0 mean IoU" in stop.reason
    assert run.checkpoints.read()[0].decisions == state.decisions


def test_a_plateau_halves_the_rate(run: Run, make_plan: MakePlan) -> None:
    run.scores = iter([0.5, 0.4, 0.3, 0.2, 0.1])
    run(make_plan(steps=20, validation__times=5, schedule__name="plateau", schedule__warmup=0))
    scales = [event.lr_scale for event in run.told(TrainStep)]
    assert scales == [1.0] * 12 + [0.5] * 8


def test_when_and_how_far_a_plateau_lowers_the_rate_is_set(run: Run, make_plan: MakePlan) -> None:
    run.scores = iter([0.5, 0.4, 0.3, 0.2, 0.1])
    plateau = {"name": "plateau", "warmup": 0, "plateau_patience": 1, "plateau_factor": 0.25}
    run(make_plan(steps=20, validation__times=5, schedule=plateau))
    scales = [event.lr_scale for event in run.told(TrainStep)]
    assert scales == [1.0] * 8 + [0.25] * 4 + [0.25**2] * 4 + [0.25**3] * 4


def test_a_resumed_loop_ends_with_the_same_bits(
    run: Run, make_plan: MakePlan, material: Material, tmp_path: Path
) -> None:
    plan = make_plan(steps=12)
    run(plan)
    other = Run(material, tmp_path / "other")

    def dying(event: Event) -> None:
        if isinstance(event, TrainStep) and event.step == 8:
            raise KeyboardInterrupt

    other.events = type("Dying", (list,), {"append": lambda self, event: dying(event)})()
    with pytest.raises(KeyboardInterrupt):
        other(plan)
    other.events = []
    state = Checkpoints(other.folder / "checkpoints").read()[0]
    assert 0 < state.step < 8
    other(plan, state=state)
    assert same(run.learner, other.learner)


def with_little_memory(monkeypatch: pytest.MonkeyPatch, most: int, error: Exception) -> None:
    """Lets the network take `most` samples at a time."""
    real = Learner._loss

    def loss(self: Learner, part: Any) -> torch.Tensor:
        found = real(self, part)
        if len(part.keys) > most:
            raise error
        return found

    monkeypatch.setattr(Learner, "_loss", loss)


@pytest.mark.parametrize(
    "error",
    [
        torch.OutOfMemoryError("CUDA out of memory"),
        MemoryError(),
        RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried to allocate"),
    ],
)
def test_out_of_memory_splits_the_batch_and_is_recorded(
    run: Run, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch, error: Exception
) -> None:
    with_little_memory(monkeypatch, 1, error)
    state = run(make_plan(steps=4, batch_size=4))
    assert state.step == 4
    assert [(d.step, d.kind, d.value) for d in state.decisions] == [
        (0, "accumulate", 2),
        (0, "accumulate", 4),
    ]
    assert "out of memory" in state.decisions[0].reason


def test_a_step_that_was_split_is_the_step_that_was_planned_so(
    run: Run,
    make_plan: MakePlan,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
    material: Material,
) -> None:
    planned = Run(material, tmp_path / "planned")
    planned(make_plan(steps=4, batch_size=4, accumulate=2))
    with_little_memory(monkeypatch, 2, MemoryError())
    run(make_plan(steps=4, batch_size=4))
    assert same(run.learner, planned.learner)


def test_a_decision_forced_by_memory_is_kept_at_once(
    run: Run, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_little_memory(monkeypatch, 1, MemoryError())
    written: list[int] = []
    real = Checkpoints.write
    monkeypatch.setattr(
        Checkpoints, "write", lambda *given: (written.append(given[1].step), real(*given))[1]
    )
    run(make_plan(steps=12, checkpoints=1, validation__times=1))
    assert written == [1, 12]


def test_weights_are_never_moved_twice_where_memory_runs_out_as_they_move(
    run: Run, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Optimiser.step
    moved: list[float] = []

    def short(self: Optimiser, lr_scale: float) -> None:
        real(self, lr_scale)
        moved.append(lr_scale)
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(Optimiser, "step", short)
    with pytest.raises(torch.OutOfMemoryError):
        run(make_plan(steps=4, batch_size=4))
    assert len(moved) == 1


def test_one_sample_that_does_not_fit_is_told(
    run: Run, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_little_memory(monkeypatch, 0, MemoryError())
    with pytest.raises(TrainingError, match=r"one crop of \(32, 32\) pixels does not fit"):
        run(make_plan(steps=4))


def test_other_errors_are_not_mistaken_for_memory(
    run: Run, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_little_memory(monkeypatch, 0, RuntimeError("mat1 and mat2 shapes differ"))
    with pytest.raises(RuntimeError, match="mat1"):
        run(make_plan(steps=4))


def test_the_probe_meets_little_memory_too(
    material: Material, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    with_little_memory(monkeypatch, 1, MemoryError())
    timings = time_steps(
        make_plan(batch_size=4),
        material,
        examine_machine("cpu"),
        {"input.precision": "float32"},
        elapsed_s=lambda: 1.0,
        emit=lambda event: None,
    )
    assert timings.parts == {"float32": 4}
    assert timings.step_s["float32"] > 0


def test_a_loss_that_is_not_finite_never_reaches_a_checkpoint(
    run: Run, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    real = Learner._loss
    monkeypatch.setattr(
        Learner, "_loss", lambda self, part: real(self, part) * float("nan" if bad else 1)
    )
    bad = False
    plan = make_plan(steps=12)

    def watch(event: Event) -> None:
        nonlocal bad
        bad = bad or (isinstance(event, TrainStep) and event.step == 10)

    run.events = type("Watching", (list,), {"append": lambda self, event: watch(event)})()
    with pytest.raises(NonFiniteError, match="step 11"):
        run(plan)
    state, parts = run.checkpoints.read()
    assert 0 < state.step <= 10
    assert all(t.isfinite().all() for tensors in parts.values() for t in tensors.values())


def test_a_clock_that_runs_out_shortens_the_run_and_is_replayed(
    material: Material, make_plan: MakePlan, tmp_path: Path
) -> None:
    """The decision is in the checkpoint: a resume without that clock ends at the same step."""
    plan = make_plan(steps=40)
    folder = tmp_path / "checkpoints"

    class Slow(Clock):
        def decide(self, step: int, timeline: Any, glances: int) -> Decision | None:
            return Decision(step, "steps", 14, "slow") if step == 10 else None

    def loop(state: TrainState, clock: Clock, learner: Learner) -> TrainState:
        return run_loop(
            learner,
            material.batches(plan),
            plan=plan,
            state=state,
            keep=Checkpoints(folder).write,
            clock=clock,
            validate=lambda: Score(0.1, 1.0, 2),
            emit=lambda event: None,
        )

    first = make_learner(plan, material)
    ended = loop(TrainState(), Slow(None, 0, 0.0), first)
    assert ended.step == 14
    assert [d.value for d in ended.decisions] == [14]
