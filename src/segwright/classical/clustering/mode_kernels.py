"""Kernels that move every pixel uphill to a mode of the density of place and colour.

The density is that of a flat window: pixels at most `radius_px` away along Y and X, of colours at
most `bandwidth` away. A pixel takes over the mode of another whose way it joins, inside a strip of
`STRIP` rows; strips are worked on one by one, so that the modes do not depend on the threads.
"""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel

STRIP = 16
_ROUNDS = 50
_STILL = 1e-3  # squared move, in windows
_JOINS = 0.25  # squared distance of colours, in bandwidths, at which two ways are one


@kernel
def _step(planes, radius, square, y, x, colour, sums):
    """Means of the window about (y, x, colour) into `colour`; gives its middle, and the move."""
    channels, height, width = planes.shape
    top, bottom = max(int(np.rint(y)) - radius, 0), min(int(np.rint(y)) + radius + 1, height)
    left, right = max(int(np.rint(x)) - radius, 0), min(int(np.rint(x)) + radius + 1, width)
    across = right - left
    # One sum a column of the window: that is what the processor adds several of at once.
    sums[:, :across] = 0
    inside = sums[channels + 2]
    for row in range(top, bottom):
        inside[:across] = 0
        for c in range(channels):
            part = planes[c, row, left:right]
            value = colour[c]
            for j in range(across):
                inside[j] += (part[j] - value) * (part[j] - value)
        down = np.float32(row - top)
        for j in range(across):
            one = np.float32(1) if inside[j] <= square else np.float32(0)
            inside[j] = one
            sums[channels, j] += one
            sums[channels + 1, j] += one * down
        for c in range(channels):
            part = planes[c, row, left:right]
            for j in range(across):
                sums[c, j] += inside[j] * part[j]
    count, mean_y, mean_x = 0.0, 0.0, 0.0
    for j in range(across):
        count += sums[channels, j]
        mean_x += sums[channels, j] * j
        mean_y += sums[channels + 1, j]
    if count == 0:
        return y, x, 0.0
    mean_y, mean_x = mean_y / count + top, mean_x / count + left
    moved = ((mean_y - y) ** 2 + (mean_x - x) ** 2) / (radius * radius + 0.25)
    for c in range(channels):
        total = 0.0
        for j in range(across):
            total += sums[c, j]
        total /= count
        moved += (total - colour[c]) ** 2 / square
        colour[c] = total
    return mean_y, mean_x, moved


@kernel
def seek_modes(planes, radius, bandwidth, modes, begin, end):
    """Moves the pixels of strips `begin` … `end` - 1.

    Args:
        planes: (C, Y, X) float32.
        radius: Of the window, pixels.
        bandwidth: Of the colours.
        modes: (C, Y, X) float32; the colour of the mode of each pixel is written here.
        begin: First strip.
        end: One past the last.
    """
    channels, height, width = planes.shape
    square = np.float32(bandwidth * bandwidth)
    sums = np.empty((channels + 3, 2 * radius + 1), np.float32)
    colour = np.empty(channels, np.float32)
    way = np.empty((_ROUNDS, 2), np.int64)
    for strip in range(begin, end):
        top, bottom = strip * STRIP, min((strip + 1) * STRIP, height)
        done = np.zeros((bottom - top, width), np.bool_)
        for start_y in range(top, bottom):
            for start_x in range(width):
                if done[start_y - top, start_x]:
                    continue
                y, x = float(start_y), float(start_x)
                for c in range(channels):
                    colour[c] = planes[c, start_y, start_x]
                passed = 0
                for _ in range(_ROUNDS):
                    y, x, moved = _step(planes, radius, square, y, x, colour, sums)
                    if moved <= _STILL:
                        break
                    at_y, at_x = int(np.rint(y)), int(np.rint(x))
                    if at_y < top or at_y >= bottom:
                        continue
                    apart = np.float32(0)
                    for c in range(channels):
                        apart += (planes[c, at_y, at_x] - colour[c]) ** 2
                    if apart > _JOINS * square:
                        continue
                    if done[at_y - top, at_x]:
                        for c in range(channels):
                            colour[c] = modes[c, at_y, at_x]
                        break
                    way[passed, 0], way[passed, 1] = at_y, at_x
                    passed += 1
                way_y, way_x = start_y, start_x
                for place in range(passed + 1):
                    for c in range(channels):
                        modes[c, way_y, way_x] = colour[c]
                    done[way_y - top, way_x] = True
                    if place < passed:
                        way_y, way_x = way[place, 0], way[place, 1]


@kernel
def _root(parent, node):
    while parent[node] != node:
        parent[node] = parent[parent[node]]
        node = parent[node]
    return node


@kernel
def join_modes(modes, limit):
    """(Y, X) int32 numbers of pieces: 4-neighbours of which the modes are at most `limit` apart."""
    channels, height, width = modes.shape
    parent = np.arange(height * width)
    for y in range(height):
        for x in range(width):
            for direction in range(2):
                up, left = (0, 1) if direction else (1, 0)
                if y < up or x < left:
                    continue
                apart = np.float32(0)
                for c in range(channels):
                    apart += (modes[c, y, x] - modes[c, y - up, x - left]) ** 2
                if apart <= limit * limit:
                    one = _root(parent, y * width + x)
                    other = _root(parent, (y - up) * width + x - left)
                    parent[max(one, other)] = min(one, other)
    found = np.empty((height, width), np.int32)
    count = 0
    for node in range(height * width):  # a root comes before the rest of its tree
        y, x = node // width, node % width
        root = _root(parent, node)
        if root == node:
            found[y, x] = count
            count += 1
        else:
            found[y, x] = found[root // width, root % width]
    return found, count
