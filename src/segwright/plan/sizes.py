"""How large a net is: the largest of its kind that still gets enough steps into the budget.

A net that learns for a few dozen steps is worse than a smaller one that learns for hundreds. So
where a budget is given and the user has not said how large the net shall be, its kind is climbed
from the lightest on: a size is timed only where the one before it was fast enough.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace

from segwright.errors import BudgetError
from segwright.models.catalog import entry_of
from segwright.plan.follow import touched
from segwright.plan.plan import Plan
from segwright.plan.rules import Timings, fit

ENOUGH_STEPS = 300
"""Below, the next smaller net is taken. Chosen, not tuned."""

_STEEPEST = 4  # a size takes up to so many times as long as the one before it: twice as wide


def sized(
    plan: Plan,
    time: Callable[[Plan], Timings],
    *,
    val_images: int,
    fixed: Mapping[str, object],
    elapsed_s: Callable[[], float],
) -> tuple[Plan, Timings]:
    """Chooses how large the net of a draft is.

    Args:
        plan: A draft.
        time: Measures a draft; called once for each size that is tried.
        val_images: Images that are scored at the end.
        fixed: Dotted settings that the user fixed.
        elapsed_s: Seconds since the process started.

    Returns:
        The draft with its size, and what was measured of that.
    """
    tried: list[tuple[Plan, Timings, int]] = []
    for candidate in _sizes(plan, fixed):
        timings = time(candidate)
        steps = _steps_that_fit(candidate, timings, val_images, fixed)
        tried.append((candidate, timings, steps))
        if steps < _STEEPEST * ENOUGH_STEPS:
            break
    enough = [one for one in tried if one[2] >= ENOUGH_STEPS]
    chosen, timings, _ = enough[-1] if enough else tried[0]
    return chosen, replace(timings, elapsed_s=elapsed_s())


def _sizes(plan: Plan, fixed: Mapping[str, object]) -> list[Plan]:
    """The draft with each size of its net, the lightest first and as drafted at last."""
    lighter = entry_of(plan.model.name).lighter
    if plan.budget_s is None or touched("model.config", fixed) or "steps" in fixed:
        return [plan]
    why = (
        f"a larger net of this kind would get fewer than {ENOUGH_STEPS} steps into "
        f"{plan.budget_s:.0f} s on this machine"
    )
    return [
        *(plan.updated({"model.config": dict(one)}, {"model.config": why}) for one in lighter),
        plan,
    ]


def _steps_that_fit(
    plan: Plan, timings: Timings, val_images: int, fixed: Mapping[str, object]
) -> int:
    try:
        return fit(plan, timings, val_images=val_images, fixed=fixed).steps
    except BudgetError:
        return 0
