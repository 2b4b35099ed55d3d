"""Contrast-limited adaptive histogram equalisation."""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.images.image import LUMINANCE, Image
from segwright.prepare.step import Step, as_stored, is_constant, value_range

_LEVELS = 256
_SMALLEST_TILE_PX = 16  # a histogram of fewer pixels says nothing

Tiles = Annotated[int, Field(ge=1, le=64)]


class Clahe(Step):
    """Evens out local contrast: CLAHE (Zuiderveld, Graphics Gems IV, 1994).

    256 levels span 0 … 255 of 8 bits, and the image's own smallest to largest value of 16 bits and
    floats; there the curve runs straight from level to level, so no grey is lost. A picture comes
    out the same, but for rounding, however many bits it is stored in. (OpenCV's limit loses its
    meaning at 16 bits, where most of the 65,536 levels are empty; floats it does not take; and at
    8 bits it gives what it cannot spread evenly to the darkest levels.)

    RGB is equalised in its luminance: all three channels move by what the luminance moves, and
    stay inside the range. Any other number of channels is equalised one by one. A constant image
    stays as it is.

    Attributes:
        clip: The largest slope of the curve, as a multiple of an even histogram, 1 … 100. 1 leaves
            nearly all as it is.
        grid: Tiles along Y and X, 1 … 64; fewer in small images, so that none is below 16 px.
    """

    bare: ClassVar[tuple[str, ...]] = ("clip",)
    step: Literal["clahe"] = "clahe"
    clip: float = Field(default=2.0, ge=1, le=100)
    grid: tuple[Tiles, Tiles] = (8, 8)

    def apply(self, image: Image) -> Image:
        low, high = value_range(image)
        pixels = image.pixels
        if is_constant(pixels):
            return image
        if image.num_channels != 3:
            planes = [self._equalised(pixels[..., c], low, high) for c in range(pixels.shape[-1])]
            return replace(image, pixels=as_stored(np.stack(planes, -1), pixels.dtype))
        luminance = as_stored(np.clip(pixels @ LUMINANCE, low, high), pixels.dtype)
        change = self._equalised(luminance, low, high) - luminance
        moved = np.clip(pixels + change[..., None], low, high)
        return replace(image, pixels=as_stored(moved, pixels.dtype))

    def _equalised(self, plane: np.ndarray, low: float, high: float) -> np.ndarray:
        """(Y, X) float64 of the equalised plane, inside low … high."""
        if is_constant(plane):
            return plane.astype(np.float64)
        rows, columns = (
            min(most, max(1, side // _SMALLEST_TILE_PX))
            for most, side in zip(self.grid, plane.shape, strict=True)
        )
        if plane.dtype == np.uint8:
            return equalised(plane, self.clip, (rows, columns))
        top = _LEVELS - 1
        levels = (plane.astype(np.float64) - low) * (top / (high - low))
        return low + equalised(levels, self.clip, (rows, columns)) * ((high - low) / top)


def equalised(levels: np.ndarray, clip: float, grid: tuple[int, int]) -> np.ndarray:
    """CLAHE of levels, whole or real.

    Args:
        levels: (Y, X) in 0 … 255, uint8 or float64.
        clip: See `Clahe`.
        grid: Tiles along Y and X.

    Returns:
        (Y, X) float64 in 0 … 255.
    """
    curves, tile_hw = _curves(levels, clip, grid)
    known = np.arange(_LEVELS)

    def read(curve: np.ndarray, block: np.ndarray) -> np.ndarray:
        return curve[block] if block.dtype == np.uint8 else np.interp(block, known, curve)

    changed = np.empty(levels.shape)
    for row in _cells(levels.shape[0], tile_hw[0], grid[0]):
        for column in _cells(levels.shape[1], tile_hw[1], grid[1]):
            block = levels[row.span, column.span]
            upper, lower = (
                _mixed(
                    read(curves[tile, column.first], block),
                    read(curves[tile, column.second], block),
                    column.share,
                )
                for tile in (row.first, row.second)
            )
            changed[row.span, column.span] = _mixed(upper, lower, row.share[:, None])
    return changed


def _curves(
    levels: np.ndarray, clip: float, grid: tuple[int, int]
) -> tuple[np.ndarray, tuple[int, int]]:
    """The grey curve of every tile, (gy, gx, 256) in 0 … 255, and the size of a tile."""
    missing = [-side % count for side, count in zip(levels.shape, grid, strict=True)]
    padded = np.pad(np.rint(levels).astype(np.intp), [(0, m) for m in missing], mode="reflect")
    (gy, gx), (height, width) = grid, padded.shape
    tile_hw = height // gy, width // gx
    tiles = padded.reshape(gy, tile_hw[0], gx, tile_hw[1])
    first_bin = np.arange(gy * gx).reshape(gy, 1, gx, 1) * _LEVELS
    counts = np.bincount((tiles + first_bin).ravel(), minlength=gy * gx * _LEVELS)
    counts = counts.reshape(gy, gx, _LEVELS)
    area_px = tile_hw[0] * tile_hw[1]
    limit = max(1, int(clip * area_px / _LEVELS))
    kept = np.minimum(counts, limit)
    excess = (counts - kept).sum(-1, keepdims=True) / _LEVELS  # spread over all levels
    return (kept + excess).cumsum(-1) * ((_LEVELS - 1) / area_px), tile_hw


@dataclass(frozen=True)
class _Cell:
    """Pixels along one axis that lie between the same two tile centres.

    Attributes:
        span: The pixels.
        first: The tile before them.
        second: The tile after them; the same beyond the outermost centres.
        share: Weight of the second tile at each pixel.
    """

    span: slice
    first: int
    second: int
    share: np.ndarray


def _cells(length: int, tile_px: int, count: int) -> list[_Cell]:
    places = np.arange(length) / tile_px - 0.5
    before = np.floor(places).astype(int)
    cells = []
    for tile in range(before[0], before[-1] + 1):
        start, stop = np.searchsorted(before, (tile, tile + 1))
        first, second = max(tile, 0), min(tile + 1, count - 1)
        cells.append(_Cell(slice(start, stop), first, second, places[start:stop] - tile))
    return cells


def _mixed(one: np.ndarray, other: np.ndarray, share: np.ndarray) -> np.ndarray:
    return one + (other - one) * share
