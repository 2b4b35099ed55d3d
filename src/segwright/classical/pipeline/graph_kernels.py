"""Kernel that joins pixels along the smallest differences."""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel


@kernel
def _root(parent, node):
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
def join(one, other, differ, scale, count):
    """Felzenszwalb and Huttenlocher's criterion over edges in ascending order of difference.

    Args:
        one: (E,) int64 nodes.
        other: (E,) int64 nodes.
        differ: (E,) how much they differ, ascending.
        scale: See `Graph`.
        count: Nodes, N.

    Returns:
        (N,) int32 regions, in the order of their first nodes.
    """
    parent = np.arange(count)
    sizes = np.ones(count, np.int64)
    inside = np.zeros(count)
    for edge in range(len(one)):
        here, there = _root(parent, one[edge]), _root(parent, other[edge])
        if here == there:
            continue
        if differ[edge] <= min(
            inside[here] + scale / sizes[here], inside[there] + scale / sizes[there]
        ):
            low, high = min(here, there), max(here, there)
            parent[high] = low
            sizes[low] += sizes[high]
            inside[low] = differ[edge]
    found = np.empty(count, np.int32)
    regions = 0
    for node in range(count):  # a root comes before the rest of its tree
        root = _root(parent, node)
        if root == node:
            found[node] = regions
            regions += 1
        else:
            found[node] = found[root]
    return found
