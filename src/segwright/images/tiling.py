"""Overlapping tiles over a picture of any size: where they lie and how they blend."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segwright.errors import UsageError

# Weight of a tile's outermost pixels along one axis. Not nearer to zero: the product of two is
# summed and divided by in float32, and may be stored in less.
_EDGE_WEIGHT = 0.02


@dataclass(frozen=True)
class Tile:
    """One tile of a picture.

    Attributes:
        y: Row of its top left pixel in the picture.
        x: Column of its top left pixel in the picture.
        size_hw: Rows and columns of the picture that it covers, in pixels.
        pad_hw: Rows below and columns to the right that are missing to the full tile size;
            (0, 0) unless the picture is smaller than a tile.
    """

    y: int
    x: int
    size_hw: tuple[int, int]
    pad_hw: tuple[int, int] = (0, 0)

    @property
    def slices(self) -> tuple[slice, slice]:
        """Rows and columns to index a (Y, X, …) array with."""
        return slice(self.y, self.y + self.size_hw[0]), slice(self.x, self.x + self.size_hw[1])


def tile_grid(size_hw: tuple[int, int], tile_hw: tuple[int, int], overlap: int = 0) -> list[Tile]:
    """Covers a picture with tiles of one size, row by row from the top left.

    The last tile of a row or column is shifted inwards to end at the picture's edge, so that all
    tiles have the same size; a picture smaller than a tile gets one tile that says its padding.

    Args:
        size_hw: Height and width of the picture, in pixels, each at least 1.
        tile_hw: Height and width of a tile, in pixels, each at least 1.
        overlap: The least number of pixels that neighbours share, at most half a tile, which
            bounds the work: each pixel lies in at most 9 tiles.

    Raises:
        UsageError: A size below 1, or an overlap out of range.

    Example:
        >>> [tile.x for tile in tile_grid((4, 10), (4, 4), overlap=1)]
        [0, 3, 6]
    """
    if min(*size_hw, *tile_hw) < 1:
        raise UsageError(
            f"picture {size_hw} and tile {tile_hw} pixels; each side must be 1 or more",
            remedy="Give heights and widths in pixels",
        )
    if not 0 <= overlap <= min(tile_hw) // 2:
        raise UsageError(
            f"overlap {overlap} is outside 0 … {min(tile_hw) // 2}, half of tile {tile_hw}",
            where="overlap",
            remedy="Give fewer pixels or larger tiles",
        )
    covered = min(size_hw[0], tile_hw[0]), min(size_hw[1], tile_hw[1])
    pad = tile_hw[0] - covered[0], tile_hw[1] - covered[1]
    return [
        Tile(y, x, covered, pad)
        for y in _starts(size_hw[0], tile_hw[0], overlap)
        for x in _starts(size_hw[1], tile_hw[1], overlap)
    ]


def blend_window(tile_hw: tuple[int, int]) -> np.ndarray:
    """Weights to blend overlapping tiles with: highest in the middle, above 0 everywhere.

    Returns:
        (Y, X) float32 in (0, 1]; the product of two raised cosines, which sees to it that the
        weight of a tile fades out where its neighbour's context is better. Symmetric.
    """
    rows, columns = (_raised_cosine(length) for length in tile_hw)
    return np.outer(rows, columns).astype(np.float32)


def _starts(length: int, tile: int, overlap: int) -> list[int]:
    """First pixels of the tiles along one axis."""
    last = max(length - tile, 0)
    return [*range(0, last, tile - overlap), last]


def _raised_cosine(length: int) -> np.ndarray:
    hann = np.sin(np.pi * (np.arange(length) + 0.5) / length) ** 2
    return _EDGE_WEIGHT + (1 - _EDGE_WEIGHT) * hann
