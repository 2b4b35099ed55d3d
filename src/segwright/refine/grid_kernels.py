"""Kernels of the bilateral grid: pixels to nodes, nodes to nodes, nodes to pixels.

A row of values is `len(lanes)` numbers long, known when a kernel is compiled so that one row is one
or two machine vectors. Pixels are worked on in blocks of a few rows and columns, whose colour cells
have local numbers: their sums stay in the innermost cache. Blocks with the same nodes around them
are a patch, which is worked on as a whole: its nodes stay near the core.
"""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel
from segwright.refine.lanes import add_rows, aligned, gather_row, spread_row, sum_rows

_TOGETHER = 16  # cells whose nodes are written side by side

_aligned = kernel(aligned)


@kernel
def _add_block(lanes, values, scale, shares, local, pixels, sums):
    """Adds the values of a block to its cells: pixels is (top, left, side). See `splat`."""
    height, width, stencil = shares.shape
    top, left, side = pixels
    shares, local = shares.reshape(-1), local.reshape(-1)
    for y in range(top, min(top + side, height)):
        for x in range(left, min(left + side, width)):
            if scale[y, x] != 0:
                p = y * width + x
                add_rows(
                    lanes, sums, local, shares, p * stencil, stencil,
                    scale[y, x], values, p * len(lanes),
                )  # fmt: skip


@kernel
def splat(lanes, values, scale, shares, local, grid, patches, table, size, runs, begin, end):
    """Adds the values of the pixels of some runs of patches to the nodes around them.

    Pixels give to the cells of their block, a row of blocks of a patch gives to the three columns
    of nodes around them, these to the three rows of nodes, and the patch to the table.

    Args:
        lanes: A tuple of L numbers.
        values: (Y, X, L), flat.
        scale: (Y, X) factor of each pixel.
        shares: (Y, X, J) of the colour cells.
        local: (Y, X, J) numbers of these cells in the block.
        grid: (side, starts, lists, base_y, base_x, share_y, share_x) of blocks: numbers in the
            patch of the cells of each, and nodes and shares of rows and columns of blocks.
        patches: (rectangles, starts, cells): (patches, 4) first row, last but one, first column,
            last but one of blocks that give to the same nodes, and the cells of each.
        table: (rows, columns, cells, L) of nodes, flat, added to.
        size: Numbers of cells, of rows and of columns of nodes.
        runs: (runs, 2) first and last-but-one patch of each run.
    """
    side, starts, lists, base_y, base_x, share_y, share_x = grid
    rectangles, patch_starts, cells = patches
    num_cells, _, columns = size
    length = len(lanes)
    most = np.diff(patch_starts).max()
    sums = _aligned(side * side * shares.shape[2] * length)
    between, nodes = _aligned(most * 3 * length), _aligned(most * 9 * length)
    between[:] = 0
    nodes[:] = 0
    met, order = np.zeros(most, np.bool_), np.empty(most, np.int32)
    for run in range(begin, end):
        for patch in range(runs[run, 0], runs[run, 1]):
            top, bottom, left, right = rectangles[patch]
            for row in range(top, bottom):
                number = 0
                for column in range(left, right):
                    first = starts[row * len(base_x) + column]
                    count = starts[row * len(base_x) + column + 1] - first
                    sums[: count * length] = 0
                    pixels = row * side, column * side, side
                    _add_block(lanes, values, scale, shares, local, pixels, sums)
                    to_columns = share_x[column, 0], share_x[column, 1], share_x[column, 2]
                    for c in range(count):
                        cell = lists[first + c]
                        if not met[cell]:
                            met[cell], order[number] = True, cell
                            number += 1
                        at = 3 * cell * length
                        spread_row(lanes, between, at, length, to_columns, sums, c * length)
                to_rows = share_y[row, 0], share_y[row, 1], share_y[row, 2]
                for cell in order[:number]:
                    met[cell] = False
                    for n in range(3 * cell, 3 * cell + 3):
                        at = n * length
                        spread_row(lanes, nodes, 3 * at, length, to_rows, between, at)
                        between[at : at + length] = 0
            node = base_y[top] * columns + base_x[left]
            for n in range(patch_starts[patch + 1] - patch_starts[patch]):
                cell = cells[patch_starts[patch] + n]
                for j in range(3):
                    for i in range(3):
                        at = (9 * n + 3 * j + i) * length
                        to = ((node + i * columns + j) * num_cells + cell) * length
                        spread_row(lanes, table, to, 0, (np.float32(1),), nodes, at)
                        nodes[at : at + length] = 0


@kernel
def blur_places(lanes, table, size, boxes, along_y, along_x, blurred, begin, end):
    """Blurs the nodes of some cells along both axes of the image, and empties the table.

    Args:
        lanes: A tuple of L numbers.
        table: (rows, columns, cells, L), flat.
        size: Numbers of cells, of rows and of columns of nodes.
        boxes: (cells, 4) first row, last but one, first column, last but one of the nodes that
            pixels gave to; all others are 0.
        along_y: (rows, rows) weights.
        along_x: (columns, columns) weights.
        blurred: (rows, columns, cells, L), flat, written.
    """
    cells, rows, columns = size
    length = len(lanes)
    step, step_between = cells * length, _TOGETHER * length  # from column to column
    between = _aligned(rows * columns * step_between)
    order_y = np.arange(rows * rows) % rows
    order_x = np.arange(columns * columns) % columns
    shares_y, shares_x = along_y.reshape(-1), along_x.reshape(-1)
    for first in range(begin, end, _TOGETHER):
        count = min(_TOGETHER, end - first)
        for y in range(rows):
            for x in range(columns):
                to = (y * columns + x) * step_between
                for c in range(count):
                    top, bottom, left, right = boxes[first + c]
                    if left <= x < right:
                        sum_rows(
                            lanes, between, to + c * length,
                            shares_y, order_y, y * rows + top, bottom - top,
                            table, x * step + (first + c) * length, columns * step,
                        )  # fmt: skip
        for y in range(rows):
            for x in range(columns):
                to = (y * columns + x) * step + first * length
                for c in range(count):
                    top, bottom, left, right = boxes[first + c]
                    if top <= y < bottom and left <= x < right:
                        table[to + c * length : to + (c + 1) * length] = 0
                    sum_rows(
                        lanes, blurred, to + c * length,
                        shares_x, order_x, x * columns + left, right - left,
                        between, y * columns * step_between + c * length, step_between,
                    )  # fmt: skip


