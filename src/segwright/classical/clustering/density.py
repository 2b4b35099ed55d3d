"""Density-based clusters of points: exact DBSCAN in a space of few dimensions."""

from __future__ import annotations

import numpy as np

_GRID_AXES = 3  # 3 ^ 3 = 27 cells around one


def density_clusters(
    points: np.ndarray, radius: float, least: int
) -> tuple[np.ndarray, np.ndarray]:
    """Finds the clusters that DBSCAN defines.

    A point with at least `least` points (itself among them) within `radius` is a core point; core
    points within `radius` of each other are of one cluster. Any other point joins the cluster of
    the nearest core point within `radius`, and is noise where there is none.

    Args:
        points: (n, D) finite numbers; taken as float32. n ≥ 1, D ≥ 1.
        radius: Above 0.
        least: 1 or more.

    Returns:
        (n,) int32 clusters from 0 in the order of their first core points, -1 for noise; and (n,)
        bool, which are core points.

    Source: Ester, Kriegel, Sander, Xu 1996: A density-based algorithm for discovering clusters;
    cells: Gunawan 2013: A faster algorithm for DBSCAN.

    Example:
        >>> density_clusters(np.array([[0.0], [0.1], [5.0]]), 0.5, 2)[0].tolist()
        [0, 0, -1]
    """
    from segwright.classical.clustering import density_kernels as kernels
    from segwright.kernels import in_shares

    points = points.astype(np.float32, copy=False)
    points = points[:, np.argsort(-np.ptp(points, axis=0), kind="stable")]  # widest axes first
    side = radius / np.sqrt(points.shape[1])
    lowest = points.min(axis=0).astype(np.float64)
    cell_of, fine, _ = kernels.group(np.floor((points - lowest) / side).astype(np.int64))
    across = int(np.ceil(radius / side - 1e-9))
    coarse_of, coarse, table = kernels.group(np.ascontiguousarray(fine[:, :_GRID_AXES]) // across)
    by_coarse, first = kernels.sort(coarse_of, len(coarse))
    rank = np.empty_like(by_coarse)
    rank[by_coarse] = np.arange(len(by_coarse))
    order, starts = kernels.sort(rank[cell_of], len(fine))
    core = np.empty(len(points), bool)
    known = (np.ascontiguousarray(points[order]), radius * radius)
    cells = (fine[by_coarse], starts, (table, coarse, first), core)
    in_shares(kernels.mark_core, len(coarse), *known, least, *cells, at_least=64)
    groups = kernels.join_cells(*known, *cells, lowest, side)
    labels = np.empty(len(points), np.int64)
    in_shares(kernels.attach, len(coarse), *known, *cells, groups, labels, at_least=64)
    is_core, group_of = np.empty_like(core), np.empty_like(labels)
    is_core[order], group_of[order] = core, labels
    return _numbered(group_of, is_core), is_core


def _numbered(groups: np.ndarray, core: np.ndarray) -> np.ndarray:
    """Groups as numbers from 0, in the order of their first core points."""
    known, first = np.unique(groups[core], return_index=True)
    found = np.full(len(groups), -1, np.int32)
    if len(known):
        numbers = np.empty(len(known), np.int32)
        numbers[np.argsort(first)] = np.arange(len(known))
        inside = groups >= 0
        found[inside] = numbers[np.searchsorted(known, groups[inside])]
    return found
