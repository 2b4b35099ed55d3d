"""Polygons with holes and pieces as one ring, for formats that know no others, and back.

The rings are joined by bridges: lines that are walked there and back, so that they enclose nothing.
A bridge to a hole runs level from the hole's leftmost vertex to the left, through the object; one
between two pieces runs between their nearest vertices, level and then upright. Such lines pass
between pixels or through whole rows of them in both directions, so that no pixel changes.

Other programs join pieces in the same way (Ultralytics' converter from COCO does), therefore
`unbridged` also takes their rings apart.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from segwright.labels.polygon import rasterise, signed_area
from segwright.labels.shapes import Polygon, Polygons, region_of

_MOST_RINGS = 10_000
"""Who joins more pieces than that has not drawn an object; the time grows with their square."""


def bridged(drawn: Polygons) -> np.ndarray | None:
    """One ring that encloses the same pixels, (P, 2) float64.

    Args:
        drawn: Holes must lie inside their exteriors, and pieces apart, as `outline` makes them.

    Returns:
        None if a hole has no exterior at its left.
    """
    rings = []
    for part in drawn.parts:
        ring = _turned(part.exterior, clockwise=True)
        for hole in sorted(part.holes, key=lambda ring: ring[:, 0].min()):
            cut = _with_hole(ring, _turned(hole, clockwise=False))
            if cut is None:
                return None
            ring = cut
        rings.append(ring)
    return _joined(rings)


def unbridged(ring: np.ndarray, size_hw: tuple[int, int]) -> Polygons:
    """Takes a ring apart at its bridges.

    Args:
        ring: (P, 2) of (x, y) in pixels, finite.
        size_hw: Height and width of the picture in pixels.

    Returns:
        Pieces with their holes, of which the larger rings tell which are holes by turning the
        other way; the ring as it is if it never comes back to a vertex, or if its pieces were
        other pixels.
    """
    whole = Polygons((Polygon(ring),))
    rings = _closed_rings(ring)
    if not rings or len(rings[0]) == len(ring) or len(rings) > _MOST_RINGS:
        return whole
    parts = _parts(rings)
    region, taken = rasterise([ring], size_hw), region_of(parts, size_hw)
    same = taken.area_px == region.area_px and not (taken - region).area_px
    return parts if same else whole


def _parts(rings: Sequence[np.ndarray]) -> Polygons:
    """Pieces with holes: what turns the other way than the largest ring and lies in another."""
    areas = np.array([signed_area(ring) for ring in rings])
    low, high = (np.array([side(ring, axis=0) for ring in rings]) for side in (np.min, np.max))
    outer = (areas > 0) == (areas[np.argmax(np.abs(areas))] > 0)
    holes_of: dict[int, list[np.ndarray]] = {i: [] for i in np.flatnonzero(outer).tolist()}
    for i in np.flatnonzero(~outer).tolist():
        within = outer & (low <= low[i]).all(axis=1) & (high >= high[i]).all(axis=1)
        if within.any():
            tightest = int(np.argmin(np.where(within, np.abs(areas), np.inf)))
            holes_of[tightest].append(rings[i])
        else:
            holes_of[i] = []
    return Polygons(tuple(Polygon(rings[i], tuple(holes)) for i, holes in holes_of.items()))


def _turned(ring: np.ndarray, *, clockwise: bool) -> np.ndarray:
    return ring if (signed_area(ring) > 0) == clockwise else ring[::-1]


def _with_hole(ring: np.ndarray, hole: np.ndarray) -> np.ndarray | None:
    """The ring with a level cut from its nearest edge at the left to the hole's leftmost vertex."""
    first = int(np.argmin(hole[:, 0]))
    x, y = hole[first]
    following = np.roll(ring, -1, axis=0)
    (x0, y0), (x1, y1) = ring.T, following.T
    crosses = (np.minimum(y0, y1) <= y) & (np.maximum(y0, y1) >= y) & (y0 != y1)
    with np.errstate(divide="ignore", invalid="ignore"):
        at = np.where(y0 == y, x0, np.where(y1 == y, x1, x0 + (y - y0) / (y1 - y0) * (x1 - x0)))
    at = np.where(crosses & (at <= x), at, -np.inf)
    edge = int(np.argmax(at))
    if not np.isfinite(at[edge]):
        return None
    landing = np.array([[at[edge], y]])
    around = np.roll(hole, -first, axis=0)
    bridge = (landing, around, around[:1], landing)
    return np.concatenate((ring[: edge + 1], *bridge, ring[edge + 1 :]))


def _joined(rings: Sequence[np.ndarray]) -> np.ndarray:
    """Every piece hangs on the one before it whose box is nearest, at their nearest vertices."""
    corners = np.array([(*ring.min(axis=0), *-ring.max(axis=0)) for ring in rings])
    first, hanging = [0] * len(rings), [[] for _ in rings]
    for i in range(1, len(rings)):
        # How far each earlier box ends before this one begins, left, above, right and below.
        gaps = np.maximum(corners[:i] + np.roll(corners[i], 2), 0)
        at = int(np.argmin((gaps**2).sum(axis=1)))
        start, first[i] = _nearest(rings[at], rings[i])
        hanging[at].append((start, i))
    whole: dict[int, np.ndarray] = {}
    for i in reversed(range(len(rings))):
        ring, pieces, done = np.roll(rings[i], -first[i], axis=0), [], 0
        for start, child in sorted(((s - first[i]) % len(ring), c) for s, c in hanging[i]):
            around = whole.pop(child)
            corner = np.array([[around[0, 0], ring[start, 1]]])
            pieces += [ring[done : start + 1], corner, around, around[:1], corner]
            done = start
        whole[i] = np.concatenate((*pieces, ring[done:]))
    return whole[0]


def _nearest(ring: np.ndarray, piece: np.ndarray) -> tuple[int, int]:
    """Positions of two vertices that are nearest to each other."""
    best, found = np.inf, (0, 0)
    step = max(1, (1 << 20) // len(piece))  # so many vertices at once
    for first in range(0, len(ring), step):
        apart = ring[first : first + step, None] - piece[None]
        squares = (apart**2).sum(axis=2)
        at = int(np.argmin(squares))
        if squares.flat[at] < best:
            best = float(squares.flat[at])
            found = (first + at // len(piece), at % len(piece))
    return found


def _closed_rings(ring: np.ndarray) -> list[np.ndarray]:
    """The rings that a ring falls into where it comes back to a vertex; bridges enclose none."""
    path: list[tuple[float, float]] = []
    place_of: dict[tuple[float, float], int] = {}
    rings = []
    for vertex in map(tuple, ring.tolist()):
        place = place_of.get(vertex)
        if place is not None:
            rings.append(path[place:])
            for left in path[place:]:
                del place_of[left]
            del path[place:]
        place_of[vertex] = len(path)
        path.append(vertex)
    rings.append(path)
    return [np.array(one, dtype=np.float64) for one in rings if len(one) > 2]
