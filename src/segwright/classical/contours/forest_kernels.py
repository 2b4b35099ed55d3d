"""Kernels of the forest of contours: growing a tree, finding leaves, adding what they show."""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel

CHANNELS = 13
PATCH = 16  # sides of what a leaf shows, pixels; and of what a node looks at, cells
PAIRS = 256  # pairs of pixels by which pictures of regions are compared
JUDGED = 256  # samples by which a node chooses a direction, and a leaf its picture
TRIED = 20_000  # samples by which a node chooses a feature
LEVELS = 256


@kernel
def _value(near, far, cell, row, feature):
    """The value of a feature where a patch begins at `cell` in rows of `row` cells."""
    channel = feature[0]
    first = (cell + feature[1] * row + feature[2]) * CHANNELS + channel
    if feature[3] < 0:
        return np.int64(near[first])
    second = (cell + feature[3] * row + feature[4]) * CHANNELS + channel
    return np.int64(far[first]) - np.int64(far[second])


@kernel
def _some(rows, most):
    """All rows, or so many at random."""
    if len(rows) <= most:
        return rows
    return rows[np.random.randint(0, len(rows), most)]


@kernel
def _differences(patches, rows, pairs):
    """(n, PAIRS) float32: do two pixels lie in different regions?"""
    found = np.empty((len(rows), len(pairs)), np.float32)
    for n in range(len(rows)):
        for k in range(len(pairs)):
            found[n, k] = patches[rows[n], pairs[k, 0]] != patches[rows[n], pairs[k, 1]]
    return found


@kernel
def _mean(table):
    mean = np.zeros(table.shape[1], np.float32)
    for n in range(len(table)):
        mean += table[n]
    return mean / np.float32(len(table))


@kernel
def _sides(patches, rows):
    """Puts pictures of regions into two classes: the two sides of their first principal axis."""
    pairs = np.random.randint(0, PATCH * PATCH, (PAIRS, 2))
    table = _differences(patches, _some(rows, JUDGED), pairs)
    mean = _mean(table)
    axis = np.random.standard_normal(PAIRS).astype(np.float32)
    for _ in range(8):
        turned = np.zeros(PAIRS, np.float32)
        for n in range(len(table)):
            along = np.float32(0)
            for k in range(PAIRS):
                along += (table[n, k] - mean[k]) * axis[k]
            for k in range(PAIRS):
                turned[k] += along * (table[n, k] - mean[k])
        length = np.sqrt((turned * turned).sum())
        if length < 1e-6:
            break
        axis = turned / length
    offset = (axis * mean).sum()
    sides = np.empty(len(rows), np.uint8)
    for n in range(len(rows)):
        along = -offset
        for k in range(PAIRS):
            if patches[rows[n], pairs[k, 0]] != patches[rows[n], pairs[k, 1]]:
                along += axis[k]
        sides[n] = along > 0
    return sides


@kernel
def _medoid(patches, rows):
    """The sample whose picture is nearest to the mean."""
    rows = _some(rows, JUDGED)
    pairs = np.random.randint(0, PATCH * PATCH, (PAIRS, 2))
    table = _differences(patches, rows, pairs)
    mean = _mean(table)
    best, least = rows[0], np.inf
    for n in range(len(rows)):
        apart = ((table[n] - mean) ** 2).sum()
        if apart < least:
            best, least = rows[n], apart
    return best


@kernel
def _best_split(near, far, places, sides, features, tries, least):
    """The feature and threshold with the purest sides (Gini); feature -1 if none divides.

    Args:
        places: (n, 2) cell and row length of each sample.
        sides: (n,) uint8 class of each.
        least: Samples on either side at least.
    """
    number = len(places)
    values = np.empty(number, np.int64)
    counts = np.zeros((2 * LEVELS, 2), np.int64)
    total = np.zeros(2, np.int64)
    for n in range(number):
        total[sides[n]] += 1
    best_feature, best_threshold = -1, 0
    best = (total[0] ** 2 + total[1] ** 2) / number + 1e-6
    for _ in range(tries):
        candidate = np.random.randint(0, len(features))
        low, high = 2 * LEVELS, 0
        for n in range(number):
            value = LEVELS + _value(near, far, places[n, 0], places[n, 1], features[candidate])
            values[n] = value
            low, high = min(low, value), max(high, value)
        counts[low : high + 1] = 0
        for n in range(number):
            counts[values[n], sides[n]] += 1
        zeros, ones = 0, 0
        for value in range(low, high):
            zeros += counts[value, 0]
            ones += counts[value, 1]
            left = zeros + ones
            if left < least or number - left < least:
                continue
            pure = (zeros**2 + ones**2) / left
            pure += ((total[0] - zeros) ** 2 + (total[1] - ones) ** 2) / (number - left)
            if pure > best:
                best, best_feature, best_threshold = pure, candidate, value - LEVELS
    return best_feature, best_threshold


