"""Packages of an extra: imported when they are used."""

from __future__ import annotations

import importlib
from typing import Any

from segwright.errors import MissingDependencyError


def package(name: str, *, extra: str = "classical", purpose: str) -> Any:
    """A module that is not part of the smallest installation, such as `cv2` or `scipy.ndimage`.

    Args:
        name: Of the module.
        extra: What it comes with.
        purpose: What needs it.

    Raises:
        MissingDependencyError: It is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        root = name.split(".")[0]
        raise MissingDependencyError(root, extra=extra, purpose=purpose) from error
