"""Polygons to masks.

The pixel rule: pixel (row r, column c) covers the square [c, c+1) × [r, r+1), as in COCO, and
belongs to a ring if its centre (c + 0.5, r + 0.5) lies inside by the even-odd rule; a centre
exactly on the boundary belongs to the side right of and below it, so that polygons which share an
edge share no pixel and leave no gap. Rings of one object are united (COCO has no holes).

pycocotools walks the boundary on a grid of fifths of a pixel instead; the two differ only where
a pixel's centre is that close to the boundary. Ours needs no rounding and no grid: every edge is
cut with the column centres it passes, and the sorted cuts are the run lengths.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from segwright.errors import LabelError
from segwright.labels.rle import RunLengths

_CUTS_AT_ONCE = 1 << 20


def rasterise(
    rings: Sequence[np.ndarray], size_hw: tuple[int, int], *, thin: bool = True
) -> RunLengths:
    """The pixels of one object that is drawn as one or more rings.

    A ring may hang over the border, where it is cut off; of several rings some may lie outside. A
    ring too thin to hold any pixel centre
    marks the pixel in the middle of its vertices, so that no drawn object disappears.

    Args:
        rings: Each (P, 2) of (x, y) in pixels, P at least 3, closed by itself.
        size_hw: Height and width of the mask in pixels.
        thin: Whether a ring too thin to hold a pixel centre marks a pixel; holes should not.

    Raises:
        LabelError: No ring, fewer than 3 vertices, a coordinate that is not finite or further
            outside the image than the image is large, or all rings wholly outside the image.
    """
    if not rings:
        raise LabelError("a polygon without any ring", remedy="Remove it or draw it")
    checked = [_checked(np.asarray(ring), size_hw) for ring in rings]
    inside = [ring for ring in checked if not _is_outside(ring, size_hw)]
    if thin and not inside:
        x, y = checked[0].T
        raise LabelError(
            f"a polygon lies wholly outside the image of {size_hw[0]}×{size_hw[1]} (height × "
            f"width): x {x.min():g} … {x.max():g}, y {y.min():g} … {y.max():g}",
            remedy="Check that it belongs to this image, or remove it",
        )
    runs = [np.empty((0, 2), np.int64)]
    runs += [_runs_of_ring(ring, size_hw, thin=thin) for ring in inside]
    return RunLengths.from_runs(_united(np.concatenate(runs)), size_hw)


def _checked(ring: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """The ring as (P, 2) float64 once its shape and coordinates are found usable."""
    if ring.ndim != 2 or ring.shape[1] != 2 or len(ring) < 3 or ring.dtype.kind not in "iuf":
        raise LabelError(
            f"a polygon ring of shape {ring.shape} and type {ring.dtype}",
            remedy="Give at least 3 vertices as x, y pairs of numbers",
        )
    ring = ring.astype(np.float64)
    side_xy = np.array([size_hw[1], size_hw[0]], dtype=np.float64)
    bad = ~(np.isfinite(ring) & (ring >= -side_xy) & (ring <= 2 * side_xy))
    if bad.any():
        vertex = int(np.argwhere(bad)[0, 0])
        raise LabelError(
            f"polygon vertex {vertex} is at x={ring[vertex, 0]:g}, y={ring[vertex, 1]:g}, far "
            f"outside the image of {size_hw[0]}×{size_hw[1]} (height × width)",
            remedy="Give finite pixel coordinates (not fractions of the image)",
        )
    return ring


def _is_outside(ring: np.ndarray, size_hw: tuple[int, int]) -> bool:
    """Whether a ring shares no area with the image, told by its bounds."""
    return bool((ring.max(axis=0) <= 0).any() or (ring.min(axis=0) >= size_hw[::-1]).any())


def _runs_of_ring(ring: np.ndarray, size_hw: tuple[int, int], *, thin: bool) -> np.ndarray:
    """Foreground runs of one ring as (R, 2) column-major [start, end), ascending and apart."""
    height, width = size_hw
    column = np.ceil(ring[:, 0] - 0.5).clip(0, width).astype(np.int64)
    first, last = int(column.min()), int(column.max())
    num_cuts = int(np.abs(column - np.roll(column, -1)).sum())
    # A few columns at a time: many edges that all cross the image would fill the memory with cuts.
    step = width if num_cuts <= _CUTS_AT_ONCE else max(1, _CUTS_AT_ONCE // len(ring))
    runs = np.concatenate(
        [np.empty((0, 2), np.int64)]
        + [
            _runs_in_columns(ring, start, min(start + step, last), height)
            for start in range(first, last, step)
        ]
    )
    return _middle_pixel(ring, size_hw) if thin and not len(runs) else runs


def _runs_in_columns(ring: np.ndarray, start: int, stop: int, height: int) -> np.ndarray:
    """The runs of a ring in the columns [start, stop); shape (R, 2), as of the whole mask."""
    x, y = ring[:, 0], ring[:, 1]
    x_next, y_next = np.roll(x, -1), np.roll(y, -1)
    # An edge cuts the centres c + 0.5 of the columns in [first, last).
    first = np.ceil(np.minimum(x, x_next) - 0.5).clip(start, stop).astype(np.int64)
    last = np.ceil(np.maximum(x, x_next) - 0.5).clip(start, stop).astype(np.int64)
    lengths = last - first
    edge = np.repeat(np.arange(len(ring)), lengths)
    column = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    column += first[edge]
    along = (column + 0.5 - x[edge]) / (x_next - x)[edge]
    cut_y = y[edge] + along * (y_next - y)[edge]
    row = np.ceil(cut_y - 0.5).clip(0, height).astype(np.int64)
    # A closed ring cuts each column an even number of times: the sorted cuts pair up.
    runs = np.sort(column * height + row).reshape(-1, 2)
    return runs[runs[:, 0] < runs[:, 1]]


def _middle_pixel(ring: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """The one run of the pixel in the middle of the vertices, moved into the image."""
    column, row = np.floor(ring.mean(axis=0)).astype(np.int64)
    position = min(max(column, 0), size_hw[1] - 1) * size_hw[0] + min(max(row, 0), size_hw[0] - 1)
    return np.array([[position, position + 1]])


def _united(runs: np.ndarray) -> np.ndarray:
    """Union of (R, 2) runs [start, end): runs that touch or overlap become one; shape (R', 2)."""
    if not len(runs):
        return runs
    runs = runs[np.argsort(runs[:, 0], kind="stable")]
    reach = np.maximum.accumulate(runs[:, 1])
    new = np.concatenate(([True], runs[1:, 0] > reach[:-1]))
    last = np.concatenate((np.flatnonzero(new)[1:] - 1, [len(runs) - 1]))
    return np.stack((runs[new, 0], reach[last]), axis=1)


def signed_area(ring: np.ndarray) -> float:
    """Area within a ring in square pixels; positive where it runs clockwise on the screen.

    Args:
        ring: (P, 2) of (x, y), y down, closed by itself.
    """
    x, y = (ring - ring[0]).T
    return float(x @ np.roll(y, -1) - y @ np.roll(x, -1)) / 2
