"""Kernels that join pixels or regions along the smallest differences."""

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


@kernel
def most_alike(pairs, differ, count):
    """The edge to the most alike neighbour of each node.

    Among equals a mixed number decides: by their order long rows of equals would have hardly any
    two that choose each other.

    Args:
        pairs: (E, 2) int64 nodes.
        differ: (E,) how much they differ.
        count: Nodes, N.

    Returns:
        (N,) int64 edges; -1 for nodes without.
    """
    found = np.full(count, -1, np.int64)
    for edge in range(len(pairs)):
        for end in range(2):
            node = pairs[edge, end]
            known = found[node]
            if known < 0 or differ[edge] < differ[known]:
                found[node] = edge
            elif differ[edge] == differ[known]:
                mixed, other = edge * 2654435761 & 0xFFFFFFFF, known * 2654435761 & 0xFFFFFFFF
                if mixed < other or (mixed == other and edge < known):
                    found[node] = edge
    return found
