"""The methods there are, as text."""

from __future__ import annotations

from segwright.classical.catalog import CATALOG as METHODS
from segwright.classical.catalog import describe_classical
from segwright.errors import UnknownNameError
from segwright.models.catalog import CATALOG as NETWORKS
from segwright.models.catalog import describe_model


def list_methods() -> str:
    """One line for each network and method, by family."""
    wide = max(map(len, (*NETWORKS, *METHODS)))
    lines = ["networks (train them)"]
    lines += [f"  {name:{wide}}  {entry.summary}" for name, entry in NETWORKS.items()]
    for family in dict.fromkeys(entry.family for entry in METHODS.values()):
        lines += ["", family]
        for name, entry in METHODS.items():
            if entry.family != family:
                continue
            learns = " (train it)" if entry.needs_labels else ""
            lines.append(f"  {name:{wide}}  {entry.summary}{learns}")
    lines += ["", "`segwright methods NAME` says when to use one, and its settings."]
    return "\n".join(lines)


def describe_method(name: str) -> str:
    """What a method is, when to use it, its settings, and how to choose them.

    Raises:
        UnknownNameError: There is no such method.
    """
    if name in METHODS:
        use = [f"segwright train DATA --model {name} --set SETTING=VALUE"]
        if not METHODS[name].needs_labels:
            use.append(f"segwright predict {name} PHOTO --out DIR --set SETTING=VALUE")
        return f"{describe_classical(name)}\n\nUse it:      " + "\n             ".join(use)
    if name not in NETWORKS:
        raise UnknownNameError("method", name, (*NETWORKS, *METHODS))
    return (
        f"{describe_model(name)}\n\n"
        f"Choose it:   segwright train DATA --model {name} --set model.config.SETTING=VALUE"
    )
