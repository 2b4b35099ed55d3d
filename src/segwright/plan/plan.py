"""The Plan: all that a training run decides, frozen and readable, each value with its reason."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from segwright.dataset.class_map import ClassMap
from segwright.errors import UnknownNameError, UsageError
from segwright.formats.strict_yaml import parse_yaml
from segwright.prepare import Prepare
from segwright.transforms.config import AugmentConfig


class Settings(BaseModel):
    """A group of settings: frozen, and no key is accepted that is not used."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)


class ModelSettings(Settings):
    """Which network of the catalogue, and its configuration."""

    name: str
    config: dict[str, Any] = {}


class InputSettings(Settings):
    """What the network sees."""

    crop_hw: tuple[int, int] = Field(description="height and width of a training crop, in pixels")
    scale: float = Field(gt=0, description="size of what the network sees over the image's own")
    loss_stride: int = Field(ge=1, description="the loss compares every n-th pixel along each axis")
    precision: Literal["float32", "bfloat16"]


class CropSettings(Settings):
    """Where training crops are taken."""

    focus: float = Field(ge=0, le=1, description="share of crops centred on a drawn class")
    power: float = Field(ge=0, description="rarity weight: class frequency to the power of minus n")


class LossSettings(Settings):
    """What is minimised."""

    terms: dict[str, float] = Field(min_length=1, description="loss name: weight")
    class_weights: Literal["none", "log", "sqrt"]
    label_smoothing: float = Field(ge=0, lt=1)
    auxiliary: float = Field(ge=0, description="weight of side heads, where the network has them")


class OptimiserSettings(Settings):
    """How the weights move."""

    name: Literal["muon", "adamw", "sgd"]
    lr: float = Field(gt=0, description="peak learning rate (with muon: of its matrices)")
    vector_lr: float = Field(gt=0, description="muon only: AdamW rate of all other parameters")
    momentum: float = Field(ge=0, lt=1)
    weight_decay: float = Field(
        ge=0, description="L2 on weight tensors; decoupled, but with sgd part of the gradient"
    )
    l1: float = Field(ge=0, description="decoupled L1 (soft threshold) on weight tensors")
    clip_norm: float = Field(ge=0, description="largest gradient norm; 0 switches clipping off")


class ScheduleSettings(Settings):
    """How the learning rate follows the progress of the run."""

    name: Literal["cosine", "poly", "one_cycle", "plateau", "constant"]
    warmup: float = Field(ge=0, lt=1, description="share of the run spent rising to the peak")
    plateau_patience: int = Field(
        default=2, ge=1, description="plateau only: the rate falls every n validations without gain"
    )
    plateau_factor: float = Field(
        default=0.5, gt=0, lt=1, description="plateau only: what the rate is multiplied by then"
    )


class ValidationSettings(Settings):
    """How often the net is scored on validation images while training."""

    times: int = Field(ge=1, description="validations in the whole run, the last one included")
    images: int = Field(ge=1, description="validation images scored at each of them")
    patience: int = Field(ge=0, description="stop after n validations without gain; 0 never")


class InferenceSettings(Settings):
    """How the trained net is used, from its final scoring on."""

    flips: tuple[Literal["y", "x"], ...] = Field(description="axes to average mirror images over")
    tile: int = Field(ge=32, description="longest side, in pixels, that is run in one piece")


