"""OpenCV for the steps that need it: looked up on use, one channel at a time."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np

from segwright.packages import package


def opencv(purpose: str) -> Any:
    """The module `cv2`.

    Args:
        purpose: The step that needs it.

    Raises:
        MissingDependencyError: It is not installed.
    """
    return package("cv2", extra="train", purpose=f"preparing images with {purpose!r}")


def plane_by_plane(pixels: np.ndarray, change: Callable[[np.ndarray], np.ndarray]) -> np.ndarray:
    """(Y, X, C) → (y, x, C), each channel changed alone: what OpenCV takes has few channels."""
    planes = [change(np.ascontiguousarray(pixels[..., c])) for c in range(pixels.shape[-1])]
    return np.stack(planes, axis=-1)
