"""The methods there are, as text."""

from __future__ import annotations

from segwright.models.catalog import CATALOG, describe_model


def list_methods() -> str:
    """One line per network of the catalogue."""
    wide = max(map(len, CATALOG))
    rows = [f"{name:{wide}}  {entry.summary}" for name, entry in CATALOG.items()]
    return "\n".join(
        [*rows, "", "`segwright methods NAME` says when to use one, and its settings."]
    )


def describe_method(name: str) -> str:
    """What a method is, when to use it, its settings, and how to choose them.

    Raises:
        UnknownNameError: There is no such method.
    """
    return (
        f"{describe_model(name)}\n\n"
        f"Choose it:   segwright train DATA --model {name} --set model.config.SETTING=VALUE"
    )
