"""The optional parts of an installation: which packages they need and what they are for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from segwright.errors import MissingDependencyError


@dataclass(frozen=True)
class Extra:
    """One extra of the package, as in `pip install '.[NAME]'`.

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


def missing_dependency(error: ModuleNotFoundError, *, purpose: str) -> Exception:
    """What to raise for an import that failed: the extra that helps, or else the error itself.

    Args:
        error: The failure.
        purpose: What needs the package ("this command").
    """
    name = (error.name or "").partition(".")[0]
    for extra, content in EXTRAS.items():
        if name in content.packages:
            return MissingDependencyError(content.packages[name], extra=extra, purpose=purpose)
    return error
