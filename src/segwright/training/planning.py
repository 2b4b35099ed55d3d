"""From material and wishes to a plan: draft, time real steps, fit."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import replace

import torch

from segwright.dataset.facts import nothing_to_learn
from segwright.errors import DataError, UsageError
from segwright.events import Listener, StageStarted
from segwright.losses import build_loss
from segwright.models import build_model
from segwright.plan import Machine, Plan, Timings, draft, fit, sized
from segwright.segmenter.torch_runtime import device_kinds
from segwright.training.distributed import ALONE, World
from segwright.training.learner import Learner
from segwright.training.material import Material
from segwright.training.probe import probe
from segwright.training.validation import as_segmenter


def decide(
    material: Material,
    *,
    model: str | None,
    budget_s: float | None,
    device: str | None,
    settings: Mapping[str, object],
    reasons: Mapping[str, str] | None = None,
    seed: int,
    elapsed_s: Callable[[], float],
    emit: Listener,
    world: World = ALONE,
) -> tuple[Plan, Timings]:
    """Makes the plan of a run, the same in all processes.

    Raises:
        DataError: There are not two classes, or the labels do not hold two.
        UsageError: A setting, model or device that cannot be used.
        BudgetError: The budget is too short.
    """
    require_sound(material, settings, budget_s)
    machine = world.agree(lambda: examine_machine(device), Machine)
    first = draft(
        material.facts,
        machine,
        fingerprint=material.fingerprint,
        model=model,
        budget_s=budget_s,
        settings=settings,
        reasons=reasons,
        seed=seed,
    )
    first = with_class_map(first, material)

    def timed(plan: Plan) -> Timings:
        return time_steps(
            plan, material, machine, settings, elapsed_s=elapsed_s, emit=emit, world=world
        )

    images = len(material.val)
    chosen, timings = sized(
        first,
        timed,
        val_images=images,
        fixed=settings,
        elapsed_s=lambda: world.agree(elapsed_s, float),
    )
    return fit(chosen, timings, val_images=images, fixed=settings), timings


def with_class_map(plan: Plan, material: Material) -> Plan:
    """The plan with what became of the classes of the data, so that it is done again later."""
    content = None if material.class_map is None else material.class_map.to_content()
    if content == plan.classes:
        return plan
    return plan.updated({"classes": content}, {"classes": "as given with --classes"})


def require_sound(
    material: Material, settings: Mapping[str, object], budget_s: float | None
) -> None:
    """Refuses what no plan can be made of, whether it is decided or read from a file.

    Raises:
        DataError: There are not two classes, or the labels do not hold two.
        UsageError: Both a budget and a number of steps.
    """
    if len(material.classes) < 2:
        raise DataError(
            f"there is only one class, {material.classes.names[0]!r}: nothing to tell apart",
            remedy="Name a second class, such as 'background', in classes.txt or dataset.yaml",
        )
    facts = material.facts
    if (error := nothing_to_learn(facts.class_names, facts.images_with_class)) is not None:
        raise error
    if budget_s is not None and "steps" in settings:
        raise UsageError(
            f"a budget decides the number of steps; both were given ({budget_s:.0f} s and "
            f"{settings['steps']} steps)",
            where="--set steps",
            remedy="Leave one of them out; the budget may also stand in a plan file, as budget_s",
        )


def time_steps(
    plan: Plan,
    material: Material,
    machine: Machine,
    fixed: Mapping[str, object],
    *,
    elapsed_s: Callable[[], float],
    emit: Listener,
    world: World = ALONE,
) -> Timings:
    """Times a drafted plan on this machine, in all processes together."""
    emit(StageStarted("timing steps"))
    both = machine.bfloat16 and "input.precision" not in fixed
    with closing(material.batches(plan, world).starting_at(0)) as batches:
        timings = probe(
            plan,
            make_learner=lambda precise, together: make_learner(precise, material, together),
            batches=batches,
            precisions=("float32", "bfloat16") if both else (plan.input.precision,),
            score_one=lambda learner, quick: _score_one(learner, material, plan, quick),
            elapsed_s=elapsed_s,
            world=world,
        )
    # One image was timed, which may be larger or smaller than most.
    share = material.val.mean_px / material.val[0].labels.ids.size
    return replace(timings, glance_s=share * timings.glance_s, image_s=share * timings.image_s)


def make_learner(plan: Plan, material: Material, world: World = ALONE) -> Learner:
    """A fresh network, its loss and its optimiser; the weights depend on the plan's seed alone."""
    torch.manual_seed(plan.seed)
    network = build_model(
        plan.model.name,
        num_classes=len(material.classes),
        in_channels=material.preparation.channels,
        **plan.model.config,
    )
    loss = build_loss(
        plan.loss.terms,
        num_classes=len(material.classes),
        ignore_index=material.classes.ignore_index,
        class_weights=_class_weights(plan.loss.class_weights, material),
        label_smoothing=plan.loss.label_smoothing,
        spread=world,
    )
    return Learner(network, loss, plan, world)


def examine_machine(device: str | None) -> Machine:
    """What this machine offers for training.

    Raises:
        UsageError: The device asked for is not here.
    """
    here = device_kinds()
    chosen = device or here[0]
    if chosen not in here:
        raise UsageError(
            f"device {chosen!r} is not here; accepted are {', '.join(here)}",
            where="--device",
            remedy="Name one of these, or leave it out for the fastest",
        )
    bfloat16 = chosen == "cuda" and torch.cuda.is_bf16_supported()
    if chosen == "cpu":
        bfloat16 = torch.backends.mkldnn.is_available() and torch.cpu._is_avx512_bf16_supported()
    return Machine(chosen, torch.get_num_threads(), bfloat16)


def _score_one(learner: Learner, material: Material, plan: Plan, quick: bool) -> None:
    segmenter = as_segmenter(learner.network, material, plan, quick=quick)
    segmenter.segment(material.val[0].image, probabilities=quick)


def _class_weights(rule: str, material: Material) -> torch.Tensor | None:
    """Weights whose mean over pixels is 1, so that a rule changes no learning rate."""
    frequency = torch.tensor(material.facts.class_fraction, dtype=torch.float64)
    match rule:
        case "none":
            return None
        case "log":  # ENet (Paszke et al. 2016), section 5.2
            weights = 1.0 / torch.log(1.02 + frequency)
        case _:
            weights = frequency.clamp(min=1e-4).rsqrt()
    return (weights / (weights * frequency).sum()).float()
