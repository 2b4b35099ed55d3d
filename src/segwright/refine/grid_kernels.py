"""Kernels of the bilateral grid: pixels to nodes, nodes to nodes, nodes to pixels.

A row of values is `len(lanes)` numbers long, known when a kernel is compiled so that one row is one
or two machine vectors. Pixels are worked on in blocks of a few rows and columns, whose colour cells
have local numbers: their sums stay in the innermost cache.
"""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel
from segwright.refine.lanes import add_row, sum_rows

_TOGETHER = 16  # cells whose nodes are written side by side


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
def mark_cells(grid, size, marked):
    """Which cells each node gives anything to: writes marked (rows · columns, cells) bool.

    Args:
        grid: See `splat`.
        size: Numbers of cells, of rows and of columns of nodes.
        marked: Written where true.
    """
    _, starts, cells_of, base_y, base_x, _, _ = grid
    columns = size[2]
    for row in range(len(base_y)):
        for column in range(len(base_x)):
            block = row * len(base_x) + column
            for i in range(3):
                for j in range(3):
                    node = (base_y[row] + i) * columns + base_x[column] + j
                    for n in range(starts[block], starts[block + 1]):
                        marked[node, cells_of[n]] = True


@kernel
def splat(lanes, values, scale, shares, local, grid, table, size, strips, begin, end):
    """Adds the values of the pixels of some strips to the nodes around them.

    Args:
        lanes: A tuple of L numbers.
        values: (Y, X, L), flat.
        scale: (Y, X) factor of each pixel.
        shares: (Y, X, J) of the colour cells.
        local: (Y, X, J) local numbers of these cells.
        grid: (side, starts, cells_of, base_y, base_x, share_y, share_x) of blocks.
        table: (cells, rows, columns, L) of nodes, flat, added to.
        size: Numbers of cells, of rows and of columns of nodes.
        strips: (strips, 2) first and last-but-one row of blocks of each strip.
    """
    side, starts, cells_of, base_y, base_x, share_y, share_x = grid
    height, width = scale.shape
    _, rows, columns = size
    length = len(lanes)
    sums = np.empty(side * side * shares.shape[2] * length, np.float32)
    for strip in range(begin, end):
        for row in range(strips[strip, 0], strips[strip, 1]):
            for column in range(len(base_x)):
                first = starts[row * len(base_x) + column]
                count = starts[row * len(base_x) + column + 1] - first
                sums[: count * length] = 0
                for y in range(row * side, min((row + 1) * side, height)):
                    for x in range(column * side, min((column + 1) * side, width)):
                        if scale[y, x] == 0:
                            continue
                        at = (y * width + x) * length
                        for j in range(shares.shape[2]):
                            share = shares[y, x, j] * scale[y, x]
                            add_row(lanes, sums, local[y, x, j] * length, share, values, at)
                for c in range(count):
                    for i in range(3):
                        node = (cells_of[first + c] * rows + base_y[row] + i) * columns
                        for j in range(3):
                            share = share_y[row, i] * share_x[column, j]
                            at = (node + base_x[column] + j) * length
                            add_row(lanes, table, at, share, sums, c * length)


@kernel
def blur_places(lanes, table, size, along_y, along_x, blurred, begin, end):
    """Blurs the nodes of some cells along both axes of the image, and empties the table.

    Args:
        lanes: A tuple of L numbers.
        table: (cells, rows, columns, L), flat.
        size: Numbers of cells, of rows and of columns of nodes.
        along_y: (rows, rows) weights.
        along_x: (columns, columns) weights.
        blurred: (rows, columns, cells, L), flat, written.
    """
    cells, rows, columns = size
    length = len(lanes)
    row_length = columns * length
    between = np.empty(_TOGETHER * rows * row_length, np.float32)
    order_y = np.arange(rows * rows) % rows
    order_x = np.arange(columns * columns) % columns
    shares_y, shares_x = along_y.reshape(-1), along_x.reshape(-1)
    one = np.float32(1)
    for first in range(begin, end, _TOGETHER):
        last = min(first + _TOGETHER, end)
        for cell in range(first, last):
            origin, to = cell * rows * row_length, (cell - first) * rows * row_length
            for y in range(rows):
                for x in range(columns):
                    sum_rows(
                        lanes, between, to + y * row_length + x * length, one, shares_y, order_y,
                        y * rows, rows, table, origin + x * length, row_length,
                    )  # fmt: skip
            table[origin : origin + rows * row_length] = 0
        for y in range(rows):
            for x in range(columns):
                to = (y * columns + x) * cells * length
                for cell in range(first, last):
                    origin = ((cell - first) * rows + y) * row_length
                    sum_rows(
                        lanes, blurred, to + cell * length, one, shares_x, order_x,
                        x * columns, columns, between, origin, length,
                    )  # fmt: skip


