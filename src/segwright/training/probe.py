"""Times real steps of a drafted plan, on throw-away weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from segwright.plan import Plan, Timings
from segwright.training.batches import Batch
from segwright.training.learner import Learner
from segwright.training.memory import step_within_memory

_WARM_UP = 2
_TIMED = 4
_LONGEST_S = 10.0  # for each precision; slow steps are timed fewer times, but always once


def probe(
    plan: Plan,
    *,
    make_learner: Callable[[Plan], Learner],
    batches: Iterator[Batch],
    precisions: tuple[str, ...],
    score_one: Callable[[Learner, bool], None],
    elapsed_s: Callable[[], float],
) -> Timings:
    """Times training steps in each precision, and the scoring of one image.

    Args:
        plan: The draft.
        make_learner: Builds a fresh network with its optimiser for a plan.
        batches: Real batches of the plan; their preparation is part of what is timed.
        precisions: Arithmetic to compare, such as ("float32", "bfloat16").
        score_one: Segments one validation image with a learner's network, as it is scored while
            training (True) or as it will be shipped (False).
        elapsed_s: Seconds since the process started.
    """
    step_s: dict[str, float] = {}
    parts = dict.fromkeys(precisions, plan.accumulate)
    for precision in precisions:
        learner = make_learner(plan.updated({"input.precision": precision}))
        begun = time.perf_counter()
        taken: list[float] = []
        for number in range(_WARM_UP + _TIMED):
            step_begun = time.perf_counter()
            parts[precision] = _step(learner, next(batches), number, parts[precision])
            taken.append(time.perf_counter() - step_begun)
            if number and time.perf_counter() - begun > _LONGEST_S:
                break
        timed = taken[_WARM_UP:] or taken[-1:]
        step_s[precision] = sum(timed) / len(timed)
    quick_s, shipped_s = (
        _second_time(lambda q=quick: score_one(learner, q)) for quick in (True, False)
    )
    return Timings(step_s, quick_s, shipped_s, elapsed_s(), parts)


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
