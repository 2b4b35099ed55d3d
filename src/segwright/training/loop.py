"""The training loop, top to bottom.

A step is a pure function of (weights, plan, step number). Whatever depends on the clock or on
the machine is a `Decision`: kept in a checkpoint that is written at once, and replayed on resume.
So a run with a given number of steps ends with the same weights wherever it was killed; with a
budget, the time that is left decides the number at the next checkpoint.
"""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from dataclasses import dataclass
from functools import partial

from segwright.events import Decided, Listener, TrainStep, Validated
from segwright.plan import Plan
from segwright.training.batches import Batch, BatchStream
from segwright.training.checkpoint import Tensors, TrainState
from segwright.training.clock import Clock
from segwright.training.distributed import ALONE, World
from segwright.training.learner import Learner, StepResult
from segwright.training.memory import step_within_memory
from segwright.training.timeline import Decision, Timeline


@dataclass(frozen=True)
class Score:
    """What a validation found: the mean IoU and loss of the averaged weights, over n images."""

    mean_iou: float
    loss: float
    images: int


Validator = Callable[[], Score]
Keeper = Callable[[TrainState, dict[str, Tensors]], object]
"""Writes a checkpoint; see `Checkpoints.write`."""


def run_loop(
    learner: Learner,
    batches: BatchStream,
    *,
    plan: Plan,
    state: TrainState,
    keep: Keeper,
    clock: Clock,
    validate: Validator,
    emit: Listener,
    world: World = ALONE,
) -> TrainState:
    """Trains from `state` to the end of the plan.

    Args:
        learner: Already restored to `state` when a run is resumed.
        keep: Writes a checkpoint.
        validate: Scores the averaged weights; the same in all processes.
        emit: Told of every step, validation and decision.
        world: The processes that train together; the clock of rank 0 counts for all.

    Returns:
        The state after the last step; its checkpoint is written.

    Raises:
        NonFiniteError: A loss or gradient is not finite; checkpoints are untouched.
        CheckpointError: A checkpoint cannot be written; the previous one is intact.
    """
    timeline = Timeline(plan.steps, plan.accumulate, state.decisions)
    clock.begin(state.step)
    with closing(batches.starting_at(state.step)) as stream:
        while state.step < timeline.last_step:
            decided = len(timeline.decisions)
            batch = next(stream)
            lr_scale = timeline.lr_scale(state.step, plan.schedule)
            result = _step(learner, batch, state.step, lr_scale, timeline, emit)
            state.step += 1
            glances = timeline.yet_due(state.step, plan.validation.times)
            left_s = clock.left_s(state.step, timeline, glances)
            emit(_told(result, state.step, lr_scale, timeline, clock.elapsed_s(), left_s))

            best = False
            if timeline.due(state.step, plan.validation.times):
                with clock.glancing():
                    score = validate()
                best = _note_score(score, state, plan, timeline, emit)
                emit(_scored(score, state.step, best, clock.elapsed_s()))
            new = len(timeline.decisions) > decided
            if best or new or timeline.due(state.step, plan.checkpoints):
                clock.measure(state.step)
                decide = partial(clock.decide, state.step, timeline, glances)
                _record(world.agree(decide, Decision | None), timeline, emit)
                state.elapsed_s = clock.elapsed_s()
                state.pace_s, state.glance_s = clock.pace_s, clock.glance_s
                learner.align()
                keep(state, learner.tensors())
    return state


def _note_score(
    score: Score, state: TrainState, plan: Plan, timeline: Timeline, emit: Listener
) -> bool:
    """Books a validation: is it the best, has learning stalled? Returns whether it is the best."""
    if state.best_score is None or score.mean_iou > state.best_score:
        state.best_score, state.best_step, state.stale = score.mean_iou, state.step, 0
        return True
    state.stale += 1
    since = f"{state.stale} validations without gain over {100 * state.best_score:.1f} mean IoU"
    if plan.schedule.name == "plateau" and state.stale % plan.schedule.plateau_patience == 0:
        _record(Decision(state.step, "reduce_lr", 0, since), timeline, emit)
    if plan.validation.patience and state.stale >= plan.validation.patience:
        _record(Decision(state.step, "stop", 0, since), timeline, emit)
    return False


def _step(
    learner: Learner,
    batch: Batch,
    step: int,
    lr_scale: float,
    timeline: Timeline,
    emit: Listener,
) -> StepResult:
    """One step, in as many parts as memory asks for."""

    def note(parts: int) -> None:
        reason = f"out of memory: each batch is now worked through in {parts} parts"
        _record(Decision(step, "accumulate", parts, reason), timeline, emit)

    return step_within_memory(
        learner,
        batch,
        number=step,
        lr_scale=lr_scale,
        parts=timeline.parts,
        on_more=note,
    )


def _record(decision: Decision | None, timeline: Timeline, emit: Listener) -> None:
    if decision is not None:
        timeline.decisions.append(decision)
        emit(Decided(decision.step, decision.kind, decision.value, decision.reason))


def _told(
    result: StepResult,
    step: int,
    lr_scale: float,
    timeline: Timeline,
    elapsed_s: float,
    left_s: float | None,
) -> TrainStep:
    return TrainStep(
        step=step,
        last_step=timeline.last_step,
        loss=result.loss,
        grad_norm=result.grad_norm,
        lr_scale=lr_scale,
        elapsed_s=round(elapsed_s, 3),
        left_s=None if left_s is None else round(left_s, 1),
    )


def _scored(score: Score, step: int, best: bool, elapsed_s: float) -> Validated:
    return Validated(
        step=step,
        mean_iou=score.mean_iou,
        loss=score.loss,
        images=score.images,
        best=best,
        elapsed_s=round(elapsed_s, 3),
    )
