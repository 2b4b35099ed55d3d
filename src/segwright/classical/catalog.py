"""The one table of methods without a network: what there is and where it is.

Reading it needs nothing but itself; a method is imported when it is built.
"""

from __future__ import annotations

import importlib
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from segwright.errors import UnknownNameError

if TYPE_CHECKING:
    from segwright.classical.method import Method


@dataclass(frozen=True)
class MethodEntry:
    """One method of the catalogue.

    Attributes:
        builder: "module:Class", below `segwright.classical`.
        family: What kind of method it is, for lists.
        summary: What it is, in one line.
        use_when: When to choose it, and when not.
        paper: Authors, year, title.
        code: Whose code does the work, and its licence.
        needs_labels: Whether it can do nothing before it is trained.
    """

    builder: str
    family: str
    summary: str
    use_when: str
    paper: str
    code: str = "segwright, Apache-2.0"
    needs_labels: bool = False


CATALOG: Mapping[str, MethodEntry] = {
    "otsu": MethodEntry(
        builder="thresholds.otsu:Otsu",
        family="thresholds",
        summary="Brightness levels that differ most: one threshold, or several",
        use_when="Objects are brighter or darker than all else, under even light. With shading take"
        " sauvola, or the step illumination before it.",
        paper="Otsu 1979: A threshold selection method from gray-level histograms; several levels:"
        " Liao, Chen, Chung 2001: A fast algorithm for multilevel thresholding",
    ),
}


def build_method(name: str, **params: Any) -> Method:
    """Builds a method of the catalogue.

    Args:
        name: A key of CATALOG.
        **params: Its parameters; see `describe_classical(name)`.

    Raises:
        UnknownNameError: There is no such method, or it has no such parameter.
        UsageError: A value is out of range.

    Example:
        >>> otsu = build_method("otsu", levels=3)
    """
    return method_class(name)(**params)


def method_class(name: str) -> type[Method]:
    """The class of a method.

    Raises:
        UnknownNameError: There is no such method.
    """
    if name not in CATALOG:
        raise UnknownNameError("method", name, CATALOG)
    module, cls = CATALOG[name].builder.split(":")
    return getattr(importlib.import_module(f"segwright.classical.{module}"), cls)


def describe_classical(name: str) -> str:
    """What the method is, when to use it, and every parameter with its default and meaning.

    Raises:
        UnknownNameError: There is no such method.
    """
    method = method_class(name)
    entry = CATALOG[name]
    found = {
        "levels": "levels: each is a class, or becomes one of yours by training",
        "clusters": "clusters: each becomes one of your classes by training",
        "regions": "regions of each image; by training, a class for each",
        "classes": "your classes, by training",
    }
    lines = [
        f"{name}: {entry.summary}",
        "",
        f"Use it when: {entry.use_when}",
        f"Finds:       {found[method.finds]}",
        f"Source:      {entry.paper}",
        f"Code:        {entry.code}",
        "",
        "Settings (default): meaning",
    ]
    for setting, field in method.model_fields.items():
        default = "none" if field.default is None else _written(field.default)
        lines.append(f"  {setting} ({default}): {field.description}")
    return "\n".join(lines)


def _written(value: object) -> str:
    if isinstance(value, bool):
        return str(value).lower()
    steps = getattr(value, "steps", value)
    return "none" if steps == () else str(steps)
