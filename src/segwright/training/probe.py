"""Times real steps of a drafted plan, on throw-away weights."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

from segwright.plan import Plan, Timings
from segwright.training.batches import Batch
from segwright.training.learner import Learner

_WARM_UP = 2
_TIMED = 4


def probe(
    plan: Plan,
    *,
    make_learner: Callable[[Plan], Learner],
    batches: Iterator[Batch],
    precisions: tuple[str, ...],
    score_one: Callable[[Learner], None],
    elapsed_s: Callable[[], float],
) -> Timings:
    """Times training steps in each precision, and the scoring of one image.

    Args:
        plan: The draft.
        make_learner: Builds a fresh network with its optimiser for a plan.
        batches: Real batches of the plan; their preparation is part of what is timed.
        precisions: Arithmetic to compare, such as ("float32", "bfloat16").
        score_one: Scores one validation image with a learner's network.
        elapsed_s: Seconds since the process started.
    """
    step_s: dict[str, float] = {}
    for precision in precisions:
        learner = make_learner(plan.updated({"input.precision": precision}))
        for number in range(_WARM_UP):
            learner.step(next(batches), number=number, lr_scale=0.0, parts=plan.accumulate)
        begun = time.perf_counter()
        for number in range(_TIMED):
            learner.step(next(batches), number=number, lr_scale=0.0, parts=plan.accumulate)
        step_s[precision] = (time.perf_counter() - begun) / _TIMED
        if precision == precisions[0]:
            score_one(learner)
            begun = time.perf_counter()
            score_one(learner)
            image_s = time.perf_counter() - begun
    return Timings(step_s, image_s, elapsed_s())
