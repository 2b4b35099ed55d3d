"""Histograms of oriented gradients around every pixel."""

from __future__ import annotations

from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.features.derivatives import lengths
from segwright.features.feature import Feature
from segwright.features.view import View, filtered, opencv

_KEEP = np.array([1], np.float32)
_SLOPE = np.array([-1, 0, 1], np.float32)
_CLIP = np.float32(0.2)


class OrientedGradients(Feature):
    """Shares of edge directions in the cell around a pixel (Dalal & Triggs 2005).

    A cell is a square around each pixel rather than one of a grid, so nothing jumps at the borders
    of a grid. Its histogram is divided by the length of all histograms of the block of 3 × 3 cells
    around it, clipped at 0.2 and divided by its own length, so that contrast does not matter.
    """

    bare: ClassVar[tuple[str, ...]] = ("cell_px",)
    step: Literal["hog"] = "hog"
    cell_px: int = Field(default=8, ge=2, le=64, description="Side of a cell in pixels, 2 … 64")
    orientations: int = Field(
        default=9, ge=2, le=18, description="Directions, spread evenly over half a turn, 2 … 18"
    )

    @property
    def reach_px(self) -> int:
        return 1 + self.cell_px + (self.cell_px + 1) // 2

    def names(self, num_channels: int) -> tuple[str, ...]:
        step = 180 / self.orientations
        return tuple(f"hog {self.cell_px} {n * step:g}°" for n in range(self.orientations))

    def describe(self, view: View) -> np.ndarray:
        cells = cell_histograms(view.grey, self.cell_px, self.orientations)
        energy = np.einsum("byx,byx->yx", cells, cells)
        # The sum over 3 × 3 cells, one cell apart.
        reach = np.zeros(2 * self.cell_px + 1, np.float32)
        reach[:: self.cell_px] = 1
        cells /= np.sqrt(filtered(energy, reach, reach)) + np.float32(1e-5)
        np.minimum(cells, _CLIP, out=cells)
        cells /= np.sqrt(np.einsum("byx,byx->yx", cells, cells)) + np.float32(1e-5)
        return cells


def cell_histograms(grey: np.ndarray, cell_px: int, orientations: int) -> np.ndarray:
    """Mean gradient magnitude per direction in the cell around each pixel.

    Args:
        grey: (Y, X) float32.
        cell_px: Side of a cell; an even one reaches one pixel further up and to the left.
        orientations: B bins over half a turn, the first from 0.

    Returns:
        (B, Y, X) float32.
    """
    cv2 = opencv()
    dy, dx = filtered(grey, _SLOPE, _KEEP), filtered(grey, _KEEP, _SLOPE)
    magnitude = lengths(dy, dx)
    turn = np.arctan2(dy, dx) * np.float32(1 / np.pi)  # -1 … 1; opposite directions are the same
    bins = np.floor((turn % 1) * orientations).astype(np.int32)
    np.minimum(bins, orientations - 1, out=bins)
    side = (cell_px, cell_px)
    anchor = (cell_px // 2, cell_px // 2)
    found = np.empty((orientations, *grey.shape), np.float32)
    for number in range(orientations):
        here = np.where(bins == number, magnitude, np.float32(0))
        mean = cv2.blur(here, side, anchor=anchor, borderType=cv2.BORDER_REFLECT)
        found[number] = np.maximum(mean.reshape(grey.shape), 0)
    return found
