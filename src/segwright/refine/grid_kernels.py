"""Kernels of the bilateral grid: pixels to nodes, nodes to nodes, nodes to pixels.

A row of values is `len(lanes)` numbers long, known when a kernel is compiled so that one row is one
or two machine vectors. Pixels are worked on in blocks of a few rows and columns, whose colour cells
have local numbers: their sums stay in the innermost cache. Blocks with the same nodes around them
are a patch, which is worked on as a whole: its nodes stay near the core.
"""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel
from segwright.refine.lanes import add_row, sum_rows

_LINE = 16  # float32 numbers of a cache line
_TOGETHER = 16  # cells whose nodes are written side by side


@kernel
def aligned(size):
    """New float32 memory that begins with a cache line, so that no row lies in two of them."""
    memory = np.empty(size + _LINE, np.float32)
    first = -(memory.ctypes.data // 4) % _LINE
    return memory[first : first + size]


@kernel
def count_cells(base, stencil, blocks, size_hw, side, counts, begin, end):
    """How many colour cells the pixels of each block touch: writes counts (blocks,) int32."""
    height, width = size_hw
    stamp = np.full(stencil.max() + 1, -1, np.int32)
    for block in range(begin, end):
        top, left = block // blocks * side, block % blocks * side
        count = 0
        for y in range(top, min(top + side, height)):
            for x in range(left, min(left + side, width)):
                cells = stencil[base[y, x]]
                for j in range(len(cells)):
                    if stamp[cells[j]] != block:
                        stamp[cells[j]] = block
                        count += 1
        counts[block] = count


@kernel
def list_cells(base, stencil, blocks, size_hw, side, starts, cells_of, local, begin, end):
    """Which cells these are, and the local number of each cell of each pixel.

    Writes cells_of (sum of counts,) int32 and local (Y, X, J) uint16.
    """
    height, width = size_hw
    stamp = np.full(stencil.max() + 1, -1, np.int32)
    number = np.empty(len(stamp), np.uint16)
    for block in range(begin, end):
        top, left = block // blocks * side, block % blocks * side
        count = 0
        for y in range(top, min(top + side, height)):
            for x in range(left, min(left + side, width)):
                cells = stencil[base[y, x]]
                for j in range(len(cells)):
                    cell = cells[j]
                    if stamp[cell] != block:
                        stamp[cell] = block
                        number[cell] = count
                        cells_of[starts[block] + count] = cell
                        count += 1
                    local[y, x, j] = number[cell]


@kernel
def mark_cells(grid, marked):
    """Which cells give to each node and to the two after it along both axes.

    Args:
        grid: See `splat`.
        marked: (rows, columns, cells) bool, written where true.
    """
    _, starts, cells_of, base_y, base_x, _, _ = grid
    for row in range(len(base_y)):
        for column in range(len(base_x)):
            block = row * len(base_x) + column
            of_node = marked[base_y[row], base_x[column]]
            for n in range(starts[block], starts[block + 1]):
                of_node[cells_of[n]] = True


@kernel
def _add_block(lanes, values, scale, shares, local, pixels, sums):
    """Adds the values of a block to its cells: pixels is (top, left, side). See `splat`."""
    height, width, stencil = shares.shape
    top, left, side = pixels
    for y in range(top, min(top + side, height)):
        for x in range(left, min(left + side, width)):
            if scale[y, x] == 0:
                continue
            at = (y * width + x) * len(lanes)
            for j in range(stencil):
                share = shares[y, x, j] * scale[y, x]
                add_row(lanes, sums, local[y, x, j] * len(lanes), share, values, at)


@kernel
def splat(lanes, values, scale, shares, local, grid, patches, table, size, runs, begin, end):
    """Adds the values of the pixels of some runs of patches to the nodes around them.

    Pixels give to the cells of their block, a row of blocks of a patch gives to the three columns
    of nodes around them, and these to the three rows of nodes.

    Args:
        lanes: A tuple of L numbers.
        values: (Y, X, L), flat.
        scale: (Y, X) factor of each pixel.
        shares: (Y, X, J) of the colour cells.
        local: (Y, X, J) local numbers of these cells.
        grid: (side, starts, cells_of, base_y, base_x, share_y, share_x) of blocks.
        patches: (patches, 4) first row, last but one, first column, last but one of blocks that
            give to the same nodes.
        table: (rows, columns, cells, L) of nodes, flat, added to.
        size: Numbers of cells, of rows and of columns of nodes.
        runs: (runs, 2) first and last-but-one patch of each run.
    """
    side, starts, cells_of, base_y, base_x, share_y, share_x = grid
    cells, _, columns = size
    length = len(lanes)
    step = cells * length  # from column to column
    sums = aligned(side * side * shares.shape[2] * length)
    between = aligned(3 * step)
    between[:] = 0
    met, number = np.zeros(cells, np.bool_), 0
    places = np.empty(cells, np.int32)
    for run in range(begin, end):
        for top, bottom, left, right in patches[runs[run, 0] : runs[run, 1]]:
            node = base_y[top] * columns + base_x[left]
            for row in range(top, bottom):
                for column in range(left, right):
                    first = starts[row * len(base_x) + column]
                    count = starts[row * len(base_x) + column + 1] - first
                    sums[: count * length] = 0
                    pixels = row * side, column * side, side
                    _add_block(lanes, values, scale, shares, local, pixels, sums)
                    for c in range(count):
                        cell = cells_of[first + c]
                        if not met[cell]:
                            met[cell], places[number] = True, cell
                            number += 1
                        for j in range(3):
                            to = j * step + cell * length
                            add_row(lanes, between, to, share_x[column, j], sums, c * length)
                for cell in places[:number]:
                    met[cell] = False
                    for j in range(3):
                        at = j * step + cell * length
                        for i in range(3):
                            to = (node + i * columns) * step + at
                            add_row(lanes, table, to, share_y[row, i], between, at)
                        between[at : at + length] = 0
                number = 0


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
    between = aligned(rows * columns * step_between)
    order_y = np.arange(rows * rows) % rows
    order_x = np.arange(columns * columns) % columns
    shares_y, shares_x = along_y.reshape(-1), along_x.reshape(-1)
    one = np.float32(1)
    for first in range(begin, end, _TOGETHER):
        count = min(_TOGETHER, end - first)
        for y in range(rows):
            for x in range(columns):
                to = (y * columns + x) * step_between
                for c in range(count):
                    top, bottom, left, right = boxes[first + c]
                    if left <= x < right:
                        sum_rows(
                            lanes, between, to + c * length, one,
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
                        lanes, blurred, to + c * length, one,
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
    one = np.float32(1)
    between = aligned(room * length), aligned(room * length)
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
                    lanes, target, to + cell * length, one, weights, numbers,
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
    side, starts, cells_of, base_y, base_x, share_y, share_x = grid
    cells, _, columns = size
    length = len(lanes)
    step = cells * length  # from column to column
    shares_y, shares_x = share_y.reshape(-1), share_x.reshape(-1)
    order = np.arange(max(len(shares_y), len(shares_x))) % 3
    near = aligned(side * side * shares.shape[2] * length)
    between = aligned(3 * step)
    met, number = np.zeros(cells, np.int32), 0
    one = np.float32(1)
    for top, bottom, left, right in patches[begin:end]:
        node = (base_y[top] * columns + base_x[left]) * step
        for row in range(top, bottom):
            number += 1  # of what is in between
            for column in range(left, right):
                first = starts[row * len(base_x) + column]
                count = starts[row * len(base_x) + column + 1] - first
                for c in range(count):
                    cell = cells_of[first + c]
                    if met[cell] != number:
                        met[cell] = number
                        for j in range(3):
                            at = j * step + cell * length
                            sum_rows(
                                lanes, between, at, one, shares_y, order, 3 * row, 3,
                                table, node + at, columns * step,
                            )  # fmt: skip
                    sum_rows(
                        lanes, near, c * length, one, shares_x, order, 3 * column, 3,
                        between, cell * length, step,
                    )  # fmt: skip
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
                lanes, values, p * len(lanes), np.float32(1), shares, local,
                p * stencil, stencil, near, 0, len(lanes),
            )  # fmt: skip
