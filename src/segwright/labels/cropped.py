"""Regions as small masks of their boxes, and as runs along rows: how annotation tools keep them.

`RunLengths` run along columns. Tools keep a mask as a picture of its box, or as runs along rows;
the cost of what is here is that of the box, not of the whole picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segwright.errors import LabelError
from segwright.labels.rle import RunLengths


@dataclass(frozen=True, eq=False)
class Cropped:
    """A mask and where its upper left pixel lies in the picture.

    Attributes:
        mask: (Y, X) bool.
        left: Column of the mask's first column in the picture.
        top: Row of the mask's first row in the picture.
    """

    mask: np.ndarray
    left: int
    top: int

    @classmethod
    def of(cls, region: RunLengths) -> Cropped:
        """The mask of a region's tight box; one pixel that is False for an empty region."""
        left, top, width, height = region.box_xywh()
        mask = np.zeros((max(width, 1), max(height, 1)), dtype=bool)
        columns, rows = np.divmod(region.positions(), region.size_hw[0])
        mask[columns - left, rows - top] = True
        return cls(mask.T, left, top)

    @classmethod
    def of_row_runs(cls, runs: np.ndarray, width: int) -> Cropped:
        """The mask of runs along the rows of a picture, as `row_runs` gives them.

        Args:
            runs: (R, 2) of [start, end), ascending and apart, R at least 1.
            width: Width of the picture in pixels.
        """
        top, bottom = int(runs[0, 0]) // width, (int(runs[-1, 1]) - 1) // width + 1
        bounds = np.concatenate(([top * width], runs.ravel(), [bottom * width]))
        lengths = np.diff(bounds)
        flat = np.repeat(np.arange(lengths.size) % 2 == 1, lengths)
        return cls(flat.reshape(bottom - top, width), 0, top)

    def row_runs(self, width: int) -> np.ndarray:
        """Foreground runs along the rows of the whole picture.

        Args:
            width: Width of the picture in pixels.

        Returns:
            (R, 2) int64 of [start, end), counted row by row from the upper left pixel, ascending
            and apart.
        """
        return _runs(self.mask, across=width, first=self.top * width + self.left)

    def placed(self, size_hw: tuple[int, int]) -> RunLengths:
        """The region in a picture of the given height and width.

        Raises:
            LabelError: It reaches outside the picture.
        """
        (height, width), (rows, columns) = size_hw, self.mask.shape
        if min(self.left, self.top) < 0 or self.left + columns > width or self.top + rows > height:
            raise LabelError(
                f"a mask of {rows}×{columns} at x={self.left}, y={self.top} reaches outside the "
                f"picture of {height}×{width} (height × width)",
                remedy="Check that it belongs to this picture",
            )
        runs = _runs(self.mask.T, across=height, first=self.left * height + self.top)
        return RunLengths.from_runs(runs, size_hw)


def _runs(mask: np.ndarray, *, across: int, first: int) -> np.ndarray:
    """Runs along the lines of a mask, as positions in a picture whose lines are `across` long."""
    steps = np.diff(np.pad(mask, ((0, 0), (1, 1))).astype(np.int8), axis=1)
    line, start = np.nonzero(steps > 0)
    end = np.nonzero(steps < 0)[1]
    runs = (line * across + first)[:, None] + np.stack((start, end), axis=1)
    # A run to the end of a line and one from the start of the next are one.
    again = np.flatnonzero(runs[1:, 0] == runs[:-1, 1])
    bounds = np.delete(runs.ravel(), np.concatenate((2 * again + 1, 2 * again + 2)))
    return bounds.reshape(-1, 2)
