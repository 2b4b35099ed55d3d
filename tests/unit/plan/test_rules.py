"""The rules: facts, timings and a budget to a plan, against sums done by hand."""

from __future__ import annotations

import re
from collections.abc import Callable

import pytest

from segwright.dataset import DatasetFacts
from segwright.errors import BudgetError, UnknownNameError, UsageError
from segwright.plan import Machine, Plan, Timings, adapted, draft, fit, reserve_s

Facts = Callable[..., DatasetFacts]
Drafted = Callable[..., Plan]
CPU = Machine("cpu", cores=2, bfloat16=True)


@pytest.fixture
def drafted(facts: Facts) -> Drafted:
    return lambda **wishes: draft(facts(), CPU, fingerprint="f", **wishes)


def timings(step_s: float = 0.5, *, glance_s: float = 0.001, image_s: float = 0.2) -> Timings:
    return Timings({"float32": step_s}, glance_s, image_s, elapsed_s=10.0)


def test_steps_are_what_is_left_of_the_budget_over_the_time_of_one(drafted: Drafted) -> None:
    plan = drafted(budget_s=120, settings={"validation.times": 5, "validation.images": 32})
    fitted = fit(plan, timings(), val_images=40, fixed={"validation.times": 5})
    # 120 - 10 of start - 5 × 32 × 0.001 of glances - reserve, at half a second each
    assert fitted.steps == int((120 - 10 - 0.16 - reserve_s(0.2, 40, 120)) / 0.5)
    assert "120 s less 10 s start" in fitted.reasons["steps"]


def test_the_reserve_covers_the_final_scoring() -> None:
    assert reserve_s(0.2, 100, 600) > 0.2 * 100


def test_the_reserve_covers_the_pictures_of_the_report() -> None:
    """Slow nets and few images: every image is segmented once more to be shown, up to twelve."""
    assert reserve_s(30, 6, 600) > 30 * 2 * 6
    assert reserve_s(30, 100, 600) > 30 * 112


def test_fewer_validation_images_than_asked_for_cost_only_what_they_are(drafted: Drafted) -> None:
    plan = drafted(budget_s=120)
    few, many = (
        fit(plan, timings(glance_s=0.1, image_s=0.01), val_images=n, fixed={}) for n in (2, 1000)
    )
    assert few.validation == plan.validation
    assert many.validation.times * many.validation.images * 0.1 <= 0.05 * 120 + 1e-9


def test_too_short_a_budget_is_refused_with_one_that_would_do(drafted: Drafted) -> None:
    plan = drafted(budget_s=20)
    with pytest.raises(BudgetError, match="a budget of 20 s leaves time for") as caught:
        fit(plan, timings(), val_images=10, fixed={})
    named = re.search(r"Give it (\d+) s or more", str(caught.value))
    assert named is not None
    enough = drafted(budget_s=float(named[1]))
    assert fit(enough, timings(), val_images=10, fixed={}).steps >= 40


def test_the_faster_precision_is_taken_and_its_time_counted(drafted: Drafted) -> None:
    both = Timings({"float32": 0.5, "bfloat16": 0.25}, 0.001, 0.2, 10.0)
    plan = drafted(budget_s=120)
    fast = fit(plan, both, val_images=10, fixed={})
    assert fast.input.precision == "bfloat16"
    assert "float32 0.500 s, bfloat16 0.250 s" in fast.reasons["input.precision"]
    slow = fit(plan, timings(), val_images=10, fixed={})
    assert fast.steps == pytest.approx(2 * slow.steps, abs=2)


def test_a_precision_the_user_chose_stays(drafted: Drafted) -> None:
    plan = drafted(budget_s=120, settings={"input.precision": "float32"})
    both = Timings({"float32": 0.5, "bfloat16": 0.25}, 0.001, 0.2, 10.0)
    fitted = fit(plan, both, val_images=10, fixed={"input.precision": "float32"})
    assert fitted.input.precision == "float32"


def test_a_batch_that_did_not_fit_into_memory_is_planned_in_parts(drafted: Drafted) -> None:
    timed = Timings({"float32": 0.5}, 0.001, 0.2, 10.0, parts={"float32": 4})
    fitted = fit(drafted(), timed, val_images=10, fixed={})
    assert fitted.accumulate == 4
    assert "memory" in fitted.reasons["accumulate"]


def test_without_a_budget_steps_follow_the_number_of_images(facts: Facts) -> None:
    plans = [draft(facts(num_images=n), CPU, fingerprint="f") for n in (1, 200, 1000, 1_000_000)]
    steps = [plan.steps for plan in plans]
    assert steps == sorted(steps) and len(set(steps)) >= 3
    assert fit(plans[1], timings(), val_images=10, fixed={}).steps == steps[1]


