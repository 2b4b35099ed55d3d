"""Boundaries of one pixel's width: parallel thinning with two sub-iterations.

Source: Guo and Hall, "Parallel thinning with two-subiteration algorithms", Communications of the
ACM 32 (1989), algorithm A1, as numbered in Lam, Lee and Suen, "Thinning methodologies", IEEE PAMI
14 (1992), page 879.
"""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel


def thinned(mask: np.ndarray) -> np.ndarray:
    """Takes pixels from the rims of a mask until its lines are one pixel wide.

    What touches keeps touching (at corners too) and no hole is opened or closed; blocks of 2×2
    pixels stay.

    Args:
        mask: (Y, X) bool.

    Returns:
        (Y, X) bool, part of `mask`.

    Example:
        >>> thinned(np.ones((3, 5), bool)).astype(int).tolist()
        [[0, 0, 0, 0, 0], [0, 1, 1, 1, 0], [0, 0, 0, 0, 0]]
    """
    framed = np.pad(mask.astype(np.uint8), 1)
    _thin(framed.ravel(), np.flatnonzero(framed), framed.shape[1], _REMOVABLE)
    return framed[1:-1, 1:-1].astype(bool)


def _removable() -> np.ndarray:
    """(2, 256) bool: may a pixel with these neighbours go, in the first and second half of a pass.

    Bit k of the index is neighbour x_{k+1}, anticlockwise from the one on the right.
    """
    x = (np.arange(256)[:, None] >> np.arange(8) & 1).astype(bool)  # (256, 8)
    ring = [x[:, k % 8] for k in range(10)]
    crossings = sum((~ring[k] & (ring[k + 1] | ring[k + 2])).astype(int) for k in (0, 2, 4, 6))
    pairs = sum((ring[k] | ring[k + 1]).astype(int) for k in (0, 2, 4, 6))
    shifted = sum((ring[k] | ring[k + 1]).astype(int) for k in (1, 3, 5, 7))
    fewest = np.minimum(pairs, shifted)
    common = (crossings == 1) & (fewest >= 2) & (fewest <= 3)
    first = common & ~((ring[1] | ring[2] | ~ring[7]) & ring[0])
    second = common & ~((ring[5] | ring[6] | ~ring[3]) & ring[4])
    return np.stack([first, second])


_REMOVABLE = _removable()


@kernel
def _thin(pixels: np.ndarray, places: np.ndarray, width: int, removable: np.ndarray) -> None:
    """Thins a flat mask with an empty frame in place; `places` are its pixels."""
    around = np.array([1, 1 - width, -width, -1 - width, -1, width - 1, width, width + 1])
    going = np.empty(len(places), np.int64)
    left = len(places)
    while True:
        before = left
        for half in range(2):
            leaving = 0
            kept = 0
            for n in range(left):
                place = places[n]
                code = 0
                for k in range(8):
                    code |= np.int64(pixels[place + around[k]]) << k
                if removable[half, code]:
                    going[leaving] = place
                    leaving += 1
                else:
                    places[kept] = place
                    kept += 1
            for n in range(leaving):
                pixels[going[n]] = 0
            left = kept
        if left == before:
            return
