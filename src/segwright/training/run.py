"""One run, from its folder to trained weights: started, continued, extended."""

from __future__ import annotations

import math
from pathlib import Path

import torch
from torch import nn

from segwright.errors import BudgetError, UsageError
from segwright.events import Decided, Listener, Note, StageStarted
from segwright.plan import Plan
from segwright.training.checkpoint import Checkpoints, Tensors, TrainState
from segwright.training.clock import Clock
from segwright.training.distributed import ALONE, World
from segwright.training.learner import Learner
from segwright.training.loop import run_loop
from segwright.training.material import Material
from segwright.training.planning import make_learner
from segwright.training.run_folder import RunFolder, RunRecord
from segwright.training.timeline import Decision, Timeline
from segwright.training.validation import Validation


def continue_run(
    folder: RunFolder,
    material: Material,
    *,
    started_at: float,
    extra_s: float | None,
    emit: Listener,
    world: World = ALONE,
) -> nn.Module:
    """Trains a run to its end, from its last checkpoint if it has one.

    Args:
        folder: A run with its plan and record.
        material: The images of the plan.
        started_at: `time.time()` of this process's start.
        extra_s: Seconds to add to the budget; the run goes on learning in them.
        emit: Told of progress.
        world: The processes that train together; rank 0 alone reads and writes the folder.

    Returns:
        The network with the averaged weights of the best validation; elsewhere than at rank 0
        those of the last step.

    Raises:
        TrainingError: See `run_loop`.
    """
    plan = world.agree(lambda: folder.plan, Plan)
    record = world.agree(lambda: folder.record, RunRecord)
    emit(StageStarted("preparing the network"))
    learner = make_learner(plan, material, world)
    checkpoints = Checkpoints(folder.checkpoints)
    state = world.agree(lambda: _taken_up(learner, plan, record, checkpoints, emit), TrainState)
    clock = Clock(
        state.budget_s,
        record.reserve_s,
        started_at,
        before_s=state.elapsed_s,
        pace_s=state.pace_s,
        glance_s=state.glance_s or record.glance_s,
    )
    if state.step or extra_s:
        state = world.agree(
            lambda: _gone_on(state, plan, clock, extra_s, checkpoints, emit), TrainState
        )
    learner.align()
    run_loop(
        learner,
        material.batches(plan, world),
        plan=plan,
        state=state,
        keep=checkpoints.write if world.leads else _kept_elsewhere,
        clock=clock,
        validate=Validation(learner, material, plan),
        emit=emit,
        world=world,
    )
    if world.leads:
        learner.average.restore(checkpoints.read_best(state)["average"])
    learner.average.copy_to(learner.network)
    return learner.network


def _taken_up(
    learner: Learner, plan: Plan, record: RunRecord, checkpoints: Checkpoints, emit: Listener
) -> TrainState:
    """Where a run stands: at its last checkpoint, at another run's weights, or at the start."""
    if checkpoints.named("last") is not None:
        state, parts = checkpoints.read()
        learner.restore(parts)
        emit(Note(f"continuing after step {state.step}"))
        return state
    if record.from_run is not None:
        emit(Note(_take_over(learner, record.from_run)))
    return TrainState(budget_s=plan.budget_s)


def _kept_elsewhere(state: TrainState, tensors: dict[str, Tensors]) -> None:
    """Rank 0 keeps the checkpoints of all."""


def _gone_on(
    state: TrainState,
    plan: Plan,
    clock: Clock,
    extra_s: float | None,
    checkpoints: Checkpoints,
    emit: Listener,
) -> TrainState:
    """The state with what a resume changes, which is in the checkpoint from then on."""
    decision = _on_resume(state, plan, clock, extra_s)
    if decision is not None:
        state.decisions.append(decision)
        checkpoints.amend(state)
        emit(Decided(decision.step, decision.kind, decision.value, decision.reason))
    return state


def _on_resume(
    state: TrainState, plan: Plan, clock: Clock, extra_s: float | None
) -> Decision | None:
    """What a resume changes: more steps for more time, or fewer where too little time is left."""
    timeline = Timeline(plan.steps, plan.accumulate, state.decisions)
    times = plan.validation.times
    if not extra_s:
        return _if_short(state.step, plan, clock, timeline)
    if not state.pace_s:
        raise UsageError(
            "this run has no checkpoint yet, so there is nothing to add time to",
            where="--budget",
            remedy="Resume it without --budget, or start a new run with a longer one",
        )
    left = timeline.last_step - state.step
    more = left + int(extra_s / state.pace_s)
    # A finished run goes on for the added time from start to exit; an unfinished one gets it on
    # top of what is left of its budget, or of its steps if it has no budget.
    base_s = state.budget_s if left > 0 else state.elapsed_s
    if base_s is not None:
        state.budget_s = clock.budget_s = base_s + extra_s
        more = clock.fitting(state.budget_s, times)
    if more < 1:
        raise BudgetError(
            f"{extra_s:.0f} s more leave no time for training beside start and scoring",
            where="--budget",
            remedy=f"Add {math.ceil(extra_s + (1 - more) * state.pace_s)} s or more",
        )
    state.stale = 0  # learning starts anew, and has all its patience again
    reason = f"{extra_s:.0f} s were added, at {state.pace_s:.3f} s a step"
    return Decision(state.step, "extend", state.step + more, reason)


def _if_short(step: int, plan: Plan, clock: Clock, timeline: Timeline) -> Decision | None:
    """Fewer steps, if not even the next checkpoint can be reached in time.

    Otherwise the steps up to there stay as they were, and the clock decides there as always.
    """
    glances = timeline.yet_due(step, plan.validation.times)
    decision = clock.decide(step, timeline, glances)
    enough = decision is None or decision.value >= timeline.next_due(step, plan.checkpoints)
    return None if enough else decision


@torch.no_grad()
def _take_over(learner: Learner, run: Path) -> str:
    """Copies the weights of another run's segmenter wherever name and shape agree.

    Raises:
        UsageError: They agree in less than half of the tensors: it is another network.
    """
    from segwright.segmenter import NetSegmenter, load

    source = load(run)
    assert isinstance(source, NetSegmenter)
    given = source.model.state_dict()
    own = learner.network.state_dict()
    fitting = {
        name for name, tensor in own.items() if name in given and given[name].shape == tensor.shape
    }
    for name in fitting:
        own[name].copy_(given[name])
    learner.average.follow()
    if 2 * len(fitting) < len(own):
        raise UsageError(
            f"only {len(fitting)} of {len(own)} tensors fit the network asked for",
            where=run,
            remedy="Train the same network: leave --model and --set model.config out",
        )
    new = sorted(set(own) - fitting)
    told = f"{len(fitting)} of {len(own)} tensors were taken over from {run}"
    return told + (f"; new are {', '.join(new[:6])}{' …' if len(new) > 6 else ''}" if new else "")
