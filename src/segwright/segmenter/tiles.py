"""Overlapping tiles of a large image, and how their outputs become one in bounded memory."""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np


@dataclass(frozen=True, eq=False)
class Span:
    """One tile along one axis.

    Attributes:
        start: First pixel.
        stop: One past the last pixel.
        weights: (stop - start,) float32; at every pixel the weights of all spans add up to 1.
    """

    start: int
    stop: int
    weights: np.ndarray

    @property
    def slice(self) -> slice:
        return slice(self.start, self.stop)


def spans(length: int, tile: int, overlap: int, multiple: int) -> list[Span]:
    """Covers an axis with evenly spread tiles that start at multiples of `multiple`.

    With such starts a strided network samples a tile at the very pixels where it would sample the
    whole image. At each seam the weights pass linearly from one tile to the next over the middle
    `overlap / 2` pixels of what the two share; the pixels nearest to a cut, which see the least
    of their surroundings, are not used.

    Args:
        length: Pixels along the axis.
        tile: Length of a tile, at least `multiple`; it is rounded down to a multiple of it.
        overlap: Least number of pixels shared by neighbours, rounded up to a multiple; at most
            half of `tile`.
        multiple: Grid that starts are on.

    Returns:
        Spans in order, each no longer than `tile`.
    """
    if length <= tile:
        return [Span(0, length, np.ones(length, np.float32))]
    tile_units = tile // multiple
    overlap_units = math.ceil(overlap / multiple)
    length_units = math.ceil(length / multiple)
    slack = length_units - tile_units
    steps = max(1, math.ceil(slack / (tile_units - overlap_units)))
    starts = [step * slack // steps * multiple for step in range(steps + 1)]
    stops = [min(start + tile_units * multiple, length) for start in starts]
    seams = [(stop + start) / 2 for stop, start in zip(stops[:-1], starts[1:], strict=True)]
    # rises[i] is 0 before seam i and 1 after it; the ramps of two seams never meet, so the
    # differences below are the weights, none negative, with sum 1.
    pixels = np.arange(length) + 0.5
    ramp = max(overlap_units * multiple / 2, 1e-6)
    rises = [np.ones(length), *(np.clip((pixels - seam) / ramp + 0.5, 0, 1) for seam in seams)]
    falls = [*rises[1:], np.zeros(length)]
    return [
        Span(start, stop, (rise - fall)[start:stop].astype(np.float32))
        for start, stop, rise, fall in zip(starts, stops, rises, falls, strict=True)
    ]


def woven(
    rows: Sequence[Span],
    columns: Sequence[Span],
    run: Callable[[Span, Span], np.ndarray],
    *,
    num_classes: int,
) -> Iterator[tuple[slice, np.ndarray]]:
    """Runs every tile and yields the blended output from top to bottom as it gets complete.

    Only one row of tiles is held: K × tile × width floats, whatever the height of the image.

    Args:
        rows: Tiles along Y.
        columns: Tiles along X.
        run: Gives the (K, y, x) float32 output of the tile at a row and a column span.
        num_classes: K.

    Yields:
        (which rows of the image, their (K, n, X) float32 output). The array is reused: take what
        is needed from it before asking for the next.
    """
    tallest = max(row.stop - row.start for row in rows)
    band = np.zeros((num_classes, tallest, columns[-1].stop), np.float32)
    for row, following in zip(rows, [*rows[1:], None], strict=True):
        height = row.stop - row.start
        for column in columns:
            weights = row.weights[:, None] * column.weights
            band[:, :height, column.slice] += run(row, column) * weights
        done = height if following is None else following.start - row.start
        yield slice(row.start, row.start + done), band[:, :done]
        # What the next row of tiles shares with this one moves to the top.
        shared = height - done
        band[:, :shared] = band[:, done:height]
        band[:, shared:] = 0
