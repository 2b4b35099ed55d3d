"""The kernel that cuts a hierarchy of regions at one level."""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel


@kernel
def cut(pairs: np.ndarray, count: int) -> np.ndarray:
    """Numbers the regions that pairs join.

    Args:
        pairs: (n, 2) int32.
        count: Regions before.

    Returns:
        (count,) int32, from 0, in the order of their first.
    """
    parent = np.arange(count)
    for index in range(len(pairs)):
        roots = [0, 0]
        for side in range(2):
            node = int(pairs[index, side])
            while parent[node] != node:
                parent[node] = parent[parent[node]]
                node = int(parent[node])
            roots[side] = node
        parent[max(roots[0], roots[1])] = min(roots[0], roots[1])
    found = np.empty(count, np.int32)
    numbers = 0
    for node in range(count):  # a root is the first of its region
        root = node
        while parent[root] != root:
            root = parent[root]
        if root == node:
            found[node] = numbers
            numbers += 1
        else:
            found[node] = found[root]
    return found
