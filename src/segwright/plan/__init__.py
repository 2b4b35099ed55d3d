"""Facts, timings and a budget become a frozen Plan, every value with its reason."""

from segwright.plan.follow import adapted
from segwright.plan.plan import (
    CropSettings,
    InferenceSettings,
    InputSettings,
    LossSettings,
    ModelSettings,
    OptimiserSettings,
    Plan,
    ScheduleSettings,
    ValidationSettings,
)
from segwright.plan.rules import CALIBRATED, Machine, Timings, draft, fit, reserve_s
from segwright.plan.sizes import ENOUGH_STEPS, sized

__all__ = [
    "CALIBRATED",
    "ENOUGH_STEPS",
    "CropSettings",
    "InferenceSettings",
    "InputSettings",
    "LossSettings",
    "Machine",
    "ModelSettings",
    "OptimiserSettings",
    "Plan",
    "ScheduleSettings",
    "Timings",
    "ValidationSettings",
    "adapted",
    "draft",
    "fit",
    "reserve_s",
    "sized",
]
