"""Contours of one pixel's width: what is lower than its neighbour across the contour goes.

Source: Canny, "A computational approach to edge detection", IEEE PAMI 8 (1986); the direction
across is that in which the smoothed contours bend the most: down on a crest, up at its foot.
"""

from __future__ import annotations

import numpy as np

from segwright.packages import package

_SMOOTHING_PX = 2.0
_SLACK = 1.01  # how much higher a neighbour must be


def ridges(contours: np.ndarray) -> np.ndarray:
    """Keeps the highest of each contour's cross-sections.

    Args:
        contours: (Y, X) float32 strengths.

    Returns:
        (Y, X) float32: the strengths on the ridges, 0 elsewhere.
    """
    cv2 = package("cv2", purpose="the contour detector")
    smooth = cv2.GaussianBlur(contours, (0, 0), _SMOOTHING_PX, borderType=cv2.BORDER_REFLECT)
    xx, yy, xy = (
        cv2.Sobel(smooth, cv2.CV_32F, *orders, ksize=3, borderType=cv2.BORDER_REFLECT)
        for orders in ((2, 0), (0, 2), (1, 1))
    )
    # The direction of the higher curvature; where bending down outweighs, the one square to it.
    across = 0.5 * np.arctan2(2 * xy, xx - yy) + (xx + yy < 0) * np.float32(np.pi / 2)
    x, y = np.cos(across), np.sin(across)
    rows, columns = np.indices(contours.shape, np.float32)
    highest = np.ones(contours.shape, bool)
    for side in (-1, 1):
        beside = cv2.remap(
            contours,
            columns + side * x,
            rows + side * y,
            cv2.INTER_LINEAR,
            borderMode=cv2.BORDER_REPLICATE,
        )
        highest &= contours * np.float32(_SLACK) >= beside
    return np.where(highest, contours, np.float32(0))
