"""Kernels of DBSCAN over a grid.

Points lie in fine cells, small enough that any two points of one are neighbours; fine cells lie in
coarse ones as wide as the neighbourhood, so that all neighbours are in the 3 ^ G coarse cells
around. The coarse grid has the first G coordinates only, as 3 ^ G grows fast. Cells that hold
points are found by hashing.
"""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel

_FEW = 4
"""Points of a fine cell that are sooner compared than the cell is looked at."""


@kernel
def _slot(key, mask):
    """Where to look first for a row of integers, in a table of mask + 1 places."""
    mixed = 1469598103934665603
    for value in key:
        mixed = (mixed ^ value) * 1099511628211
        mixed ^= mixed >> 29
    return mixed & mask


@kernel
def find(table, cells, key):
    """The number of the cell with these coordinates; -1 if it holds nothing."""
    mask = len(table) - 1
    slot = _slot(key, mask)
    while table[slot] >= 0:
        same = True
        for axis in range(len(key)):
            same = same and cells[table[slot], axis] == key[axis]
        if same:
            return table[slot]
        slot = (slot + 1) & mask
    return -1


@kernel
def group(keys):
    """Numbers the different rows of (n, D) int64.

    Returns:
        (n,) int64 number of each row; (m, D) int64 the rows; and a table for `find`.
    """
    places = 16
    while places < 2 * len(keys):
        places *= 2
    table = np.full(places, -1, np.int64)
    numbers = np.empty(len(keys), np.int64)
    cells = np.empty(keys.shape, np.int64)
    count = 0
    for row in range(len(keys)):
        slot = _slot(keys[row], places - 1)
        while table[slot] >= 0:
            same = True
            for axis in range(keys.shape[1]):
                same = same and cells[table[slot], axis] == keys[row, axis]
            if same:
                break
            slot = (slot + 1) & (places - 1)
        if table[slot] < 0:
            table[slot] = count
            cells[count] = keys[row]
            count += 1
        numbers[row] = table[slot]
    return numbers, cells[:count].copy(), table


@kernel
def sort(numbers, count):
    """Counting sort of numbers 0 … count - 1: their order, and (count + 1,) where each begins."""
    starts = np.zeros(count + 1, np.int64)
    for number in numbers:
        starts[number + 1] += 1
    for number in range(count):
        starts[number + 1] += starts[number]
    order, filled = np.empty(len(numbers), np.int64), starts[:-1].copy()
    for item in range(len(numbers)):
        order[filled[numbers[item]]] = item
        filled[numbers[item]] += 1
    return order, starts


@kernel
def _around(coarse, table, cells, found):
    """Writes a coarse cell and those around it to `found`; their number."""
    axes = cells.shape[1]
    key = np.empty(axes, np.int64)
    found[0] = coarse  # where most neighbours are
    count = 1
    for combination in range(3**axes):
        rest = combination
        for axis in range(axes):
            key[axis] = cells[coarse, axis] + rest % 3 - 1
            rest //= 3
        near = find(table, cells, key)
        if near >= 0 and near != coarse:
            found[count] = near
            count += 1
    return count


@kernel
def _may_touch(fine, one, other):
    """Whether points of two fine cells can be neighbours: cells have a side of radius / sqrt(D)."""
    squares = 0
    for axis in range(fine.shape[1]):
        apart = abs(fine[one, axis] - fine[other, axis]) - 1
        if apart > 0:
            squares += apart * apart
    return squares <= fine.shape[1]


@kernel
def _apart(points, one, other, limit):
    """The squared distance of two points, or something above `limit` if that is."""
    apart = 0.0
    for axis in range(points.shape[1]):
        step = np.float64(points[one, axis]) - np.float64(points[other, axis])
        apart += step * step
        if apart > limit:
            break
    return apart


