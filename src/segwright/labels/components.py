"""Connected regions of a label map: pixels of one id that touch."""

from __future__ import annotations

from typing import Literal

import numpy as np


def components(ids: np.ndarray, *, neighbours: Literal[4, 8] = 8) -> tuple[np.ndarray, int]:
    """Numbers the connected regions of equal ids.

    Runs of equal ids along the rows are found first; runs that touch those of the row above are
    then joined all at once, the roots of two joined trees hooking the higher to the lower, until
    nothing changes. Every round at least halves the trees that can still be joined.

    Args:
        ids: (Y, X) integers; every id forms regions, the background too.
        neighbours: Whether pixels touch along their sides only (4) or at corners too (8).

    Returns:
        (Y, X) int64 region numbers from 0, in the order of their first pixels, row by row; and
        how many there are.

    Example:
        >>> components(np.array([[5, 0, 5], [5, 0, 0]]))[0].tolist()
        [[0, 1, 2], [0, 1, 1]]
    """
    begins = np.ones(ids.shape, bool)
    begins[:, 1:] = ids[:, 1:] != ids[:, :-1]
    runs = (np.cumsum(begins) - 1).reshape(ids.shape)
    upper, lower = _touching(ids, runs, corners=neighbours == 8)
    parent = np.arange(int(runs[-1, -1]) + 1)
    while len(upper):
        np.minimum.at(parent, np.maximum(upper, lower), np.minimum(upper, lower))
        while not np.array_equal(shorter := parent[parent], parent):
            parent = shorter
        upper, lower = parent[upper], parent[lower]
        apart = upper != lower
        upper, lower = upper[apart], lower[apart]
    # A root is the first run of its region, so sorted roots are in the order of first pixels.
    roots, numbers = np.unique(parent, return_inverse=True)
    return numbers[runs], len(roots)


def _touching(ids: np.ndarray, runs: np.ndarray, *, corners: bool) -> tuple[np.ndarray, np.ndarray]:
    """Pairs of runs of equal id that touch, the upper and the lower of each."""
    width = ids.shape[1]
    above, below = [], []
    for shift in (-1, 0, 1) if corners else (0,):
        here = slice(max(0, -shift), width - max(0, shift))
        there = slice(max(0, shift), width - max(0, -shift))
        same = ids[:-1, here] == ids[1:, there]
        above.append(runs[:-1, here][same])
        below.append(runs[1:, there][same])
    return np.concatenate(above), np.concatenate(below)
