"""OpenCV for the steps that need it: looked up on use."""

from __future__ import annotations

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
    return package("cv2", extra="classical", purpose=f"refining labels with {purpose!r}")


def ellipse(radius_y_px: float, radius_x_px: float) -> np.ndarray:
    """(2r + 1, 2r + 1) uint8: 1 where a pixel's centre is no farther than the radius."""
    reach_y, reach_x = int(radius_y_px), int(radius_x_px)
    y, x = np.mgrid[-reach_y : reach_y + 1, -reach_x : reach_x + 1].astype(np.float64)
    inside = (y / max(radius_y_px, 1e-9)) ** 2 + (x / max(radius_x_px, 1e-9)) ** 2
    return (inside <= 1 + 1e-9).astype(np.uint8)