class Plan(Settings):
    """Everything a training run decides. See `segwright.plan.rules` for how it is filled.

    Facts that follow from the data (classes, channels, mean) are no settings: they are measured
    again from the data, whose fingerprint is kept here so that a plan is not used on other data
    unnoticed.
    """

    task: Literal["semantic"] = "semantic"
    fingerprint: str = Field(description="content hash of the data the plan was made for")
    classes: dict[str, list[str]] | None = Field(
        default=None, description="new class: old ones, as by --classes; null for those of the data"
    )
    prepare: Prepare = Field(default=Prepare(), description="what every image goes through first")
    model: ModelSettings
    input: InputSettings
    batch_size: int = Field(ge=1, description="crops per optimiser step")
    accumulate: int = Field(ge=1, description="equal parts a batch is worked through in")
    steps: int = Field(ge=1, description="optimiser steps of the whole run")
    crops: CropSettings
    augment: AugmentConfig
    loss: LossSettings
    optimiser: OptimiserSettings
    schedule: ScheduleSettings
    ema_decay: float = Field(ge=0, lt=1, description="of the averaged weights; 0 switches it off")
    validation: ValidationSettings
    inference: InferenceSettings
    checkpoints: int = Field(ge=1, description="checkpoints written over the run, last included")
    workers: int = Field(ge=0, description="threads that prepare samples; changes no result")
    device: Literal["cpu", "cuda", "mps"]
    seed: int = Field(ge=0, lt=2**32)
    budget_s: float | None = Field(default=None, gt=0, description="wall clock, start to exit")
    reasons: dict[str, str] = {}

    @property
    def class_map(self) -> ClassMap | None:
        """What becomes of the classes of the data; None if they stay as they are.

        Raises:
            UsageError: `classes` is no such map.
        """
        if self.classes is None:
            return None
        return ClassMap.from_content(self.classes, where="classes of the plan")

    def to_yaml(self) -> str:
        """The plan as YAML that `from_yaml` reads back to an equal plan."""
        return yaml.safe_dump(
            self.model_dump(mode="json"), sort_keys=False, allow_unicode=True, width=100
        )

    @classmethod
    def from_yaml(cls, text: str, *, where: object = "plan") -> Plan:
        """Reads a plan, an edited one too.

        Raises:
            UsageError: Not YAML, a missing or unusable value, or an unknown key (the nearest
                known ones are named).
        """
        try:
            content = parse_yaml(text)
        except ValueError as error:
            raise UsageError(f"not readable as YAML: {error}", where=where) from None
        if not isinstance(content, dict):
            raise UsageError(
                f"expected settings as 'key: value', found {type(content).__name__}", where=where
            )
        return validated(content, where=where)

    @classmethod
    def read(cls, path: Path) -> Plan:
        """Reads a plan file; errors name it."""
        try:
            text = path.read_text(encoding="utf-8")
        except (OSError, UnicodeDecodeError) as error:
            raise UsageError(f"cannot read the plan ({error})", where=path) from error
        return cls.from_yaml(text, where=path)

    def updated(
        self, settings: Mapping[str, object], reasons: Mapping[str, str] | None = None
    ) -> Plan:
        """A plan with dotted settings replaced, such as `{"optimiser.lr": 0.01}`.

        Args:
            settings: New values by dotted name.
            reasons: Why, by dotted name; "set by you" where there is none.

        Raises:
            UnknownNameError: A key that is not in the plan.
            UsageError: A value that the setting does not accept.
        """
        content = self.model_dump(mode="json")
        for dotted, value in settings.items():
            group, last = _place(content, dotted)
            group[last] = value
            content["reasons"][dotted] = (reasons or {}).get(dotted, "set by you")
        return validated(content, where="--set")

    def explain(self) -> str:
        """One line per decision: setting, value, reason."""
        content = self.model_dump(mode="json", exclude={"reasons"})
        content["prepare"] = str(self.prepare)
        content["classes"] = "those of the data" if self.class_map is None else str(self.class_map)
        every = dict(_flatten(content, groups=True))
        rows = [(key, _shown(every[key]), why) for key, why in self.reasons.items() if key in every]
        # A reason may be one for a whole group, such as "augment".
        covered = tuple(f"{key}." for key, _, _ in rows)
        rows += [
            (key, _shown(value), "")
            for key, value in _flatten(content)
            if key not in self.reasons and not key.startswith(covered)
        ]
        wide = [max((len(row[i]) for row in rows), default=0) for i in (0, 1)]
        return "\n".join(
            f"{key:{wide[0]}}  {value:{wide[1]}}  {why}".rstrip() for key, value, why in rows
        )


_BRIEF = 4  # entries of a group that are shown on one line

# Values the user may shape freely, so that a dotted key may end on a name not yet there.
_OPEN = ("model.config", "loss.terms")


def _place(content: dict[str, Any], dotted: str) -> tuple[dict[str, Any], str]:
    """The innermost mapping that holds `dotted`, and its last key."""
    *parents, last = dotted.split(".")
    group: Any = content
    for parent in parents:
        group = group.get(parent) if isinstance(group, dict) else None
    known = [key for key, _ in _flatten(content, groups=True) if not key.startswith("reasons")]
    open_end = ".".join(parents) in _OPEN
    if not isinstance(group, dict) or (last not in group and not open_end):
        raise UnknownNameError("setting", dotted, known, where="--set")
    return group, last


def _flatten(content: Mapping[str, Any], prefix: str = "", *, groups: bool = False):
    """Yields (dotted key, value) of a nested mapping, in order; with `groups` the mappings too."""
    for key, value in content.items():
        if isinstance(value, dict) and value:
            if groups:
                yield prefix + key, value
            yield from _flatten(value, f"{prefix}{key}.", groups=groups)
        else:
            yield prefix + key, value


def _shown(value: object) -> str:
    if isinstance(value, dict):
        brief = ", ".join(f"{key} {_shown(entry)}" for key, entry in value.items())
        return brief if len(value) <= _BRIEF else f"{len(value)} settings"
    if isinstance(value, list):
        return " × ".join(map(_shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def validated(content: dict[str, Any], *, where: object) -> Plan:
    """Builds a plan from nested settings.

    Raises:
        UsageError: A missing or unusable value, or an unknown key (the nearest ones are named).
    """
    try:
        return Plan.model_validate(content)
    except ValidationError as error:
        first = error.errors()[0]
        dotted = ".".join(str(part) for part in first["loc"])
        if first["type"] == "extra_forbidden":
            known = [key for key, _ in _flatten(_schema(Plan), groups=True)]
            raise UnknownNameError("setting", dotted, known, where=where) from None
        raise UsageError(
            f"{dotted} cannot be {first.get('input')!r}: {first['msg'].lower()}",
            where=where,
            remedy="Compare it with what `segwright plan DATA --yaml` prints",
        ) from None


def _schema(model: type[BaseModel]) -> dict[str, Any]:
    """The names of a settings class as a nested mapping."""
    return {
        name: _schema(field.annotation)
        if isinstance(field.annotation, type) and issubclass(field.annotation, Settings)
        else None
        for name, field in model.model_fields.items()
    }
