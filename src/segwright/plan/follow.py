"""What hangs on another setting of a plan, and follows it where the user changes that one."""

from __future__ import annotations

from collections.abc import Mapping

from segwright.models.catalog import entry_of
from segwright.plan.plan import Plan
from segwright.transforms import AugmentConfig


def adapted(
    plan: Plan, settings: Mapping[str, object], reasons: Mapping[str, str] | None = None
) -> Plan:
    """A plan with the user's settings, and with what hangs on them unless it was set as well.

    Args:
        plan: Any, such as one read from a file.
        settings: New values by dotted name.
        reasons: Why, by dotted name; "set by you" where there is none.

    Raises:
        UnknownNameError: A key that is not in the plan.
        UsageError: A value that the setting does not accept.
    """
    plan = plan.updated(settings, reasons)
    follows = {
        "model.name": of_model(plan.model.name),
        "augment.flip_horizontal": of_augment(plan.augment),
        "optimiser.name": of_optimiser(plan.optimiser.name),
        "schedule.name": of_schedule(plan.schedule.name),
    }
    why = {
        key: f"goes with {cause}, which was set"
        for cause, values in follows.items()
        for key in values
        if touched(cause, settings) and not touched(key, settings)
    }
    every = {key: value for values in follows.values() for key, value in values.items()}
    return plan.updated({key: every[key] for key in why}, why)


def touched(key: str, settings: Mapping[str, object]) -> bool:
    """Whether a setting, the group it is in or, for a group, one of its settings was set."""
    return any(f"{key}.".startswith(f"{s}.") or f"{s}.".startswith(f"{key}.") for s in settings)


def of_model(name: str) -> dict[str, int]:
    """A net that scores every pixel is compared at every pixel."""
    return {"input.loss_stride": 1 if entry_of(name).output_stride == 1 else 2}


def of_augment(augment: AugmentConfig) -> dict[str, list[str]]:
    """Mirror images are averaged over where the net was shown some."""
    return {"inference.flips": ["x"] if augment.flip_horizontal else []}


def of_optimiser(name: str) -> dict[str, float]:
    return {
        "optimiser.lr": {"muon": 0.05, "adamw": 3e-3, "sgd": 0.05}[name],
        "optimiser.momentum": 0.95 if name == "muon" else 0.9,
        "optimiser.weight_decay": 5e-4 if name == "sgd" else 0.05,
    }


def of_schedule(name: str) -> dict[str, float]:
    return {"schedule.warmup": 0.3 if name == "one_cycle" else 0.05}
