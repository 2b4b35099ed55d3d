"""From facts to a plan. Pure: the same facts, machine and wishes give the same plan.

A plan is made in two moves, because how many steps fit is known only once steps were timed:
`draft` decides everything but time, the training room times real steps of that draft, and `fit`
fills in precision, number of steps and what hangs on them.
"""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from segwright.dataset import DatasetFacts
from segwright.errors import BudgetError
from segwright.plan.follow import adapted, of_augment, of_model, of_optimiser, of_schedule
from segwright.plan.plan import Plan, validated
from segwright.transforms import AugmentConfig

# Pixels of a training crop: small ones take in little of the scene, large ones leave few different
# images per minute. Chosen, not tuned; benchmarks/recipe.py has a row to compare with.
_CROP_PX = 288 * 384
_CROP_MULTIPLE = 32
_LARGEST_PX = 1_000_000  # larger images are seen smaller by default
_FEWEST_STEPS = 40
_GLANCES_SHARE = 0.05  # of a budget, for scoring while training
_FEWEST_GLANCED = 8
_PICTURED = 12  # images that the report shows, segmented once more for it
CALIBRATED = 8
"""Validation images by which the finished net learns how sure it may say it is."""
_STEPS_UNTIMED = (600, 12_000)
_EPOCHS_UNTIMED = 60
# Nuclei, 150 steps, three seeds: 81.8 mIoU with weights, 84.9 without; membranes 74.8 and 75.4,
# vessels 66.9 and 68.0, one seed each.
_RARE = 0.05  # share of the pixels of a class
_UPRIGHT = 0.1  # share of pixels whose class would change if images stood on their heads


@dataclass(frozen=True)
class Machine:
    """What training runs on.

    Attributes:
        device: "cpu", "cuda" or "mps".
        cores: Usable processor cores.
        bfloat16: Whether the device has bfloat16 arithmetic.
    """

    device: str
    cores: int
    bfloat16: bool


@dataclass(frozen=True)
class Timings:
    """What a probe measured of a draft, in seconds.

    Attributes:
        step_s: One optimiser step with its data, by precision.
        glance_s: Scoring a validation image of mean size while training.
        image_s: Scoring a validation image of mean size as the shipped segmenter does.
        elapsed_s: From process start to the end of the probe.
        parts: Pieces a batch had to be worked through in to fit into memory, by precision.
        processes: How many trained together.
    """

    step_s: Mapping[str, float]
    glance_s: float
    image_s: float
    elapsed_s: float
    parts: Mapping[str, int] = field(default_factory=dict)
    processes: int = 1


@dataclass
class _Reasoned:
    """Dotted settings with their reasons, on the way to a plan."""

    values: dict[str, Any] = field(default_factory=dict)
    reasons: dict[str, str] = field(default_factory=dict)

    def choose(self, key: str, value: Any, reason: str | None = None) -> None:
        *groups, last = key.split(".")
        place = self.values
        for group in groups:
            place = place.setdefault(group, {})
        place[last] = value
        if reason:
            self.reasons[key] = reason

    def choose_all(self, values: Mapping[str, Any], reason: str | None = None) -> None:
        for key, value in values.items():
            self.choose(key, value, reason)


def draft(
    facts: DatasetFacts,
    machine: Machine,
    *,
    fingerprint: str,
    model: str | None = None,
    budget_s: float | None = None,
    settings: Mapping[str, object] | None = None,
    reasons: Mapping[str, str] | None = None,
    seed: int = 0,
) -> Plan:
    """Decides all that needs no timing; `steps` is a first guess.

    Args:
        facts: Measured on the training images.
        machine: What it will run on.
        fingerprint: Content hash of the training images and labels.
        model: A name of the catalogue; None lets the plan choose.
        budget_s: Wall clock from process start to exit.
        settings: Dotted settings that the user fixed; they win over every rule.
        reasons: Why, by dotted setting; "set by you" where there is none.
        seed: Of all randomness.
    """
    settings = dict(settings or {})
    plan = _Reasoned()
    plan.choose("task", "semantic")
    plan.choose("fingerprint", fingerprint)
    plan.choose("prepare", [], "none was asked for: images are normalised by mean and spread only")
    _choose_model(plan, model)
    _choose_input(plan, facts)
    _choose_learning(plan, facts)
    _choose_rhythm(plan, facts, machine)
    plan.choose("device", machine.device, "given, or the fastest device here")
    plan.choose("seed", seed)
    plan.choose("budget_s", budget_s, "given" if budget_s else None)
    plan.values["reasons"] = plan.reasons
    return adapted(validated(plan.values, where="--set"), settings, reasons)


