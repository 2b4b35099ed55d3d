"""From edges to regions: loose ends are linked, areas numbered, and edges divided among them."""

from __future__ import annotations

import numpy as np

from segwright.packages import package


def linked(edges: np.ndarray, strength: np.ndarray, *, gap_px: int) -> np.ndarray:
    """Closes gaps between edges along the strongest pixels.

    A loose end is an edge pixel whose neighbouring edge pixels all touch one another. It is linked
    to another edge, a distant part of its own, or the border of the image, by the path of the least
    cost that stays within `gap_px` of it along Y and X, if there is one: a pixel as strong as the
    median of all edges costs little, one without strength 1. All links are found before
    any is drawn, so their order does not matter.

    Args:
        edges: (Y, X) uint8, 1 on edges, one pixel wide.
        strength: (Y, X) float32, ≥ 0.
        gap_px: Chessboard distance in pixels; 0 for no links.

    Returns:
        (Y, X) uint8: the edges and the links.
    """
    if not gap_px or not edges.any():
        return edges
    from segwright.classical.edges.closing_kernels import link, loose_ends
    from segwright.kernels import in_shares

    ends = loose_ends(edges)
    usual = float(np.median(strength[edges > 0])) or 1.0
    paths = np.full((len(ends), 4 * gap_px), -1, np.int64)
    in_shares(link, len(ends), edges, strength / usual, ends, gap_px, paths, at_least=16)
    closed = edges.copy()
    closed.ravel()[paths[paths >= 0]] = 1
    return closed


def enclosed(edges: np.ndarray, pixels: np.ndarray, *, min_area_px: int) -> np.ndarray:
    """The areas that edges enclose, with the edges themselves divided among them.

    Args:
        edges: (Y, X) uint8, 1 on edges.
        pixels: (Y, X, C) float32 colours, by which pixels and small areas choose where to go.
        min_area_px: Smaller areas are merged.

    Returns:
        (Y, X) int32 regions from 0, 4-connected.
    """
    from segwright.classical.edges.closing_kernels import divide_edges
    from segwright.classical.regions.components_kernels import absorb, sizes_and_sums

    cv2 = package("cv2", purpose="regions between edges")
    count, numbers = cv2.connectedComponents(1 - edges, connectivity=4)
    if count == 1:  # nothing but edges
        return np.zeros(edges.shape, np.int32)
    regions = numbers.reshape(edges.shape) - 1
    sizes, sums = sizes_and_sums(regions, pixels, count - 1)
    divide_edges(regions, pixels, sums / sizes[:, None])
    absorb(regions, *sizes_and_sums(regions, pixels, count - 1), min_area_px)
    return regions