@kernel
def mark_sources(starts, numbers, wanted, sources, begin, end):
    """Which cells before a pass those wanted after it come from, for some nodes.

    Args:
        starts: Of each cell after the pass, where its list of cells before it begins.
        numbers: These lists.
        wanted: (nodes, cells after) bool.
        sources: (nodes, cells before) bool, written where true.
    """
    for node in range(begin, end):
        for cell in range(len(starts) - 1):
            if wanted[node, cell]:
                for n in range(starts[cell], starts[cell + 1]):
                    sources[node, numbers[n]] = True


@kernel
def blur_colours(lanes, table, cells, passes, wanted, room, begin, end):
    """Blurs the cells of some nodes, in place, along one axis of colour after the other.

    Args:
        lanes: A tuple of L numbers.
        table: (rows, columns, cells, L), flat. Cells not wanted in the end are not blurred.
        cells: Number of colour cells.
        passes: For each axis (starts, numbers, weights): of each cell after it, those before it.
        wanted: For each axis (starts, cells): of each node, the cells to be made by that pass.
        room: The largest number of cells between passes.
    """
    length = len(lanes)
    between = _aligned(room * length), _aligned(room * length)
    for node in range(begin, end):
        source, origin = table, node * cells * length
        if len(passes) == 1:
            between[1][: cells * length] = table[origin : origin + cells * length]
            source, origin = between[1], 0
        for axis in range(len(passes)):
            starts, numbers, weights = passes[axis]
            of_node, wanted_cells = wanted[axis]
            target, to = between[axis % 2], 0
            if axis == len(passes) - 1:
                target, to = table, node * cells * length
            for cell in wanted_cells[of_node[node] : of_node[node + 1]]:
                first, count = starts[cell], starts[cell + 1] - starts[cell]
                sum_rows(
                    lanes, target, to + cell * length, weights, numbers,
                    first, count, source, origin, length,
                )  # fmt: skip
            source, origin = target, to


@kernel
def slice_(lanes, table, size, shares, local, grid, patches, values, begin, end):
    """What the nodes around each pixel say, for some patches: `splat` the other way round.

    Args:
        table: (rows, columns, cells, L), flat.
        values: (Y, X, L), flat, written.
    """
    side, starts, lists, base_y, base_x, share_y, share_x = grid
    rectangles, patch_starts, cells = patches
    num_cells, _, columns = size
    length = len(lanes)
    most = np.diff(patch_starts).max()
    near = _aligned(side * side * shares.shape[2] * length)
    between, nodes = _aligned(most * 3 * length), _aligned(most * 9 * length)
    met, strip = np.zeros(most, np.int32), 0
    for patch in range(begin, end):
        top, bottom, left, right = rectangles[patch]
        node = base_y[top] * columns + base_x[left]
        for n in range(patch_starts[patch + 1] - patch_starts[patch]):
            cell = cells[patch_starts[patch] + n]
            for j in range(3):
                for i in range(3):
                    at = (9 * n + 3 * j + i) * length
                    origin = ((node + i * columns + j) * num_cells + cell) * length
                    gather_row(lanes, nodes, at, (np.float32(1),), table, origin, 0)
        for row in range(top, bottom):
            strip += 1
            of_rows = share_y[row, 0], share_y[row, 1], share_y[row, 2]
            for column in range(left, right):
                first = starts[row * len(base_x) + column]
                count = starts[row * len(base_x) + column + 1] - first
                of_columns = share_x[column, 0], share_x[column, 1], share_x[column, 2]
                for c in range(count):
                    cell = lists[first + c]
                    if met[cell] != strip:
                        met[cell] = strip
                        for n in range(3 * cell, 3 * cell + 3):
                            at = n * length
                            gather_row(lanes, between, at, of_rows, nodes, 3 * at, length)
                    at = 3 * cell * length
                    gather_row(lanes, near, c * length, of_columns, between, at, length)
                pixels = row * side, column * side, side
                _take_block(lanes, near, shares, local, pixels, values)


@kernel
def _take_block(lanes, near, shares, local, pixels, values):
    """Writes the values of a block from its cells: pixels is (top, left, side). See `slice_`."""
    height, width, stencil = shares.shape
    top, left, side = pixels
    shares, local = shares.reshape(-1), local.reshape(-1)
    for y in range(top, min(top + side, height)):
        for x in range(left, min(left + side, width)):
            p = y * width + x
            sum_rows(
                lanes, values, p * len(lanes), shares, local,
                p * stencil, stencil, near, 0, len(lanes),
            )  # fmt: skip
