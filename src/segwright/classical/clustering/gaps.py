"""Regions from labels that leave pixels out."""

from __future__ import annotations

import numpy as np


def grown(labels: np.ndarray) -> np.ndarray:
    """Dilates the labels by their 4 neighbours, all at once, until no gap is left.

    A pixel joins the label that reaches it in the fewest steps; among equals the one that comes
    first by rows. A labelled piece that was connected is so after it has grown.

    Args:
        labels: (Y, X) integers; negative ones are gaps.

    Returns:
        (Y, X) int32; all 0 where there is nothing but gaps.
    """
    from segwright.classical.clustering.gap_kernels import grow

    found = labels.astype(np.int32)
    if not (found >= 0).any():
        return np.zeros_like(found)
    grow(found)
    return found


def without_small(labels: np.ndarray, min_px: int) -> np.ndarray:
    """The 4-connected pieces of equal labels; those of less than `min_px` pixels are closed.

    What is small leaves a gap, which the dilation of its neighbours closes. Where all are small the
    largest stays.

    Args:
        labels: (Y, X) integers; negative ones are gaps already.
        min_px: Pixels.

    Returns:
        (Y, X) int32 regions 0 … R - 1, 4-connected.
    """
    from segwright.classical.regions.components_kernels import connected

    pieces, count = connected(labels)
    sizes = np.bincount(pieces.ravel(), minlength=count)
    known = np.ones(count, bool)
    known[pieces[labels < 0]] = False
    kept = known & (sizes >= min_px)
    if not kept.any():
        kept[(sizes * known).argmax()] = True
    return connected(grown(np.where(kept[pieces], pieces, -1)))[0]