@kernel
def mark_core(points, square, least, fine, starts, grid, core, begin, end):
    """Marks points with at least `least` neighbours, themselves among them.

    Args:
        points: (n, D) float32, sorted by fine cell, and these by coarse cell.
        square: Squared radius of the neighbourhood.
        least: Points.
        fine: (m, D) int64 coordinates of the fine cells.
        starts: (m + 1,) where the points of each fine cell begin.
        grid: The coarse cells: table, coordinates, and where the fine cells of each begin.
        core: (n,) bool, written to.
        begin: First coarse cell.
        end: One past the last.
    """
    table, cells, first = grid
    around = np.empty(3 ** cells.shape[1], np.int64)
    for coarse in range(begin, end):
        num_around = -1
        for cell in range(first[coarse], first[coarse + 1]):
            own = starts[cell + 1] - starts[cell]
            if own >= least:
                core[starts[cell] : starts[cell + 1]] = True
                continue
            if num_around < 0:
                num_around = _around(coarse, table, cells, around)
            for point in range(starts[cell], starts[cell + 1]):
                count = 0
                for one in range(num_around):
                    low, high = first[around[one]], first[around[one] + 1]
                    if starts[high] - starts[low] <= _FEW * (high - low):
                        for near in range(starts[low], starts[high]):
                            count += _apart(points, point, near, square) <= square
                    else:
                        for other in range(low, high):
                            if not _may_touch(fine, cell, other):
                                continue
                            for near in range(starts[other], starts[other + 1]):
                                count += _apart(points, point, near, square) <= square
                    if count >= least:
                        break
                core[point] = count >= least


@kernel
def _root(parent, node):
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
def _beyond(points, point, lowest, side, cell, square):
    """Whether a point is further than the radius from all of a fine cell."""
    apart = 0.0
    for axis in range(points.shape[1]):
        low = lowest[axis] + cell[axis] * side
        step = max(0.0, low - points[point, axis], points[point, axis] - low - side)
        apart += step * step
    return apart > square * (1 + 1e-9)


@kernel
def _linked(points, square, fine, starts, core, lowest, side, one, other):
    """Whether two fine cells have core points that are neighbours."""
    for p in range(starts[one], starts[one + 1]):
        if not core[p] or _beyond(points, p, lowest, side, fine[other], square):
            continue
        for q in range(starts[other], starts[other + 1]):
            if core[q] and _apart(points, p, q, square) <= square:
                return True
    return False


@kernel
def join_cells(points, square, fine, starts, grid, core, lowest, side):
    """Joins fine cells that have core points which are neighbours.

    Args:
        points … core: As of `mark_core`.
        lowest: (D,) where the grid begins.
        side: Of a fine cell.

    Returns:
        (m,) int64: for each fine cell the one that stands for its group.
    """
    table, cells, first = grid
    parent = np.arange(len(fine))
    has_core = np.zeros(len(fine), np.bool_)
    for cell in range(len(fine)):
        has_core[cell] = core[starts[cell] : starts[cell + 1]].any()
    around = np.empty(3 ** cells.shape[1], np.int64)
    for coarse in range(len(cells)):
        num_around = _around(coarse, table, cells, around)
        for cell in range(first[coarse], first[coarse + 1]):
            if not has_core[cell]:
                continue
            here = _root(parent, cell)
            for one in range(num_around):
                if around[one] < coarse:  # seen from there
                    continue
                for other in range(first[around[one]], first[around[one] + 1]):
                    if not has_core[other] or parent[other] == here:
                        continue
                    there = _root(parent, other)
                    if here == there or not _may_touch(fine, cell, other):
                        continue
                    if _linked(points, square, fine, starts, core, lowest, side, cell, other):
                        parent[max(here, there)] = min(here, there)
                        here = min(here, there)
    for cell in range(len(fine)):
        parent[cell] = _root(parent, cell)
    return parent


@kernel
def attach(points, square, fine, starts, grid, core, groups, labels, begin, end):
    """Writes to labels (n,) the group of each core point, and of the core point nearest to others.

    Points without a core point in reach get -1. Arguments as of `mark_core` and `join_cells`.
    """
    table, cells, first = grid
    around = np.empty(3 ** cells.shape[1], np.int64)
    for coarse in range(begin, end):
        num_around = -1
        for cell in range(first[coarse], first[coarse + 1]):
            for point in range(starts[cell], starts[cell + 1]):
                if core[point]:
                    labels[point] = groups[cell]
                    continue
                if num_around < 0:
                    num_around = _around(coarse, table, cells, around)
                labels[point] = -1
                best = square
                for one in range(num_around):
                    for other in range(first[around[one]], first[around[one] + 1]):
                        few = starts[other + 1] - starts[other] <= _FEW
                        if not (few or _may_touch(fine, cell, other)):
                            continue
                        for near in range(starts[other], starts[other + 1]):
                            if not core[near]:
                                continue
                            apart = _apart(points, point, near, best)
                            if apart < best or (apart == best and labels[point] < 0):
                                labels[point], best = groups[other], apart
