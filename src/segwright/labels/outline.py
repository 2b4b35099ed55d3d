"""From pixels to polygons without loss: the outline along the pixels' edges.

Every ring runs with the object on its right hand (clockwise on the screen for exteriors,
counter-clockwise for holes), and has a vertex only where it turns. Pieces that touch at a corner
alone are rings of their own. `region_of(outline(region), …)` is the region again, pixel by pixel,
because the rings lie between pixel centres.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from segwright.labels.components import components
from segwright.labels.polygon import signed_area
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Polygon, Polygons


def outline(region: RunLengths) -> Polygons:
    """The outline of a region, with its holes; no pieces for an empty one.

    Example:
        >>> region = RunLengths.from_mask(np.array([[True, True]]))
        >>> outline(region).parts[0].exterior.tolist()
        [[0.0, 0.0], [2.0, 0.0], [2.0, 1.0], [0.0, 1.0]]
    """
    left, top, width, height = region.box_xywh()
    if width == 0:
        return Polygons(())
    mask = region.mask()[top : top + height, left : left + width]
    numbers, _ = components(mask.astype(np.uint8), neighbours=4)
    pieces: dict[int, np.ndarray] = {}
    holes: dict[int, list[np.ndarray]] = {}
    for ring in _rings(mask):
        piece = int(numbers[_pixel_at_right(ring)])
        ring = ring + np.array((left, top), dtype=np.float64)
        if signed_area(ring) > 0:
            pieces[piece] = ring
        else:
            holes.setdefault(piece, []).append(ring)
    return Polygons(
        tuple(Polygon(pieces[piece], tuple(holes.get(piece, ()))) for piece in sorted(pieces))
    )


def _rings(mask: np.ndarray) -> Iterator[np.ndarray]:
    """Closed rings of corners, (P, 2) int64 of (x, y), beginning with a horizontal edge."""
    padded = np.pad(mask, 1).astype(np.int8)
    level_from, level_to = _edges(np.diff(padded, axis=0)[:, 1:-1])  # (y, x) of both ends
    steep_to, steep_from = (ends[:, ::-1] for ends in _edges(np.diff(padded, axis=1)[1:-1].T))
    across = mask.shape[1] + 1
    to_right = level_to[:, 1] > level_from[:, 1]
    downwards = steep_to[:, 0] > steep_from[:, 0]
    # Where pieces touch at a corner two edges begin; turning right stays with the same piece.
    then_steep = _successors(level_to @ (across, 1), to_right, steep_from @ (across, 1), downwards)
    then_level = _successors(steep_to @ (across, 1), ~downwards, level_from @ (across, 1), to_right)
    following = then_level[then_steep].tolist()
    corners = np.stack((level_from, level_to), axis=1)[..., ::-1]
    unused = [True] * len(following)
    for first in range(len(following)):
        ring, edge = [], first
        while unused[edge]:
            unused[edge] = False
            ring.append(edge)
            edge = following[edge]
        if ring:
            yield corners[ring].reshape(-1, 2)


def _edges(steps: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Maximal edges along the rows of a map of steps, as (E, 2) of (row, column) of both ends.

    Args:
        steps: (L, N): +1 where the object begins below the line, -1 where it ends, 0 elsewhere.

    Returns:
        Beginning and end of every edge, so that the object is on the right hand.
    """
    lines = np.pad(steps, ((0, 0), (1, 1)))
    changes = np.diff(lines, axis=1)
    line, column = np.nonzero(changes)
    before, after = lines[line, column], lines[line, column + 1]
    place = np.stack((line, column), axis=1)
    starts, ends = place[after != 0], place[before != 0]  # an edge may end where another begins
    upwards = after[after != 0] > 0
    return (
        np.where(upwards[:, None], starts, ends),
        np.where(upwards[:, None], ends, starts),
    )


def _successors(
    ends: np.ndarray, wanted: np.ndarray, begins: np.ndarray, direction: np.ndarray
) -> np.ndarray:
    """For each edge that ends, the edge that begins there: in the wanted direction if two do."""
    codes = begins * 2 + direction
    order = np.argsort(codes)
    codes = codes[order]
    preferred = np.searchsorted(codes, ends * 2 + wanted).clip(max=len(codes) - 1)
    other = np.searchsorted(codes, ends * 2 + ~wanted).clip(max=len(codes) - 1)
    found = codes[preferred] == ends * 2 + wanted
    return order[np.where(found, preferred, other)]


def _pixel_at_right(ring: np.ndarray) -> tuple[int, int]:
    """Row and column of the pixel on the right hand of a ring's first, horizontal edge."""
    (x, y), (x_next, _) = ring[0], ring[1]
    return (y, x) if x_next > x else (y - 1, x - 1)
