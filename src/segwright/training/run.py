"""One run, from its folder to trained weights: started, continued, extended."""

from __future__ import annotations

from pathlib import Path

import torch
from torch import nn

from segwright.errors import CheckpointError
from segwright.training.checkpoint import Checkpoints, TrainState
from segwright.training.clock import Clock
from segwright.training.events import Decided, Listener, Note, StageStarted
from segwright.training.learner import Learner
from segwright.training.loop import run_loop
from segwright.training.material import Material
from segwright.training.planning import make_learner
from segwright.training.run_folder import RunFolder
from segwright.training.timeline import Decision, Timeline
from segwright.training.validation import Validation


def continue_run(
    folder: RunFolder,
    material: Material,
    *,
    started_at: float,
    extra_s: float | None,
    emit: Listener,
) -> nn.Module:
    """Trains a run to its end, from its last checkpoint if it has one.

    Args:
        folder: A run with its plan and record.
        material: The images of the plan.
        started_at: `time.time()` of this process's start.
        extra_s: Seconds to add to the budget; the run goes on learning in them.
        emit: Told of progress.

    Returns:
        The network with the averaged weights of the best validation.

    Raises:
        TrainingError: See `run_loop`.
    """
    plan = folder.plan
    emit(StageStarted("preparing the network"))
    learner = make_learner(plan, material)
    if folder.record.from_run is not None:
        emit(Note(_take_over(learner, folder.record.from_run)))
    checkpoints = Checkpoints(folder.checkpoints)
    state = TrainState()
    if checkpoints.named("last") is not None:
        state, parts = checkpoints.read("last")
        learner.restore(parts)
        emit(Note(f"continuing after step {state.step}"))
    state.extra_s += extra_s or 0.0
    budget_s = None if plan.budget_s is None else plan.budget_s + state.extra_s
    clock = Clock(budget_s, folder.record.reserve_s, started_at, state.elapsed_s, state.pace_s)
    if extra_s:
        _extend(state, Timeline(plan.steps, plan.accumulate, state.decisions), extra_s, emit)
    run_loop(
        learner,
        material.batches(plan),
        plan=plan,
        state=state,
        checkpoints=checkpoints,
        clock=clock,
        validate=Validation(learner, material, plan),
        emit=emit,
    )
    _, best = checkpoints.read("best")
    learner.average.restore(best["average"])
    learner.average.copy_to(learner.network)
    return learner.network


def _extend(state: TrainState, timeline: Timeline, extra_s: float, emit: Listener) -> None:
    """Adds the steps that fit into more time, and lets the learning rate rise again for them."""
    if not state.pace_s:
        raise CheckpointError(
            "this run has no checkpoint yet, so there is nothing to add time to",
            remedy="Resume it without --budget, or start a new run with a longer one",
        )
    left = max(0, timeline.last_step - state.step)
    total = state.step + max(1, left + int(extra_s / state.pace_s))
    reason = f"{extra_s:.0f} s were added, at {state.pace_s:.3f} s a step"
    decision = Decision(state.step, "extend", total, reason)
    state.decisions.append(decision)
    emit(Decided(decision.step, decision.kind, decision.value, decision.reason))


@torch.no_grad()
def _take_over(learner: Learner, run: Path) -> str:
    """Copies the weights of another run's segmenter wherever name and shape agree."""
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
    new = sorted(set(own) - fitting)
    told = f"{len(fitting)} of {len(own)} tensors were taken over from {run}"
    return told + (f"; new are {', '.join(new[:6])}{' …' if len(new) > 6 else ''}" if new else "")
