"""Rows of steps: work done one step after the other, as a user writes it down.

    Step    frozen settings of one change, with its name in a field `step`
    Row     an ordered row of steps; `Row.of` reads the short form that YAML and `--set` give

A room that works in steps derives its own two classes and lists its steps in one literal table:
`prepare` changes pictures, `refine` changes labels.
"""

from __future__ import annotations

from abc import ABC
from collections.abc import Callable, Mapping
from typing import Annotated, Any, ClassVar, Generic, Self, TypeVar

from pydantic import BaseModel, BeforeValidator, ConfigDict, RootModel, ValidationError

from segwright.errors import UnknownNameError, UsageError


class Step(BaseModel, ABC):
    """One change, with its settings; each has its name in a field `step`.

    Attributes:
        room: What its row is called where users write it ("prepare").
        bare: The settings that a value without names stands for: `{percentile: [1, 99]}`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    room: ClassVar[str]
    bare: ClassVar[tuple[str, ...]] = ()

    @property
    def name(self) -> str:
        return type(self).model_fields["step"].default

    @classmethod
    def spelled_out(cls, name: str, value: Any) -> dict[str, Any]:
        """The settings of a step from its short form, for validation.

        Args:
            name: Of the step.
            value: None, settings by name, one value, or a list of values.

        Raises:
            UnknownNameError: A setting that the step does not have.
        """
        if value is None:
            given: dict[str, Any] = {}
        elif isinstance(value, dict):
            given = value
        elif len(cls.bare) > 1 and isinstance(value, list | tuple):
            if len(value) != len(cls.bare):
                raise ValueError(f"{name} takes {len(cls.bare)} values: {', '.join(cls.bare)}")
            given = dict(zip(cls.bare, value, strict=True))
        elif cls.bare:
            given = {cls.bare[0]: value}
        else:
            raise ValueError(f"{name} takes settings by name: {{{name}: {{SETTING: VALUE}}}}")
        known = set(cls.model_fields) - {"step"}
        for setting in given:
            if setting not in known:
                raise UnknownNameError(f"setting of {name}", str(setting), known, where=cls.room)
        # Strict validation, as of a stored segmenter, takes no list for a tuple.
        return {"step": name, **{key: _frozen(one) for key, one in given.items()}}

    def __str__(self) -> str:
        """Its name, with the settings that say most and those that are not the default."""
        told = []
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if name != "step" and (name in self.bare or value != field.default):
                told.append(f"{name} {_shown(value)}")
        return f"{self.name} ({', '.join(told)})" if told else self.name


def _frozen(value: Any) -> Any:
    return tuple(map(_frozen, value)) if isinstance(value, list) else value


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " × ".join(map(_shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def short_form(steps: Mapping[str, type[Step]], kind: str) -> Callable[[Any], Any]:
    """What spells a step out, from "clahe", {"clahe": {…}} or {"percentile": [1, 99]}.

    Args:
        steps: The table of a room.
        kind: What a step is called in a message ("preparation step").

    Returns:
        A function to use as a `BeforeValidator`: it gives `{"step": NAME, …}`.
    """
    (room,) = {step.room for step in steps.values()}

    def spelled_out(value: Any) -> Any:
        if isinstance(value, Step):
            return value
        if isinstance(value, str):
            name, given = value, None
        elif isinstance(value, dict) and "step" in value:
            name, given = value["step"], {key: one for key, one in value.items() if key != "step"}
        elif isinstance(value, dict) and len(value) == 1:
            ((name, given),) = value.items()
        else:
            raise ValueError("a step is its name, or {NAME: value} or {NAME: {SETTING: value}}")
        if name not in steps:
            raise UnknownNameError(kind, str(name), steps, where=room)
        return steps[name].spelled_out(name, given)

    return spelled_out


def _as_row(value: Any) -> Any:
    if isinstance(value, str | dict | Step):
        return (value,)
    return tuple(value or ()) if isinstance(value, list | None) else value


S = TypeVar("S", bound=Step)
"""Any step of a room."""


class Row(RootModel[tuple[S, ...]], Generic[S]):
    """Steps in their order.

    Attributes:
        room: What it is called where users write it ("prepare").
        like: A row as it may be written, for the message about one that cannot be.
    """

    model_config = ConfigDict(frozen=True)

    room: ClassVar[str]
    like: ClassVar[str]

    root: Annotated[tuple[S, ...], BeforeValidator(_as_row)] = ()

    @classmethod
    def of(cls, value: object) -> Self:
        """Reads the short form: names, `{name: value}` or `{name: {setting: value}}`, in a list.

        Raises:
            UnknownNameError: A step or setting that there is not; the nearest ones are named.
            UsageError: A value that a step does not take.
        """
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            first = error.errors()[0]
            place = ".".join(str(part) for part in (cls.room, *first["loc"]))
            reason = first["msg"].removeprefix("Value error, ")
            raise UsageError(
                f"{place} cannot be {first.get('input')!r}: {reason}",
                where=cls.room,
                remedy=f"Write it like {cls.like}; README.md lists the steps",
            ) from None

    @property
    def steps(self) -> tuple[S, ...]:
        return self.root

    def __str__(self) -> str:
        return " → ".join(map(str, self.root)) or "none"