@kernel
def grow(near, far, places, patches, features, tries, least, deepest, seed):
    """Grows one tree.

    Args:
        near, far: Flat uint8 channels of all images, cell after cell.
        places: (n, 2) int64: for each sample, the first cell of its patch and the cells in a row.
        patches: (n, 256) uint8, the regions around it.
        features: (F, 5) int64: channel, row and column, and a second row and column or -1.
        tries: Features that a node chooses from.
        least: Samples in a leaf at least.
        deepest: Nodes from the root to a leaf at most.
        seed: Of everything random.

    Returns:
        For each node: its feature or -1, its threshold, its left child (the right one is next to
        it) or at a leaf the sample that it shows.
    """
    np.random.seed(seed)
    number = len(places)
    order = np.arange(number)
    most = 2 * (number // max(1, least)) + 3
    feature, threshold = np.full(most, -1, np.int64), np.zeros(most, np.int64)
    child = np.zeros(most, np.int64)
    stack = np.empty((most, 4), np.int64)  # node, first, end, depth
    stack[0] = (0, 0, number, 0)
    waiting, nodes = 1, 1
    while waiting:
        waiting -= 1
        node, first, end, depth = stack[waiting]
        rows = order[first:end]
        if end - first >= 2 * least and depth < deepest:
            chosen = _some(rows, TRIED)
            sides = _sides(patches, chosen)
            if sides.min() != sides.max():
                feature[node], threshold[node] = _best_split(
                    near, far, places[chosen], sides, features, tries,
                    max(1, least * len(chosen) // len(rows)),
                )  # fmt: skip
        middle = first
        if feature[node] >= 0:
            for n in range(first, end):
                row = order[n]
                value = _value(near, far, places[row, 0], places[row, 1], features[feature[node]])
                if value <= threshold[node]:
                    order[n], order[middle] = order[middle], row
                    middle += 1
        if middle in (first, end):
            feature[node] = -1
            child[node] = _medoid(patches, rows)
            continue
        child[node] = nodes
        stack[waiting] = (nodes, first, middle, depth + 1)
        stack[waiting + 1] = (nodes + 1, middle, end, depth + 1)
        waiting += 2
        nodes += 2
    return feature[:nodes], threshold[:nodes], child[:nodes]


@kernel
def find_leaves(near, far, row, roots, nodes, features, found, begin, end):
    """Walks trees from each cell; which ones, alternates from cell to cell.

    Args:
        near, far: Flat uint8 channels of one image.
        row: Cells in a row of it.
        roots: (T,) first nodes.
        nodes: (N, 3) int32 feature, threshold, child.
        features: (F, 5) int64.
        found: (y, x, trees) int32 to be written: the leaf in `child` of the node.
    """
    trees = found.shape[2]
    for y in range(begin, end):
        for x in range(found.shape[1]):
            for n in range(trees):
                node = roots[(n * len(roots) // trees + (x + y) % 2) % len(roots)]
                while nodes[node, 0] >= 0:
                    value = _value(near, far, y * row + x, row, features[nodes[node, 0]])
                    node = nodes[node, 2] + (value > nodes[node, 1])
                found[y, x, n] = nodes[node, 2]


@kernel
def add_leaves(found, starts, pixels, sums):
    """Adds the contours that leaves show, each around its cell.

    Args:
        found: (y, x, trees) int32 leaves.
        starts: (L + 1,) int32 where the pixels of a leaf begin.
        pixels: uint8 places of contours in a picture of 16×16.
        sums: (2y + 16, 2x + 16) float32, added to.
    """
    for y in range(found.shape[0]):
        for x in range(found.shape[1]):
            for n in range(found.shape[2]):
                leaf = found[y, x, n]
                for k in range(starts[leaf], starts[leaf + 1]):
                    place = np.int64(pixels[k])
                    sums[2 * y + place // PATCH, 2 * x + place % PATCH] += 1
