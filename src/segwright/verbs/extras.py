"""The optional parts of an installation: which packages they need and what they are for."""

from __future__ import annotations

import importlib.util
from collections.abc import Iterable, Mapping
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
            "simplejpeg": "simplejpeg",
            "tensorboard": "tensorboard",
        },
        enables="plan, train, predict and evaluate with networks",
    ),
    "metrics": Extra(
        packages={"scipy": "scipy", "skimage": "scikit-image"},
        enables="metrics of outlines and of thin structures",
    ),
    "classical": Extra(
        packages={
            "numba": "numba",
            "cv2": "opencv-python-headless",
            "skimage": "scikit-image",
            "sklearn": "scikit-learn",
            "scipy": "scipy",
        },
        enables="methods without a network, and refinement of labels",
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


def require_packages(names: Iterable[str], *, purpose: str) -> None:
    """Refuses to begin what could not be finished for want of a package.

    Args:
        names: Import names.
        purpose: What needs them.

    Raises:
        MissingDependencyError: One is not installed.
    """
    for name in names:
        if importlib.util.find_spec(name) is None:
            raise missing_dependency(ModuleNotFoundError(name=name), purpose=purpose)
