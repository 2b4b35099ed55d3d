"""Kernels that link edges and divide their pixels among the areas beside them."""

from __future__ import annotations

import heapq

import numpy as np

from segwright.kernels import kernel

_FLAT = 0.05  # what a pixel costs however strong it is, so that of equal ways the shorter is taken


@kernel
def loose_ends(edges: np.ndarray) -> np.ndarray:
    """Edge pixels whose neighbours on edges, if there are any, all touch one another.

    Args:
        edges: (Y, X) uint8, 1 on edges.

    Returns:
        (n, 2) int64 rows and columns.
    """
    height, width = edges.shape
    # Once around a pixel; neighbours that touch follow one another.
    around_y = (-1, -1, 0, 1, 1, 1, 0, -1)
    around_x = (0, 1, 1, 1, 0, -1, -1, -1)
    found = [(0, 0) for _ in range(0)]
    for y in range(height):
        for x in range(width):
            if not edges[y, x]:
                continue
            neighbours, groups = 0, 0
            before_y, before_x = y + around_y[7], x + around_x[7]
            before = (
                0 <= before_y < height and 0 <= before_x < width and edges[before_y, before_x] > 0
            )
            for step in range(8):
                other_y, other_x = y + around_y[step], x + around_x[step]
                there = (
                    0 <= other_y < height and 0 <= other_x < width and edges[other_y, other_x] > 0
                )
                neighbours += there
                groups += there and not before
                before = there
            if neighbours == 0 or (groups == 1 and neighbours <= 2):
                found.append((y, x))
    ends = np.empty((len(found), 2), np.int64)
    for index in range(len(found)):
        ends[index, 0], ends[index, 1] = found[index]
    return ends


@kernel
def _mark_own(
    edges: np.ndarray, y: int, x: int, reach: int, own: np.ndarray, mark: int
) -> None:  # fmt: skip
    """Marks the edge pixels that hang together with an end within its window and twice its reach.

    Args:
        own: (2 reach + 1, 2 reach + 1) int64; `mark` is written.
    """
    height, width = edges.shape
    side = 2 * reach + 1
    queue = [(reach, reach, 0)]
    own[reach, reach] = mark
    at = 0
    while at < len(queue):
        row, column, steps = queue[at]
        at += 1
        if steps == 2 * reach:
            continue
        for move in range(9):
            r, c = row + move // 3 - 1, column + move % 3 - 1
            if r < 0 or r >= side or c < 0 or c >= side or own[r, c] == mark:
                continue
            yy, xx = y + r - reach, x + c - reach
            if 0 <= yy < height and 0 <= xx < width and edges[yy, xx]:
                own[r, c] = mark
                queue.append((r, c, steps + 1))


@kernel
def link(
    edges: np.ndarray, strength: np.ndarray, ends: np.ndarray, reach: int, paths: np.ndarray,
    begin: int, end: int,
) -> None:  # fmt: skip
    """Finds the cheapest path from each loose end to another edge or to the border (Dijkstra).

    Args:
        edges: (Y, X) uint8, 1 on edges.
        strength: (Y, X) float32; 1 and above is as good as an edge.
        ends: (n, 2) int64, the loose ends.
        reach: Chessboard distance from the end.
        paths: (n, L) int64; the pixels of a path are written, counted by rows. Longer paths, which
            wind, are not taken.
        begin: First end.
        end: Behind the last.
    """
    height, width = edges.shape
    side = 2 * reach + 1
    own = np.full((side, side), -1, np.int64)
    cost = np.empty((side, side))
    came = np.empty((side, side), np.int64)
    for index in range(begin, end):
        y, x = ends[index]
        _mark_own(edges, y, x, reach, own, index)
        cost[:] = np.inf
        cost[reach, reach] = 0.0
        queue = [(0.0, reach * side + reach)]
        goal = -1
        while len(queue):
            spent, cell = heapq.heappop(queue)
            row, column = cell // side, cell % side
            if spent > cost[row, column]:
                continue
            yy, xx = y + row - reach, x + column - reach
            at_border = yy == 0 or xx == 0 or yy == height - 1 or xx == width - 1
            if at_border or (edges[yy, xx] and own[row, column] != index):
                goal = cell
                break
            for move in range(9):
                r, c = row + move // 3 - 1, column + move % 3 - 1
                if r < 0 or r >= side or c < 0 or c >= side or own[r, c] == index:
                    continue
                yy, xx = y + r - reach, x + c - reach
                if yy < 0 or xx < 0 or yy >= height or xx >= width:
                    continue
                length = 1.4142135 if move % 2 == 0 else 1.0
                weak = max(0.0, 1.0 - strength[yy, xx])
                further = float(spent + length * (_FLAT + weak))
                if further < cost[r, c]:
                    cost[r, c] = further
                    came[r, c] = cell
                    heapq.heappush(queue, (further, r * side + c))
        start = reach * side + reach
        step = 0
        while goal >= 0 and goal != start and step < paths.shape[1]:
            yy, xx = y + goal // side - reach, x + goal % side - reach
            paths[index, step] = yy * width + xx
            goal = came[goal // side, goal % side]
            step += 1
        if goal >= 0 and goal != start:
            paths[index] = -1


@kernel
def divide_edges(regions: np.ndarray, pixels: np.ndarray, means: np.ndarray) -> None:
    """Gives each edge pixel to the area beside it whose mean colour is closest.

    Pixels beside areas go first, then those beside these, all of a round at once. Pixels touch
    along their sides.

    Args:
        regions: (Y, X) int32 areas from 0, -1 on edges; changed in place until none is left.
        pixels: (Y, X, C) float32 colours.
        means: (n, C) float64 colours of the areas.
    """
    height, width, channels = pixels.shape
    left = [0 for _ in range(0)]
    for y in range(height):
        for x in range(width):
            if regions[y, x] < 0:
                left.append(y * width + x)
    waiting = np.array(left, np.int64)
    chosen = np.empty(len(waiting), np.int32)
    while len(waiting):
        count = 0
        for index in range(len(waiting)):
            y, x = waiting[index] // width, waiting[index] % width
            closest, best = -1, np.inf
            for direction in range(4):
                yy, xx = y + (-1, 0, 0, 1)[direction], x + (0, -1, 1, 0)[direction]
                if yy < 0 or xx < 0 or yy >= height or xx >= width or regions[yy, xx] < 0:
                    continue
                apart = 0.0
                for channel in range(channels):
                    step = pixels[y, x, channel] - means[regions[yy, xx], channel]
                    apart += step * step
                if apart < best:
                    closest, best = regions[yy, xx], apart
            chosen[index] = closest
        for index in range(len(waiting)):
            if chosen[index] >= 0:
                regions[waiting[index] // width, waiting[index] % width] = chosen[index]
            else:
                waiting[count] = waiting[index]
                count += 1
        waiting = waiting[:count]
