"""Scores brought from the pixels that a network saw to the pixels of the image."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

import numpy as np

Bands = Iterable[tuple[slice, np.ndarray]]
"""From top to bottom: (rows, their (K, n, X) float32 scores)."""


def regridded(bands: Bands, seen_hw: tuple[int, int], size_hw: tuple[int, int]) -> Bands:
    """Resizes scores linearly while they come in, in memory that does not grow with the height.

    Both grids have the same borders. Where they are the same grid, the bands pass untouched.

    Args:
        bands: Scores on the grid that was seen.
        seen_hw: Size of that grid.
        size_hw: Size of the image.

    Yields:
        Bands on the grid of the image. The arrays may be reused: take what is needed from one
        before asking for the next.
    """
    return bands if seen_hw == size_hw else _resized(bands, seen_hw, size_hw)


def _resized(
    bands: Bands, seen_hw: tuple[int, int], size_hw: tuple[int, int]
) -> Iterator[tuple[slice, np.ndarray]]:
    rows, columns = (_Taps.between(*pair) for pair in zip(seen_hw, size_hw, strict=True))
    held: np.ndarray | None = None  # rows seen from `first` on, already as wide as the image
    first = done = 0
    for where, band in bands:
        wide = columns.mixed(band[..., columns.before], band[..., columns.after])
        held = wide if held is None else np.concatenate((held, wide), axis=1)
        ready = int(np.searchsorted(rows.after, where.stop))  # both their rows have come
        if ready > done:
            some = rows.part(done, ready)
            upper, lower = held[:, some.before - first], held[:, some.after - first]
            yield slice(done, ready), some.mixed(upper, lower, axis=1)
            done = ready
        if done < size_hw[0]:
            needed = min(int(rows.before[done]), where.stop)
            held, first = held[:, needed - first :], needed


@dataclass(frozen=True)
class _Taps:
    """For each pixel along an axis of the image, the two seen pixels that it lies between.

    Attributes:
        before: Index of the first.
        after: Index of the second; the same beyond the outermost centres.
        share: Weight of the second, float32.
    """

    before: np.ndarray
    after: np.ndarray
    share: np.ndarray

    @classmethod
    def between(cls, seen: int, length: int) -> _Taps:
        places = ((np.arange(length) + 0.5) * (seen / length) - 0.5).clip(0, seen - 1)
        before = np.floor(places).astype(np.intp)
        after = np.minimum(before + 1, seen - 1)
        return cls(before, after, (places - before).astype(np.float32))

    def part(self, start: int, stop: int) -> _Taps:
        some = slice(start, stop)
        return _Taps(self.before[some], self.after[some], self.share[some])

    def mixed(self, one: np.ndarray, other: np.ndarray, axis: int = 2) -> np.ndarray:
        """What lies between two rows of pixels along an axis of (K, Y, X)."""
        share = self.share if axis == 2 else self.share[:, None]
        return one + (other - one) * share