def fit(plan: Plan, timings: Timings, *, val_images: int, fixed: Mapping[str, object]) -> Plan:
    """Fills in what hangs on time: precision, steps, how often to validate.

    Args:
        plan: A draft.
        timings: Measured on it.
        val_images: Images that are scored at the end.
        fixed: Dotted settings that the user fixed; they are not touched.

    Raises:
        BudgetError: The budget is too short for a run worth starting.
    """
    values: dict[str, object] = {}
    reasons: dict[str, str] = {}
    precision = plan.input.precision
    if "input.precision" not in fixed and len(timings.step_s) > 1:
        precision = min(timings.step_s, key=lambda name: timings.step_s[name])
        measured = ", ".join(f"{name} {s:.3f} s" for name, s in timings.step_s.items())
        values["input.precision"] = precision
        reasons["input.precision"] = f"fastest of those timed; a step takes {measured}"
    parts = timings.parts.get(precision, plan.accumulate)
    if parts > plan.accumulate:
        values["accumulate"] = parts
        reasons["accumulate"] = "a batch does not fit into memory in fewer parts"
    plan = plan.updated(values, reasons)
    budget_s = plan.budget_s
    if budget_s is None or "steps" in fixed:
        return plan
    plan = _with_affordable_glances(plan, budget_s, timings, val_images, fixed)
    steps, reason = _steps_within(plan, budget_s, timings, val_images)
    return plan.updated({"steps": steps}, {"steps": reason})


