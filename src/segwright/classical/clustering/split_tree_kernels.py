"""Kernel that walks points down a tree of thresholds."""

from __future__ import annotations

from segwright.kernels import kernel


@kernel
def walk(points, axes, bounds, sides, leaves, begin, end):
    """Writes the leaves of points `begin` … `end` - 1; see `SplitTree`."""
    size = points.shape[0]
    for point in range(begin, end):
        node = 0
        while node >= 0:
            along = 0.0
            for f in range(size):
                along += axes[node, f] * points[f, point]
            node = sides[node, 1 if along > bounds[node] else 0]
        leaves[point] = -1 - node
