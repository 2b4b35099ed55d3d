"""What the replaceable parts of a pipeline have in common."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, TypeVar

from pydantic import ValidationError

from segwright.config import refused
from segwright.rows import Step, short_form

P = TypeVar("P", bound=Step)
"""A kind of part."""


def reader(parts: Mapping[str, type[P]], kind: type[P]) -> Callable[[Any], P]:
    """What makes a part from "cosine", {"merge": 0.1}, {"merge": {…}}, or from a part itself.

    Args:
        parts: The table of those we have.
        kind: What an object of the user's own must derive from.

    Returns:
        A function to use as a `BeforeValidator`. It raises UnknownNameError at a name that there is
        not and UsageError at a value out of range.
    """
    spelled_out = short_form(parts, kind.room)

    def read(value: Any) -> P:
        if isinstance(value, kind):
            return value
        given = spelled_out(value)
        if not isinstance(given, dict):
            raise ValueError(f"{type(value).__name__} is no {kind.__name__}")
        part = parts[given["step"]]
        try:
            return part(**given)
        except ValidationError as error:
            raise refused(error, part, where=f"{kind.room} {given['step']}") from error

    return read
