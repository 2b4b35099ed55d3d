"""How large a net is chosen, against imagined seconds for a step of each size."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

import pytest

from segwright.dataset import DatasetFacts
from segwright.plan import ENOUGH_STEPS, Machine, Plan, Timings, draft, sized

Facts = Callable[..., DatasetFacts]
CPU = Machine("cpu", cores=2, bfloat16=False)


def chosen(
    facts: DatasetFacts,
    budget_s: float | None,
    seconds: Mapping[int | None, float],
    settings: Mapping[str, Any] | None = None,
) -> tuple[Plan, Timings, list[int | None]]:
    """The plan for a U-Net whose steps take `seconds`, by width, and the widths that were timed."""
    widths: list[int | None] = []
    settings = settings or {}

    def time(plan: Plan) -> Timings:
        width = plan.model.config.get("base_width")
        assert width is None or isinstance(width, int)
        widths.append(width)
        return Timings({"float32": seconds[width]}, 1e-6, 1e-6, elapsed_s=5.0)

    plan = draft(facts, CPU, fingerprint="f", model="unet", budget_s=budget_s, settings=settings)
    found, timings = sized(plan, time, val_images=10, fixed=settings, elapsed_s=lambda: 30.0)
    return found, timings, widths


@pytest.mark.parametrize(
    ("budget_s", "width", "timed"),
    [
        (60, 16, [16]),  # not enough steps even for the lightest: `fit` will say so
        (450, 16, [16]),  # about 440 steps; 32 would get too few
        (1_300, 32, [16, 32]),  # 1,200 steps of the lightest: the next is worth timing
        (6_000, None, [16, 32, None]),  # as drafted
    ],
)
def test_the_largest_that_gets_enough_steps(
    facts: Facts, budget_s: float, width: int | None, timed: list[int | None]
) -> None:
    plan, timings, tried = chosen(facts(), budget_s, {16: 1.0, 32: 3.0, None: 12.0})
    assert plan.model.config.get("base_width") == width
    assert tried == timed
    assert timings.step_s["float32"] == {16: 1.0, 32: 3.0, None: 12.0}[width]
    assert timings.elapsed_s == 30.0  # what trying the others took is gone as well


def test_a_size_that_was_tried_in_vain_is_not_taken(facts: Facts) -> None:
    plan, *_ = chosen(facts(), 1_300, {16: 1.0, 32: 5.0})
    assert plan.model.config == {"base_width": 16}
    assert f"fewer than {ENOUGH_STEPS} steps into 1300 s" in plan.reasons["model.config"]


@pytest.mark.parametrize(
    ("budget_s", "settings"),
    [(60, {"model.config": {"depth": 3}}), (None, {}), (None, {"steps": 10})],
)
def test_what_the_user_says_stays(
    facts: Facts, budget_s: float | None, settings: dict[str, Any]
) -> None:
    plan, _, tried = chosen(facts(), budget_s, {None: 9.0}, settings)
    assert tried == [None]
    assert plan.model.config == settings.get("model.config", {})