@kernel
def blur_colours(lanes, table, cells, wanted, passes, room, blurred, begin, end):
    """Blurs the cells of some nodes along one axis of colour after the other.

    Args:
        lanes: A tuple of L numbers.
        table: (rows, columns, cells, L), flat.
        cells: Number of colour cells.
        wanted: (starts, cells) of each node, which the last pass is done for.
        passes: For each axis (starts, numbers, weights): of each cell after it, those before it.
        room: The largest number of cells between passes.
        blurred: (wanted cells of all nodes, L), flat, written.
    """
    length = len(lanes)
    one = np.float32(1)
    between = np.empty((2, room * length), np.float32)
    for node in range(begin, end):
        source, origin = table, node * cells * length
        for axis in range(len(passes) - 1):
            starts, numbers, weights = passes[axis]
            target = between[axis % 2]
            for cell in range(len(starts) - 1):
                first, count = starts[cell], starts[cell + 1] - starts[cell]
                sum_rows(
                    lanes, target, cell * length, one, weights, numbers,
                    first, count, source, origin, length,
                )  # fmt: skip
            source, origin = target, 0
        starts, numbers, weights = passes[len(passes) - 1]
        for n in range(wanted[0][node], wanted[0][node + 1]):
            cell = wanted[1][n]
            first, count = starts[cell], starts[cell + 1] - starts[cell]
            sum_rows(
                lanes, blurred, n * length, one, weights, numbers,
                first, count, source, origin, length,
            )  # fmt: skip


@kernel
def slice_(lanes, table, places, size, shares, local, grid, values, begin, end):
    """What the nodes around each pixel say, for some rows of blocks; see `splat`.

    Args:
        table: (wanted cells of all nodes, L), flat.
        places: (rows · columns · cells,) where in the table each cell of each node is.
        values: (Y, X, L), flat, written.
    """
    side, starts, cells_of, base_y, base_x, share_y, share_x = grid
    height, width, stencil = shares.shape
    cells, _, columns = size
    length = len(lanes)
    shares, local = shares.reshape(-1), local.reshape(-1)
    near = np.empty(side * side * stencil * length, np.float32)
    around = np.array([i * columns + j for i in range(3) for j in range(3)]) * cells
    rows_of = np.empty(9, np.int32)
    block_shares = np.empty(9, np.float32)
    one = np.float32(1)
    for row in range(begin, end):
        for column in range(len(base_x)):
            first = starts[row * len(base_x) + column]
            count = starts[row * len(base_x) + column + 1] - first
            for i in range(3):
                for j in range(3):
                    block_shares[3 * i + j] = share_y[row, i] * share_x[column, j]
            node = (base_y[row] * columns + base_x[column]) * cells
            for c in range(count):
                for i in range(9):
                    rows_of[i] = places[node + cells_of[first + c] + around[i]]
                sum_rows(
                    lanes, near, c * length, one, block_shares, rows_of, 0, 9, table, 0, length
                )
            for y in range(row * side, min((row + 1) * side, height)):
                for x in range(column * side, min((column + 1) * side, width)):
                    p = y * width + x
                    sum_rows(
                        lanes, values, p * length, one, shares, local,
                        p * stencil, stencil, near, 0, length,
                    )  # fmt: skip
