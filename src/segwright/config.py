"""Settings that users give: checked, complete, and refused with the remedy."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, ValidationError

from segwright.errors import UnknownNameError, UsageError


class Config(BaseModel):
    """Settings: frozen, complete, unknown names refused."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    @classmethod
    def of(cls, settings: Mapping[str, Any], *, where: object = None) -> Self:
        """Checks settings given by a user.

        Args:
            settings: Names and values; what is left out takes its default.
            where: What the settings belong to, for the message ("model 'unet'").

        Raises:
            UnknownNameError: A setting has a name that is not known here.
            UsageError: A value has the wrong type or is out of range, or two values contradict
                each other.
        """
        for name in settings:
            if name not in cls.model_fields:
                raise UnknownNameError("setting", name, cls.model_fields, where=where)
        try:
            return cls(**settings)
        except ValidationError as error:
            raise refused(error, cls, where=where) from error


def refused(error: ValidationError, settings: type[BaseModel], *, where: object) -> UsageError:
    """The first finding of pydantic as an error that names the value and what is accepted."""
    first = error.errors(include_url=False)[0]
    name = str(first["loc"][0]) if first["loc"] else None
    return UsageError(
        _problem(name, first["msg"], first["input"]),
        where=where,
        remedy=_remedy(name, settings.model_fields[name].description if name else None),
    )


def _problem(name: str | None, message: str, value: object) -> str:
    message = message.removeprefix("Value error, ")
    if name is None:
        return message
    return f"{name} cannot be {value!r}: {message[0].lower()}{message[1:]}"


def _remedy(name: str | None, description: str | None) -> str | None:
    return description and f"{name} is: {description.rstrip('.')}"
