"""Kernels of the minimum cut on a grid, and of the moves of alpha-expansion.

The cut is Boykov and Kolmogorov's (2004): two search trees grow from the terminals; where they
meet, the path is filled, and what hangs on a full arc is adopted by another branch or set free.
All numbers are whole, so that the cut is exact.

The grid has a frame of one pixel without arcs, so that every neighbour of a pixel exists. Pixels
are numbered row by row; direction d and directions - 1 - d are opposite.
"""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel

_FREE, _SOURCE, _SINK = 0, 1, 2
_NONE, _TERMINAL, _ORPHAN = -1, -2, -3
_FAR = 1 << 30


@kernel
def _augment(
    meeting, direction, terminal, capacity, offsets, parent, orphans
) -> int:  # fmt: skip
    """Fills the path through the arc from `meeting` to the sink's tree; returns the flow."""
    opposite = len(offsets) - 1
    across = meeting + offsets[direction]
    flow = capacity[meeting, direction]
    node = meeting
    while parent[node] != _TERMINAL:
        above = node + offsets[parent[node]]
        flow = min(flow, capacity[above, opposite - parent[node]])
        node = above
    flow = min(flow, terminal[node])
    node = across
    while parent[node] != _TERMINAL:
        flow = min(flow, capacity[node, parent[node]])
        node += offsets[parent[node]]
    flow = min(flow, -terminal[node])

    capacity[meeting, direction] -= flow
    capacity[across, opposite - direction] += flow
    node = meeting
    while parent[node] != _TERMINAL:
        up = parent[node]
        above = node + offsets[up]
        capacity[node, up] += flow
        capacity[above, opposite - up] -= flow
        if capacity[above, opposite - up] == 0:
            parent[node] = _ORPHAN
            orphans.append(node)
        node = above
    terminal[node] -= flow
    if terminal[node] == 0:
        parent[node] = _ORPHAN
        orphans.append(node)
    node = across
    while parent[node] != _TERMINAL:
        up = parent[node]
        above = node + offsets[up]
        capacity[node, up] -= flow
        capacity[above, opposite - up] += flow
        if capacity[node, up] == 0:
            parent[node] = _ORPHAN
            orphans.append(node)
        node = above
    terminal[node] += flow
    if terminal[node] == 0:
        parent[node] = _ORPHAN
        orphans.append(node)
    return flow


@kernel
def _distance(node, offsets, parent, stamp, distance, now) -> int:
    """Steps from a node up to its terminal; _FAR if its branch hangs on an orphan."""
    steps = 0
    start = node
    while stamp[node] != now:
        steps += 1
        up = parent[node]
        if up == _TERMINAL:
            stamp[node], distance[node] = now, 1
            break
        if up < 0:
            return _FAR
        node += offsets[up]
    else:
        steps += distance[node]
    left, node = steps, start
    while stamp[node] != now:  # what is known now need not be walked again
        stamp[node], distance[node] = now, left
        left -= 1
        node += offsets[parent[node]]
    return steps


@kernel
def _adopt(
    orphan, capacity, offsets, tree, parent, stamp, distance, now, active, queued, orphans
) -> None:  # fmt: skip
    """Finds another parent for an orphan in its own tree, or sets it and its children free."""
    opposite = len(offsets) - 1
    mine = tree[orphan]
    nearest, best = _FAR, _NONE
    for direction in range(len(offsets)):
        other = orphan + offsets[direction]
        if tree[other] != mine:
            continue
        if mine == _SOURCE:
            room = capacity[other, opposite - direction]
        else:
            room = capacity[orphan, direction]
        if room > 0:
            steps = _distance(other, offsets, parent, stamp, distance, now)
            if steps < nearest:
                nearest, best = steps, direction
    parent[orphan] = best
    if best != _NONE:
        stamp[orphan], distance[orphan] = now, nearest + 1
        return
    tree[orphan] = _FREE
    for direction in range(len(offsets)):
        other = orphan + offsets[direction]
        if tree[other] != mine:
            continue
        if mine == _SOURCE:
            room = capacity[other, opposite - direction]
        else:
            room = capacity[orphan, direction]
        if room > 0 and not queued[other]:
            queued[other] = True
            active.append(other)
        if parent[other] == opposite - direction:
            parent[other] = _ORPHAN
            orphans.append(other)


@kernel
def _meet(node, capacity, offsets, tree, parent, stamp, distance, active, queued) -> int:
    """Grows a tree by the neighbours of a node; returns the direction to the other tree, or -1."""
    opposite = len(offsets) - 1
    mine = tree[node]
    for direction in range(len(offsets)):
        other = node + offsets[direction]
        if mine == _SOURCE:
            room = capacity[node, direction]
        else:
            room = capacity[other, opposite - direction]
        if room == 0:
            continue
        if tree[other] == _FREE:
            tree[other], parent[other] = mine, opposite - direction
            stamp[other], distance[other] = stamp[node], distance[node] + 1
            if not queued[other]:
                queued[other] = True
                active.append(other)
        elif tree[other] != mine:
            return direction
        elif stamp[other] <= stamp[node] and distance[other] > distance[node] + 1:
            parent[other] = opposite - direction  # a shorter way to the terminal
            stamp[other], distance[other] = stamp[node], distance[node] + 1
    return -1


