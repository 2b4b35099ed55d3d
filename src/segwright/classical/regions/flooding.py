"""Flooding a relief from its minima."""

from __future__ import annotations

import numpy as np

LEVELS = 65_535
"""The highest level of a relief."""


def markers(
    relief: np.ndarray, *, depth: int = 1, most: int | None = None, inside: np.ndarray | None = None
) -> np.ndarray:
    """Numbers the minima of a relief.

    Args:
        relief: (Y, X) uint16.
        depth: Least depth (dynamics) of a minimum that is marked, in levels.
        most: How many are marked at most, the deepest first; None for all.
        inside: (Y, X) bool, the pixels that there are; None for all.

    Returns:
        (Y, X) int32: 0 … m - 1 at one pixel of each minimum, in the order of rows, -1 elsewhere.
    """
    from segwright.classical.regions.flooding_kernels import minima

    everywhere = np.ones(relief.shape, bool) if inside is None else inside
    pixels, depths = minima(relief.ravel(), everywhere.ravel(), relief.shape[1], max(1, depth))
    if most is not None and most < len(pixels):
        # Of equally deep ones the lower come first.
        pixels = pixels[np.lexsort((pixels, relief.ravel()[pixels], -depths))[:most]]
    found = np.full(relief.size, -1, np.int32)
    found[np.sort(pixels)] = np.arange(len(pixels))
    return found.reshape(relief.shape)


def flooded(relief: np.ndarray, seeds: np.ndarray, inside: np.ndarray | None = None) -> np.ndarray:
    """The basin of each marker, without lines between basins.

    Args:
        relief: (Y, X) uint16.
        seeds: (Y, X) int32, markers from 0 and -1 elsewhere.
        inside: (Y, X) bool, the pixels that there are; None for all.

    Returns:
        (Y, X) int32; -1 where there is no pixel or no marker reaches it. Basins of 4-connected
        markers are 4-connected.
    """
    from segwright.classical.regions.flooding_kernels import flood

    everywhere = np.ones(relief.shape, bool) if inside is None else inside
    found = seeds.astype(np.int32).ravel()
    flood(relief.ravel(), found, everywhere.ravel(), relief.shape[1])
    return found.reshape(relief.shape)


def as_relief(values: np.ndarray, highest: float = 1.0) -> np.ndarray:
    """(Y, X) values ≥ 0 as uint16 levels; `highest` and all above is 65,535.

    `values` are overwritten.
    """
    values *= np.float32(LEVELS / highest)
    np.minimum(values, np.float32(LEVELS), out=values)
    return np.rint(values, out=values).astype(np.uint16)
