"""Kernels that list the colour cells which blocks of pixels, and patches of blocks, touch.

The bilateral grid works on the pixels of a block with numbers local to it, and on the blocks of a
patch with numbers local to that, so that what is summed up stays near the core.
"""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel


@kernel
def count_cells(base, stencil, places, patches, counts, of_patch, begin, end):
    """How many colour cells the pixels of each block and of each patch touch, for some patches.

    Args:
        base: (Y, X) number of each pixel's row of the stencil.
        stencil: (rows, J) cells.
        places: (side, blocks in a row) of blocks.
        patches: (patches, 4) first row, last but one, first column, last but one of blocks.
        counts: (blocks,) int32, written.
        of_patch: (patches,) int32, written.
    """
    height, width = base.shape
    side, columns = places
    by_block = np.full(stencil.max() + 1, -1, np.int32)
    by_patch = np.full(len(by_block), -1, np.int32)
    seen = np.full(len(stencil), -1, np.int32)
    for patch in range(begin, end):
        top, bottom, left, right = patches[patch]
        in_patch = 0
        for row in range(top, bottom):
            for column in range(left, right):
                block, count = row * columns + column, 0
                for y in range(row * side, min((row + 1) * side, height)):
                    for x in range(column * side, min((column + 1) * side, width)):
                        if seen[base[y, x]] == block:
                            continue
                        seen[base[y, x]] = block
                        for cell in stencil[base[y, x]]:
                            if by_block[cell] != block:
                                by_block[cell] = block
                                count += 1
                            if by_patch[cell] != patch:
                                by_patch[cell] = patch
                                in_patch += 1
                counts[block] = count
        of_patch[patch] = in_patch


@kernel
def list_cells(base, stencil, places, patches, starts, cells, lists, local, begin, end):
    """Which cells these are, with their numbers in the patch and in the block. See `count_cells`.

    Args:
        starts: Where the lists of each block and of each patch begin.
        cells: Rising cells of each patch, written.
        lists: Of each block, numbers in the patch, written.
        local: (Y, X, J) uint16 numbers in the block of the cells of each pixel, written.
    """
    height, width = base.shape
    side, columns = places
    of_blocks, of_patches = starts
    seen = np.full(len(stencil), -1, np.int32)
    met = np.zeros(stencil.max() + 1, np.bool_)
    in_patch = np.empty(len(met), np.int32)
    in_block = np.empty(len(met), np.uint16)
    stamp = np.full(len(met), -1, np.int32)
    for patch in range(begin, end):
        top, bottom, left, right = patches[patch]
        for y in range(top * side, min(bottom * side, height)):
            for x in range(left * side, min(right * side, width)):
                if seen[base[y, x]] != patch:
                    seen[base[y, x]] = patch
                    for cell in stencil[base[y, x]]:
                        met[cell] = True
        number = 0
        for cell in range(len(met)):
            if met[cell]:
                met[cell], in_patch[cell] = False, number
                cells[of_patches[patch] + number] = cell
                number += 1
        for row in range(top, bottom):
            for column in range(left, right):
                block, count = row * columns + column, 0
                for y in range(row * side, min((row + 1) * side, height)):
                    for x in range(column * side, min((column + 1) * side, width)):
                        cells_here = stencil[base[y, x]]
                        for j in range(len(cells_here)):
                            cell = cells_here[j]
                            if stamp[cell] != block:
                                stamp[cell], in_block[cell] = block, count
                                lists[of_blocks[block] + count] = in_patch[cell]
                                count += 1
                            local[y, x, j] = in_block[cell]


@kernel
def mark_cells(grid, patches, marked):
    """Which cells of each node patches give to: marked (rows, columns, cells) bool, written.

    Args:
        grid: Of blocks, see `grid_kernels.splat`; patches as well.
    """
    _, _, _, base_y, base_x, _, _ = grid
    rectangles, starts, cells = patches
    for patch in range(len(rectangles)):
        of_first = marked[base_y[rectangles[patch, 0]], base_x[rectangles[patch, 2]]]
        for cell in cells[starts[patch] : starts[patch + 1]]:
            of_first[cell] = True
