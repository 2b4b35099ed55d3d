"""Packages that some methods need: imported when they are used."""

from __future__ import annotations

import importlib
from typing import Any

from segwright.errors import MissingDependencyError


def package(name: str, *, purpose: str) -> Any:
    """A module of the extra "classical", such as `cv2` or `scipy.ndimage`.

    Args:
        name: Of the module.
        purpose: The method that needs it.

    Raises:
        MissingDependencyError: It is not installed.
    """
    try:
        return importlib.import_module(name)
    except ModuleNotFoundError as error:
        root = name.split(".")[0]
        raise MissingDependencyError(root, extra="classical", purpose=purpose) from error
