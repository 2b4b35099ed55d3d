"""Cuts rings off far outside an image, where no pixel changes."""

from __future__ import annotations

import numpy as np

_MARGIN = 1.0


def clipped(
    ring: np.ndarray, size_hw: tuple[int, int], *, margin_px: float = _MARGIN
) -> np.ndarray:
    """The part of a ring on an image and a margin around it.

    Args:
        ring: (P, 2) of (x, y) in pixels.
        size_hw: Height and width of the image in pixels.
        margin_px: Width of the margin in pixels.

    Returns:
        The ring itself if it lies within, otherwise (Q, 2) float64; Q is 0 if nothing of it lies
        on the image. Pieces stay joined by lines in the margin, which enclose nothing.

    Source: I. Sutherland and G. Hodgman, "Reentrant Polygon Clipping", 1974.
    """
    far = np.array(size_hw[::-1], dtype=np.float64) + margin_px
    if not np.isfinite(ring).all():
        return ring
    for axis in (0, 1):
        ring = _above(ring, axis, -margin_px)
        ring = -_above(-ring, axis, -far[axis])
    if not len(ring):
        return ring
    outside = (ring.max(axis=0) <= 0).any() or (ring.min(axis=0) >= size_hw[::-1]).any()
    return ring[:0] if outside else ring


def _above(ring: np.ndarray, axis: int, border: float) -> np.ndarray:
    """The part of a ring whose coordinate along an axis is at least `border`."""
    inside = ring[:, axis] >= border
    if inside.all() or not inside.any():
        return ring[inside]
    before, was_inside = np.roll(ring, 1, axis=0), np.roll(inside, 1)
    crosses = inside != was_inside
    with np.errstate(all="ignore"):
        along = (border - before[:, axis]) / (ring[:, axis] - before[:, axis])
        cuts = before + along[:, None] * (ring - before)  # those that do not cross are left out
    cuts[:, axis] = border
    # Of each edge: where it cuts the border, then its end if that is inside.
    both = np.stack((cuts, ring), axis=1).reshape(-1, 2)
    return both[np.stack((crosses, inside), axis=1).ravel()]