def test_what_the_user_sets_wins_over_every_rule(drafted: Drafted) -> None:
    settings = {
        "batch_size": 3,
        "optimiser.lr": 0.123,
        "schedule.name": "poly",
        "loss.terms": {"dice": 2.0},
        "augment.flip_horizontal": 0.0,
        "steps": 77,
    }
    plan = drafted(settings=settings)
    assert (plan.batch_size, plan.optimiser.lr, plan.schedule.name) == (3, 0.123, "poly")
    assert plan.loss.terms == {"dice": 2.0}
    assert plan.augment.flip_horizontal == 0
    assert plan.steps == 77
    assert all(plan.reasons[key] == "set by you" for key in settings)


def test_rates_follow_the_optimiser_that_is_asked_for(drafted: Drafted) -> None:
    rates = {
        name: drafted(settings={"optimiser.name": name}).optimiser.lr
        for name in ("muon", "adamw", "sgd")
    }
    assert rates["adamw"] < rates["sgd"]


def test_flips_follow_the_augmentation_that_is_asked_for(drafted: Drafted) -> None:
    off: dict[str, object] = {"augment.flip_horizontal": 0.0}
    assert drafted().inference.flips == ("x",)
    assert drafted(settings=off).inference.flips == ()
    assert drafted(settings={**off, "inference.flips": ["x"]}).inference.flips == ("x",)
    assert drafted(settings={"augment.cutout": 0.1}).inference.flips == ("x",)


def test_a_net_that_scores_every_pixel_is_compared_at_every_pixel(drafted: Drafted) -> None:
    assert drafted(model="fast").input.loss_stride == 2
    assert drafted(model="unet").input.loss_stride == 1
    assert drafted(settings={"model.name": "unet"}).input.loss_stride == 1
    assert drafted(model="unet", settings={"input.loss_stride": 3}).input.loss_stride == 3


def test_what_hangs_on_a_setting_follows_it_in_a_finished_plan_too(drafted: Drafted) -> None:
    plan = drafted(settings={"optimiser.lr": 0.123, "schedule.warmup": 0.2})
    again = adapted(plan, {"optimiser.name": "adamw"})
    assert again.optimiser == drafted(settings={"optimiser.name": "adamw"}).optimiser
    assert again.reasons["optimiser.lr"] == "goes with optimiser.name, which was set"
    assert again.schedule == plan.schedule
    assert adapted(plan, {"optimiser.name": "adamw", "optimiser.lr": 0.5}).optimiser.lr == 0.5
    assert adapted(plan, {"batch_size": 3}).optimiser == plan.optimiser


@pytest.mark.parametrize(
    ("settings", "error", "message"),
    [
        ({"optimizer.lr": 0.1}, UnknownNameError, "Did you mean.*optimiser.lr.*\\?$"),
        ({"batchsize": 4}, UnknownNameError, "Did you mean.*batch_size"),
        ({"batch_size": 0}, UsageError, "batch_size cannot be 0"),
        ({"optimiser.name": "adma"}, UsageError, "optimiser.name cannot be 'adma'"),
        ({"schedule.name": "cosinus"}, UsageError, "schedule.name cannot be 'cosinus'"),
        ({"optimiser.lr": float("inf")}, UsageError, "optimiser.lr cannot be inf"),
        ({"steps.more": 1}, UnknownNameError, "unknown setting 'steps.more'"),
    ],
)
def test_settings_that_cannot_be_used_are_named(
    drafted: Drafted, settings: dict[str, object], error: type[Exception], message: str
) -> None:
    with pytest.raises(error, match=message):
        drafted(settings=settings)


def test_images_without_an_up_are_turned_and_upright_ones_are_not(facts: Facts) -> None:
    upright = draft(facts(vertical_asymmetry=0.5), CPU, fingerprint="f")
    any_way = draft(facts(vertical_asymmetry=0.01), CPU, fingerprint="f")
    assert upright.augment.flip_vertical == 0 < any_way.augment.flip_vertical
    assert "kept upright" in upright.reasons["augment"]


@pytest.mark.parametrize(
    ("fraction", "rule"), [((0.9, 0.1), "none"), ((0.97, 0.03), "log"), ((0.5, 0.3, 0.2), "log")]
)
def test_classes_are_weighed_where_one_is_rare_or_there_are_many(
    facts: Facts, fraction: tuple[float, ...], rule: str
) -> None:
    known = facts(
        class_fraction=fraction,
        class_names=tuple("abc"[: len(fraction)]),
        images_with_class=(50,) * len(fraction),
    )
    assert draft(known, CPU, fingerprint="f").loss.class_weights == rule


@pytest.mark.parametrize("size_hw", [(20, 20), (360, 480), (4000, 6000), (64, 3000)])
def test_crops_fit_what_networks_take(facts: Facts, size_hw: tuple[int, int]) -> None:
    plan = draft(facts(size_hw_median=size_hw), CPU, fingerprint="f")
    assert all(side > 0 and side % 32 == 0 for side in plan.input.crop_hw)
    assert size_hw[0] * size_hw[1] * plan.input.scale**2 <= 1_100_000


def test_the_same_facts_give_the_same_plan(drafted: Drafted) -> None:
    assert drafted(budget_s=100, seed=4) == drafted(budget_s=100, seed=4)