def _with_affordable_glances(
    plan: Plan, budget_s: float, timings: Timings, val_images: int, fixed: Mapping[str, object]
) -> Plan:
    """Fewer images, then fewer validations, where scoring while training would cost too much."""
    affordable = int(_GLANCES_SHARE * budget_s / timings.glance_s)
    wanted = plan.validation.times * min(plan.validation.images, val_images)
    if wanted <= affordable or {"validation.times", "validation.images"} & set(fixed):
        return plan
    images = min(plan.validation.images, max(_FEWEST_GLANCED, affordable // plan.validation.times))
    times = min(plan.validation.times, max(1, affordable // images))
    reason = f"scoring while training is kept to {_GLANCES_SHARE:.0%} of the budget"
    return plan.updated(
        {"validation.images": images, "validation.times": times},
        {"validation.images": reason, "validation.times": reason},
    )


def _steps_within(
    plan: Plan, budget_s: float, timings: Timings, val_images: int
) -> tuple[int, str]:
    """How many steps a budget has room for, and the sum that says so."""
    step_s = timings.step_s[plan.input.precision]
    reserve = reserve_s(timings.image_s, val_images, budget_s)
    glances = plan.validation.times * min(plan.validation.images, val_images) * timings.glance_s
    room = budget_s - timings.elapsed_s - reserve - glances
    steps = int(room / step_s)
    if steps < _FEWEST_STEPS:
        needed = budget_s - room + 1.2 * _FEWEST_STEPS * step_s
        raise BudgetError(
            f"a budget of {budget_s:.0f} s leaves time for {max(0, steps)} training steps; "
            f"at least {_FEWEST_STEPS} are needed for a result worth having",
            where="--budget",
            remedy=f"Give it {math.ceil(needed)} s or more, or a smaller model or crop",
        )
    together = f" in {timings.processes} processes" if timings.processes > 1 else ""
    return steps, (
        f"{budget_s:.0f} s less {timings.elapsed_s:.0f} s start, {glances:.0f} s validation and "
        f"{reserve:.0f} s for final scoring and report, at {step_s:.3f} s a step{together}"
    )


def reserve_s(image_s: float, val_images: int, budget_s: float) -> float:
    """Seconds kept for what follows the last step: calibration, scoring, pictures, report, exit."""
    segmented = val_images + min(_PICTURED, val_images) + min(CALIBRATED, val_images)
    return 2.0 + 1.25 * image_s * segmented + 0.005 * budget_s


def _choose_model(plan: _Reasoned, model: str | None) -> None:
    reason = "given" if model else "the net of the catalogue for CPUs and short budgets"
    plan.choose("model.name", model or "fast", reason)
    plan.choose("model.config", {})
    stride = of_model(plan.values["model"]["name"])
    why = "every second label along each axis: the loss costs a quarter"
    plan.choose_all(
        stride, why if stride["input.loss_stride"] > 1 else "the net scores every pixel"
    )


def _choose_input(plan: _Reasoned, facts: DatasetFacts) -> None:
    height, width = facts.size_hw_median
    scale = min(1.0, math.sqrt(_LARGEST_PX / (height * width)))
    scale = 1.0 if scale == 1.0 else math.floor(scale * 20) / 20 or 0.05
    why = (
        f"images of {height}×{width} are seen at their own size"
        if scale == 1.0
        else f"images of {height}×{width} are seen smaller: about a million pixels each"
    )
    plan.choose("input.scale", scale, why)
    seen = height * scale, width * scale
    shrink = min(1.0, math.sqrt(_CROP_PX / (seen[0] * seen[1])))
    crop = [max(_CROP_MULTIPLE, round(s * shrink / _CROP_MULTIPLE) * _CROP_MULTIPLE) for s in seen]
    plan.choose("input.crop_hw", crop, f"about {_CROP_PX:,} pixels in the shape of the images")
    plan.choose("input.precision", "float32", "the exact one, until a faster one is timed")


def _choose_learning(plan: _Reasoned, facts: DatasetFacts) -> None:
    plan.choose("crops.focus", 0.5, "half of the crops are centred on a class drawn by rarity")
    plan.choose("crops.power", 0.5, "a class four times rarer is drawn twice as often")
    upright = facts.vertical_asymmetry > _UPRIGHT
    preset = AugmentConfig.natural if upright else AugmentConfig.orientation_free
    augment = preset(facts.channels)
    plan.values["augment"] = augment.model_dump(mode="json")
    plan.reasons["augment"] = (
        f"classes lie {'differently' if upright else 'alike'} in the upper and lower half "
        f"(asymmetry {facts.vertical_asymmetry:.2f}): images are "
        f"{'kept upright' if upright else 'turned every way'}"
    )
    plan.choose("loss.terms", {"cross_entropy": 1.0})
    balanced = len(facts.class_fraction) == 2 and min(facts.class_fraction) >= _RARE
    if balanced:
        why = "two classes, neither rare: with weights the smaller one is drawn too large"
        plan.choose("loss.class_weights", "none", why)
    else:
        why = "rare classes weigh more, 1 / ln(1.02 + frequency)"
        plan.choose("loss.class_weights", "log", why)
    plan.choose("loss.label_smoothing", 0.0)
    plan.choose("loss.auxiliary", 0.4)
    plan.choose("optimiser.name", "muon", "gains most in short runs from scratch")
    plan.choose_all(of_optimiser("muon"))
    plan.choose("optimiser.vector_lr", 3e-3)
    plan.choose("optimiser.l1", 0.0)
    plan.choose("optimiser.clip_norm", 5.0)
    plan.choose("schedule.name", "cosine", "ends at rate zero, whatever the number of steps")
    plan.choose_all(of_schedule("cosine"))
    plan.choose("ema_decay", 0.99, "the averaged weights are the ones that are scored and shipped")


def _choose_rhythm(plan: _Reasoned, facts: DatasetFacts, machine: Machine) -> None:
    on_cpu = machine.device == "cpu"
    batch = 4 if on_cpu else 16
    why = (
        "4 learned more than 8 in the same time, on street scenes"
        if on_cpu
        else "a GPU has room for more; not measured"
    )
    plan.choose("batch_size", batch, why)
    plan.choose("accumulate", 1)
    fewest, most = _STEPS_UNTIMED
    steps = min(most, max(fewest, _EPOCHS_UNTIMED * facts.num_images // batch))
    plan.choose("steps", steps, f"{_EPOCHS_UNTIMED} passes over {facts.num_images} images")
    plan.choose("validation.times", 5)
    plan.choose("validation.images", 32, "a fixed part of the validation images, for speed")
    plan.choose("validation.patience", 0, "the schedule ends the run")
    flips = of_augment(AugmentConfig.model_validate(plan.values["augment"]))
    why = "the mean over an image and its mirror image is better, at twice the time"
    plan.choose_all(flips, why if flips["inference.flips"] else None)
    plan.choose("inference.tile", 1024)
    plan.choose("checkpoints", 20)
    plan.choose("workers", min(4, max(1, machine.cores - 1)))
