"""Networks: parts, whole models and the one table that names them.

Names are resolved on first use: the facts of the catalogue (`CATALOG`, `describe_model`) can be
read where torch is not installed; only building a network imports it.
"""

from __future__ import annotations

import importlib
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from segwright.models.catalog import CATALOG as CATALOG
    from segwright.models.catalog import ModelEntry as ModelEntry
    from segwright.models.catalog import architecture as architecture
    from segwright.models.catalog import build_model as build_model
    from segwright.models.catalog import describe_model as describe_model
    from segwright.models.foreign import adapt as adapt
    from segwright.models.output import SemanticOutput as SemanticOutput
    from segwright.models.output import resize_logits as resize_logits

_HOMES = {
    "CATALOG": "catalog",
    "ModelEntry": "catalog",
    "architecture": "catalog",
    "build_model": "catalog",
    "describe_model": "catalog",
    "adapt": "foreign",
    "SemanticOutput": "output",
    "resize_logits": "output",
}

__all__ = list(_HOMES)  # pyright: ignore[reportUnsupportedDunderAll]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(importlib.import_module(f"{__name__}.{_HOMES[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_HOMES)
