"""Kernels of inscribed circles: choosing, describing, comparing and painting them."""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel


@kernel
def choose(radii, order, cover, least):
    """Takes pixels for circles, largest first, where no circle taken before covers them.

    Args:
        radii: (Y, X) float32 radius of the largest circle around each pixel.
        order: (Y · X,) pixels from the largest radius to the smallest.
        cover: Share of its radius within which a circle covers other middles.
        least: Smallest radius.

    Returns:
        (P,) int64 pixels.
    """
    height, width = radii.shape
    covered = np.zeros((height, width), np.bool_)
    found = [np.int64(0) for _ in range(0)]
    for pixel in order:
        y, x = pixel // width, pixel % width
        if radii[y, x] < least:
            break
        if covered[y, x]:
            continue
        found.append(np.int64(pixel))
        reach = max(1.0, radii[y, x] * cover)
        whole = int(reach)
        for near_y in range(max(0, y - whole), min(height, y + whole + 1)):
            for near_x in range(max(0, x - whole), min(width, x + whole + 1)):
                if (near_y - y) ** 2 + (near_x - x) ** 2 <= reach * reach:
                    covered[near_y, near_x] = True
    return np.array(found)


@kernel
def describe(pixels, middles, radii, weight, found, begin, end):
    """Writes mean colours and weighted deviations in circles `begin` … `end` - 1: (P, 2C)."""
    height, width, channels = pixels.shape
    for circle in range(begin, end):
        y, x, radius = middles[circle, 0], middles[circle, 1], radii[circle]
        whole = int(radius)
        count = 0
        total, squares = np.zeros(channels), np.zeros(channels)
        for near_y in range(max(0, y - whole), min(height, y + whole + 1)):
            for near_x in range(max(0, x - whole), min(width, x + whole + 1)):
                if (near_y - y) ** 2 + (near_x - x) ** 2 <= radius * radius:
                    count += 1
                    for c in range(channels):
                        value = np.float64(pixels[near_y, near_x, c])
                        total[c] += value
                        squares[c] += value * value
        for c in range(channels):
            mean = total[c] / count
            found[circle, c] = mean
            deviation = np.sqrt(max(0.0, squares[c] / count - mean * mean))
            found[circle, channels + c] = weight * deviation


@kernel
def touching(middles, radii, vectors, eps, slack, grids):
    """Pairs of circles that touch and are alike.

    Args:
        middles: (P, 2) int64, Y and X.
        radii: (P,) float32.
        vectors: (P, V) what is in them.
        eps: Distance of vectors that are alike.
        slack: Gap between circles that touch, pixels.
        grids: For each level the circles with radii in [2 ^ level, 2 ^ (level + 1)) by cells of
            that upper bound: (levels, 3) of first cell, rows, columns; beginnings; order.

    Returns:
        (E, 2) int64, each pair once.
    """
    levels, starts, order = grids
    found = [np.int64(0) for _ in range(0)]
    for one in range(len(middles)):
        y, x = middles[one, 0], middles[one, 1]
        for level in range(len(levels)):
            side = 2.0 ** (level + 1)
            if radii[one] >= side:
                continue
            cells, rows, columns = levels[level]
            reach = radii[one] + side + slack
            for row in range(
                max(0, int((y - reach) // side)), min(rows, int((y + reach) // side) + 1)
            ):
                left = max(0, int((x - reach) // side))
                right = min(columns, int((x + reach) // side) + 1)
                for place in range(
                    starts[cells + row * columns + left], starts[cells + row * columns + right]
                ):
                    other = order[place]
                    # Of two in one level the first finds the second.
                    same_level = 2 * radii[one] >= side
                    if one == other or (same_level and other < one):
                        continue
                    limit = radii[one] + radii[other] + slack
                    apart = (middles[other, 0] - y) ** 2 + (middles[other, 1] - x) ** 2
                    if apart > limit * limit:
                        continue
                    differ = 0.0
                    for v in range(vectors.shape[1]):
                        differ += (vectors[one, v] - vectors[other, v]) ** 2
                    if differ <= eps * eps:
                        found.append(np.int64(one))
                        found.append(np.int64(other))
    return np.array(found).reshape(-1, 2)


@kernel
def paint(labels, closest, middles, radii, groups):
    """Gives each pixel in a circle the group of that in which it lies closest to the middle.

    Args:
        labels: (Y, X) int32, written to where a circle with a group lies.
        closest: (Y, X) float32, infinite at the start: distance to the middle over the radius.
        middles: (P, 2) int64.
        radii: (P,) float32.
        groups: (P,) integers; negative ones are left out.
    """
    height, width = labels.shape
    for circle in range(len(middles)):
        if groups[circle] < 0:
            continue
        y, x, radius = middles[circle, 0], middles[circle, 1], radii[circle]
        whole = int(radius)
        for near_y in range(max(0, y - whole), min(height, y + whole + 1)):
            for near_x in range(max(0, x - whole), min(width, x + whole + 1)):
                share = ((near_y - y) ** 2 + (near_x - x) ** 2) / (radius * radius)
                if share <= 1 and share < closest[near_y, near_x]:
                    closest[near_y, near_x] = share
                    labels[near_y, near_x] = groups[circle]
