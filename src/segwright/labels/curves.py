"""Circles, ellipses and turned boxes as polygons."""

from __future__ import annotations

import math

import numpy as np

CURVE_TOLERANCE_PX = 0.05
"""How far a polygon that stands for a curve may lie from it."""

_MOST_VERTICES = 16_384


def ellipse_ring(
    centre_xy: tuple[float, float], radii_xy: tuple[float, float], *, degrees: float = 0.0
) -> np.ndarray:
    """An ellipse as a ring of vertices.

    There are as many vertices as it takes to stay within `CURVE_TOLERANCE_PX` of the curve. They
    lie outside it as far as the middles of the edges lie inside.

    Args:
        centre_xy: Its middle in pixels.
        radii_xy: Half its width and height in pixels, before it is turned.
        degrees: By how much it is turned, clockwise on the screen.

    Returns:
        (P, 2) float64 of (x, y) in pixels, P a multiple of 4.
    """
    longest = max(abs(radii_xy[0]), abs(radii_xy[1]))
    number = 8
    if CURVE_TOLERANCE_PX < longest < math.inf:
        inner = (longest - CURVE_TOLERANCE_PX) / (longest + CURVE_TOLERANCE_PX)
        number = min(max(number, math.ceil(math.pi / math.acos(inner))), _MOST_VERTICES)
    number += -number % 4
    outward = 2 / (1 + math.cos(math.pi / number))
    angles = np.arange(number) * (2 * math.pi / number)
    with np.errstate(invalid="ignore", over="ignore"):  # whoever draws the ring looks at it
        ring = np.stack((np.cos(angles), np.sin(angles)), axis=1) * (np.array(radii_xy) * outward)
        return turned(ring + np.array(centre_xy), about_xy=centre_xy, degrees=degrees)


def box_ring(left: float, top: float, right: float, bottom: float) -> np.ndarray:
    """The corners of a box from the upper left one on, clockwise, (4, 2) float64."""
    return np.array([(left, top), (right, top), (right, bottom), (left, bottom)], dtype=np.float64)


def turned(ring: np.ndarray, *, about_xy: tuple[float, float], degrees: float) -> np.ndarray:
    """A ring turned about a point, clockwise on the screen; exact for multiples of 90°."""
    quarters, rest = divmod(degrees % 360, 90)
    cosine, sine = math.cos(math.radians(rest)), math.sin(math.radians(rest))
    for _ in range(int(quarters)):
        cosine, sine = -sine, cosine
    x, y = (ring - np.array(about_xy)).T
    return np.stack((x * cosine - y * sine, x * sine + y * cosine), axis=1) + np.array(about_xy)
