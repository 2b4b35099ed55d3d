"""The cells of a grid over a picture."""

from __future__ import annotations

import numpy as np


def cells(size_hw: tuple[int, int], count: int) -> tuple[int, int]:
    """Rows and columns of about `count` cells, as square as they can be; at least 1 pixel each."""
    height, width = size_hw
    side = max(1.0, (height * width / count) ** 0.5)
    rows = min(height, max(1, round(height / side)))
    columns = min(width, max(1, round(count / rows)))
    return rows, columns


def cell_of_pixels(size_hw: tuple[int, int], rows: int, columns: int) -> np.ndarray:
    """The number of each pixel's cell, row by row: (Y, X) int32."""
    height, width = size_hw
    row_of = (np.arange(height) * rows // height).astype(np.int32)
    column_of = (np.arange(width) * columns // width).astype(np.int32)
    return row_of[:, None] * np.int32(columns) + column_of
