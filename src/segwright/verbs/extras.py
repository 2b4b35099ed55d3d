"""The optional parts of an installation: which packages they need and what they are for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass


@dataclass(frozen=True)
class Extra:
    """One extra of the package, as in `pip install 'segwright[NAME]'`.

    Attributes:
        packages: Import name → name to install.
        enables: What works with it and not without.
    """

    packages: Mapping[str, str]
    enables: str


EXTRAS: Mapping[str, Extra] = {
    "train": Extra(
        packages={
            "torch": "torch",
            "torchvision": "torchvision",
            "timm": "timm",
            "cv2": "opencv-python-headless",
            "tensorboard": "tensorboard",
        },
        enables="plan, train, predict and evaluate with networks",
    ),
}


def extra_of(import_name: str) -> tuple[str, str] | None:
    """(extra, name to install) of a package by its import name; None if it is in no extra."""
    for name, extra in EXTRAS.items():
        if import_name in extra.packages:
            return name, extra.packages[import_name]
    return None
