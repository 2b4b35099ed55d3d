"""What was found on a prepared image, brought to the pixels of the image itself."""

from __future__ import annotations

import numpy as np


def on_grid(found: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """The value of the nearest pixel, on a grid with the same borders.

    Args:
        found: (…, y, x) of anything.
        size_hw: Height and width wanted.

    Returns:
        (…, Y, X); `found` itself where it has that size already.
    """
    if found.shape[-2:] == size_hw:
        return found
    rows, columns = (
        np.minimum(((np.arange(wanted) + 0.5) * (seen / wanted)).astype(np.intp), seen - 1)
        for seen, wanted in zip(found.shape[-2:], size_hw, strict=True)
    )
    return found[..., rows[:, None], columns]
