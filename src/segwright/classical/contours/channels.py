"""What a forest of contours sees of an image: colour and gradients at half its resolution.

Source: Dollár and Zitnick, "Fast edge detection using structured forests", IEEE PAMI 37 (2015),
section 4.1: CIE-LUV colour, gradients of two scales, each as magnitude and in four orientations,
divided by the mean magnitude of the surroundings.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segwright.packages import package

CELL_PX = 2  # width of a cell
MARGIN_CELLS = 8  # around the image, mirrored
NUM_CHANNELS = 13  # L, u, v; twice: magnitude, four orientations
_ORIENTATIONS = 4
_SURROUNDINGS_PX = 4
_LEVELS = 102  # of a gradient, for as much as there is around
_NEAR_CELLS, _FAR_CELLS = 1, 4  # radii of smoothing


@dataclass(frozen=True, eq=False)
class Channels:
    """The channels of one image with a margin of 8 cells around it, smoothed little and much.

    Attributes:
        near: (y + 16, x + 16, 13) uint8 where y, x are half the sides of the image, rounded up.
        far: The same, of wider surroundings.
    """

    near: np.ndarray
    far: np.ndarray

    @classmethod
    def of(cls, colours: np.ndarray) -> Channels:
        """Computes the channels of a picture of (Y, X, 3) float32 RGB, 0 … 1."""
        cv2 = package("cv2", purpose="the contour detector")
        height, width = colours.shape[:2]
        margin = CELL_PX * MARGIN_CELLS
        bottom, right = margin + height % CELL_PX, margin + width % CELL_PX
        colours = np.pad(colours, ((margin, bottom), (margin, right), (0, 0)), "symmetric")
        luv = cv2.cvtColor(np.ascontiguousarray(colours, np.float32), cv2.COLOR_RGB2Luv)
        size = (colours.shape[1] // CELL_PX, colours.shape[0] // CELL_PX)  # width first
        half = cv2.resize(luv, size, interpolation=cv2.INTER_AREA)
        parts = [half * np.float32(255 / 100)]
        parts[0][..., 1:] = (half[..., 1:] + 134) * np.float32(255 / 354)
        for scale in (luv, half):
            found = _gradients(scale / np.float32(270)) * np.float32(_LEVELS)
            parts.append(
                found if scale is half else cv2.resize(found, size, interpolation=cv2.INTER_AREA)
            )
        stack = np.concatenate(parts, axis=2)
        near, far = (
            np.clip(np.rint(_smoothed(stack, radius)), 0, 255).astype(np.uint8)
            for radius in (_NEAR_CELLS, _FAR_CELLS)
        )
        return cls(near, far)


def _gradients(luv: np.ndarray) -> np.ndarray:
    """(Y, X, 5) float32: magnitude, and its shares by orientation, against the surroundings'."""
    cv2 = package("cv2", purpose="the contour detector")
    smooth = _smoothed(luv, 0)
    along_x, along_y = (
        cv2.Sobel(smooth, cv2.CV_32F, dx, dy, ksize=1, scale=0.5, borderType=cv2.BORDER_REFLECT)
        for dx, dy in ((1, 0), (0, 1))
    )
    squared = along_x**2 + along_y**2
    strongest = squared.argmax(axis=2)[..., None]
    x, y, squared = (
        np.take_along_axis(a, strongest, axis=2)[..., 0] for a in (along_x, along_y, squared)
    )
    magnitude = np.sqrt(squared)
    magnitude /= _smoothed(magnitude, _SURROUNDINGS_PX) + np.float32(0.01)
    turn = np.arctan2(y, x) * np.float32(_ORIENTATIONS / np.pi)  # -4 … 4; opposite ones are alike
    lower = np.floor(turn)
    upper_share = turn - lower
    lower = lower.astype(np.int64) % _ORIENTATIONS
    found = np.zeros((*magnitude.shape, 1 + _ORIENTATIONS), np.float32)
    found[..., 0] = magnitude
    for orientation in range(_ORIENTATIONS):
        at_lower = (lower == orientation) * (1 - upper_share)
        at_upper = ((lower + 1) % _ORIENTATIONS == orientation) * upper_share
        found[..., 1 + orientation] = magnitude * (at_lower + at_upper)
    return found


def _smoothed(planes: np.ndarray, radius: int) -> np.ndarray:
    """Weighs neighbours with a triangle that ends beyond the radius."""
    if radius == 0:
        return planes
    cv2 = package("cv2", purpose="the contour detector")
    rising = np.arange(1, radius + 2)
    triangle = np.concatenate([rising, rising[-2::-1]]) / np.float64((radius + 1) ** 2)
    return cv2.sepFilter2D(planes, cv2.CV_32F, triangle, triangle, borderType=cv2.BORDER_REFLECT)