@kernel
def min_cut(terminal: np.ndarray, capacity: np.ndarray, offsets: np.ndarray):
    """The minimum cut of a framed grid.

    Args:
        terminal: (n,) int32 capacity from the source where positive, to the sink where negative;
            changed.
        capacity: (n, D) int32 capacity of the arc in each direction, 0 into the frame; changed to
            what is left.
        offsets: (D,) int64 from a pixel to its neighbour; offsets[D - 1 - d] = -offsets[d].

    Returns:
        (n,) bool, whether a pixel is on the source's side (the fewest such pixels), and the flow.
    """
    count = len(terminal)
    tree, parent = np.zeros(count, np.uint8), np.full(count, _NONE, np.int8)
    stamp, distance = np.zeros(count, np.int32), np.ones(count, np.int32)
    queued = np.zeros(count, np.bool_)
    active = [np.int64(0) for _ in range(0)]
    orphans = [np.int64(0) for _ in range(0)]
    for node in range(count):
        if terminal[node] != 0:
            tree[node] = _SOURCE if terminal[node] > 0 else _SINK
            parent[node] = _TERMINAL
            queued[node] = True
            active.append(np.int64(node))
    flow, now, head = np.int64(0), 0, 0
    while head < len(active):
        node = active[head]
        direction = -1
        if tree[node] != _FREE:
            direction = _meet(
                node, capacity, offsets, tree, parent, stamp, distance, active, queued
            )
        if direction < 0:
            queued[node] = False
            head += 1
            if head == 1 << 20:  # forget what is done with
                active, head = active[head:], 0
            continue
        now += 1
        start = node if tree[node] == _SOURCE else node + offsets[direction]
        along = direction if tree[node] == _SOURCE else len(offsets) - 1 - direction
        flow += _augment(start, along, terminal, capacity, offsets, parent, orphans)
        first = 0
        while first < len(orphans):
            _adopt(
                orphans[first], capacity, offsets, tree, parent, stamp, distance, now,
                active, queued, orphans,
            )  # fmt: skip
            first += 1
        orphans.clear()
    return tree == _SOURCE, flow


@kernel
def expansion(
    unary: np.ndarray, weights: np.ndarray, labels: np.ndarray, alpha: int,
    terminal: np.ndarray, capacity: np.ndarray,
) -> None:  # fmt: skip
    """Writes the graph whose minimum cut is the best expansion of one label.

    A pixel on the source's side keeps its label, one on the sink's takes `alpha`.

    Args:
        unary: (K, Y, X) int32, cost of each label.
        weights: (Y, X, 4) int32, cost of a border to the pixel right, below left, below and below
            right; 0 where there is none.
        labels: (Y, X) int32.
        alpha: The label that expands.
        terminal: (Y + 2, X + 2) int32 of zeros, to be written.
        capacity: (Y + 2, X + 2, 8) int32 of zeros, to be written; directions up left, up, up right,
            left, right, below left, below, below right.
    """
    height, width = labels.shape
    for y in range(height):
        for x in range(width):
            own = labels[y, x]
            terminal[y + 1, x + 1] += unary[alpha, y, x] - unary[own, y, x]
            for direction in range(4):
                weight = weights[y, x, direction]
                if weight == 0:
                    continue
                ny = y + (1 if direction else 0)
                nx = x + (1, -1, 0, 1)[direction]
                other = labels[ny, nx]
                forth, back = 4 + direction, 3 - direction
                if own == other:
                    if own != alpha:  # the border is where one of the two changes
                        capacity[y + 1, x + 1, forth] += weight
                        capacity[ny + 1, nx + 1, back] += weight
                    continue
                # Costs of keep-keep, keep-alpha and alpha-keep; alpha-alpha costs nothing.
                mixed = weight if own != alpha else 0
                turned = weight if other != alpha else 0
                terminal[y + 1, x + 1] += turned - weight
                terminal[ny + 1, nx + 1] -= turned
                capacity[y + 1, x + 1, forth] += mixed + turned - weight


@kernel
def energy(unary: np.ndarray, weights: np.ndarray, labels: np.ndarray) -> np.int64:
    """Cost of a labelling: of its labels and of its borders."""
    total = np.int64(0)
    for y in range(labels.shape[0]):
        for x in range(labels.shape[1]):
            total += unary[labels[y, x], y, x]
            for direction in range(4):
                if weights[y, x, direction]:
                    ny = y + (1 if direction else 0)
                    nx = x + (1, -1, 0, 1)[direction]
                    if labels[y, x] != labels[ny, nx]:
                        total += weights[y, x, direction]
    return total
