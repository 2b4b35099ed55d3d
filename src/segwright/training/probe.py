"""Times real steps of a drafted plan, on throw-away weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from functools import partial

from segwright.plan import Plan, Timings
from segwright.training.batches import Batch
from segwright.training.distributed import ALONE, World
from segwright.training.learner import Learner
from segwright.training.memory import step_within_memory

_WARM_UP = 2
_TIMED = 4
_LONGEST_S = 10.0  # for each precision; slow steps are timed fewer times, but always once


def probe(
    plan: Plan,
    *,
    make_learner: Callable[[Plan, World], Learner],
    batches: Iterator[Batch],
    precisions: tuple[str, ...],
    score_one: Callable[[Learner, bool], None],
    elapsed_s: Callable[[], float],
    world: World = ALONE,
) -> Timings:
    """Times training steps in each precision, and the scoring of one image.

    Args:
        plan: The draft.
        make_learner: Builds a fresh network with its optimiser for a plan and for processes.
        batches: Real batches of the plan; their preparation is part of what is timed.
        precisions: Arithmetic to compare, such as ("float32", "bfloat16").
        score_one: Segments one validation image with a learner's network, as it is scored while
            training (True) or as it will be shipped (False).
        elapsed_s: Seconds since the process started.
        world: The processes that train together; what rank 0 measures counts for all.
    """
    step_s: dict[str, float] = {}
    parts = dict.fromkeys(precisions, plan.accumulate)
    made: Learner | None = None
    for precision in precisions:
        precise = plan.updated({"input.precision": precision})
        made = make_learner(precise, world)
        if world.size > 1:  # where one runs out of memory the others would be left in the middle
            needed = _step(make_learner(precise, ALONE), next(batches), 0, parts[precision])
            parts[precision] = world.most(needed)
        step_s[precision], parts[precision] = _timed_steps(made, batches, parts[precision], world)
    assert made is not None  # there is a precision
    learner = made
    # Each process scores its share of the images while training; rank 0 alone scores at the end.
    quick_s = _second_time(lambda: score_one(learner, True)) / world.size

    def measured() -> Timings:
        with world.others_wait():
            shipped_s = _second_time(lambda: score_one(learner, False))
        return Timings(step_s, quick_s, shipped_s, elapsed_s(), parts, world.size)

    return world.agree(measured, Timings)


def _timed_steps(
    learner: Learner, batches: Iterator[Batch], parts: int, world: World
) -> tuple[float, int]:
    """Seconds of a step once it is warm, and the parts it took to fit into memory."""
    begun = time.perf_counter()
    taken: list[float] = []
    for number in range(_WARM_UP + _TIMED):
        step_begun = time.perf_counter()
        parts = _step(learner, next(batches), number, parts)
        taken.append(time.perf_counter() - step_begun)
        if world.agree(partial(_is_long_ago, begun), bool) and number:
            break
    timed = taken[_WARM_UP:] or taken[-1:]
    return sum(timed) / len(timed), parts


def _is_long_ago(begun: float) -> bool:
    return time.perf_counter() - begun > _LONGEST_S


def _step(learner: Learner, batch: Batch, number: int, parts: int) -> int:
    """One step that moves nothing; returns the parts it took to fit into memory."""
    fitting = parts

    def note(more: int) -> None:
        nonlocal fitting
        fitting = more

    step_within_memory(learner, batch, number=number, lr_scale=0.0, parts=parts, on_more=note)
    return fitting


def _second_time(work: Callable[[], None]) -> float:
    """Seconds of the second of two calls; the first one warms up."""
    work()
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun
