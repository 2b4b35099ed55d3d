"""From features to the sums of the leaves that many trees lead to.

What makes it fast: one tree after the other is walked by many pixels, so that it stays near the
core while they do; and eight pixels walk side by side, since one alone would wait for memory at
every step.

All numbers are unsigned: a signed index would be looked at for being negative at every step.
"""

from __future__ import annotations

import numpy as np
from numba import uint32, uint64

from segwright.classical.trees.arrays import Trees, feature_rows
from segwright.classical.trees.packed import CHILD_AT, FEATURES, NODES, SIGN, THRESHOLD_AT
from segwright.kernels import in_shares, kernel

_TOGETHER = 8  # pixels that walk side by side
_FEW = 96 * _TOGETHER  # pixels that are worth a thread
_NEAR = 64  # pixels whose numbers stay near the core while they are put in another order
_SEEN = 2**20  # numbers of features that are looked at, again for every tree: 4 MiB
_TO_FEATURE, _TO_CHILD = np.uint64(FEATURES - 1), np.uint64(NODES - 1)
_CHILD_AT, _THRESHOLD_AT = np.uint64(CHILD_AT), np.uint64(THRESHOLD_AT)
_SIGN = np.uint32(SIGN)


def leaf_sums(trees: Trees, features: np.ndarray, num_columns: int) -> np.ndarray:
    """What the trees answer, summed.

    Args:
        trees: Adding to at most `num_columns` columns.
        features: (F, N) float32, finite.
        num_columns: Of the answer.

    Returns:
        (num_columns, N) float32.

    Raises:
        UsageError: The features do not fit the trees, or a tree is beyond 2²⁰ nodes or 4096
            features.
    """
    rows = feature_rows(features, trees.num_features)
    num_features, num_pixels = rows.shape
    width = trees.value.shape[1]
    assert trees.column.max() + width <= num_columns
    packed = trees.packed
    sums = np.zeros((num_columns, num_pixels), np.float32)
    in_shares(
        _sum_single if width == 1 else _sum_rows,
        -(-num_pixels // _TOGETHER),
        rows.view(np.uint32),
        packed.nodes,
        packed.leaf_of,
        packed.roots,
        trees.column,
        packed.value.ravel(),
        sums,
        max(_TOGETHER, _SEEN // num_features // _TOGETHER * _TOGETHER),
        at_least=_FEW // _TOGETHER,
    )
    return sums


@kernel
def _sum_rows(bits, nodes, leaf_of, roots, column, value, sums, at_once, begin, end):
    """Adds a row of values for every leaf, four columns at a time."""
    num_columns, num_pixels = sums.shape
    width = uint64((num_columns + 3) // 4 * 4)
    stop = min(end * _TOGETHER, num_pixels)
    at_once = min(at_once, (end - begin) * _TOGETHER)
    seen = np.empty(uint64(at_once) * uint64(len(bits)), np.uint32)
    leaves = np.empty(uint64(at_once), np.uint32)
    total = np.empty(uint64(at_once) * width, np.float32)
    for first in range(begin * _TOGETHER, stop, at_once):
        count = uint64(min(at_once, stop - first))
        _load(bits, first, count, seen)
        total[:] = 0
        for tree in range(uint64(len(roots))):
            root = roots[tree]
            _walk(nodes[root:], leaf_of[root:], seen, uint64(len(bits)), count, leaves)
            for p in range(count):
                for c in range(uint64(0), width, uint64(4)):
                    v, t = uint64(leaves[p]) * width + c, p * width + c
                    # read before anything is written, so that it is one addition of four
                    v0, v1, v2, v3 = _four(value, v)
                    t0, t1, t2, t3 = _four(total, t)
                    total[t] = t0 + v0
                    total[t + uint64(1)] = t1 + v1
                    total[t + uint64(2)] = t2 + v2
                    total[t + uint64(3)] = t3 + v3
        for near in range(uint64(0), count, uint64(_NEAR)):
            for c in range(uint64(num_columns)):
                for p in range(near, min(near + uint64(_NEAR), count)):
                    sums[c, uint64(first) + p] = total[p * width + c]


@kernel
def _four(row, at):
    return row[at], row[at + uint64(1)], row[at + uint64(2)], row[at + uint64(3)]


@kernel
def _sum_single(bits, nodes, leaf_of, roots, column, value, sums, at_once, begin, end):
    """Adds one value for every leaf, to the column of its tree."""
    stop = min(end * _TOGETHER, sums.shape[1])
    at_once = min(at_once, (end - begin) * _TOGETHER)
    seen = np.empty(uint64(at_once) * uint64(len(bits)), np.uint32)
    leaves = np.empty(uint64(at_once), np.uint32)
    for first in range(begin * _TOGETHER, stop, at_once):
        count = uint64(min(at_once, stop - first))
        _load(bits, first, count, seen)
        for tree in range(uint64(len(roots))):
            root = roots[tree]
            _walk(nodes[root:], leaf_of[root:], seen, uint64(len(bits)), count, leaves)
            for p in range(count):
                sums[column[tree], uint64(first) + p] += value[leaves[p]]


@kernel
def _load(bits, first, count, seen):
    """The features of some pixels, pixel by pixel, as whole numbers in the same order.

    Beyond the last pixel stays what was there: it is walked with, and not looked at.
    """
    num_features = uint64(len(bits))
    for begin in range(uint64(0), count, uint64(_NEAR)):
        for f in range(num_features):
            for p in range(begin, min(begin + uint64(_NEAR), count)):
                one = bits[f, uint64(first) + p]
                seen[p * num_features + f] = ~one if one >= _SIGN else one | _SIGN


@kernel
def _walk(nodes, leaf_of, seen, num_features, count, leaves):
    """Finds the leaves of one tree for some pixels, and for those that fill up the last eight."""
    for p in range(uint64(0), count, uint64(_TOGETHER)):
        at0 = p * num_features
        at1 = at0 + num_features
        at2 = at1 + num_features
        at3 = at2 + num_features
        at4 = at3 + num_features
        at5 = at4 + num_features
        at6 = at5 + num_features
        at7 = at6 + num_features
        a = b = c = d = e = f = g = h = uint64(0)
        while True:
            a = _step(nodes, seen, at0, a)
            b = _step(nodes, seen, at1, b)
            c = _step(nodes, seen, at2, c)
            d = _step(nodes, seen, at3, d)
            e = _step(nodes, seen, at4, e)
            f = _step(nodes, seen, at5, f)
            g = _step(nodes, seen, at6, g)
            h = _step(nodes, seen, at7, h)
            to_a = _step(nodes, seen, at0, a)
            to_b = _step(nodes, seen, at1, b)
            to_c = _step(nodes, seen, at2, c)
            to_d = _step(nodes, seen, at3, d)
            to_e = _step(nodes, seen, at4, e)
            to_f = _step(nodes, seen, at5, f)
            to_g = _step(nodes, seen, at6, g)
            to_h = _step(nodes, seen, at7, h)
            moved = (a ^ to_a) | (b ^ to_b) | (c ^ to_c) | (d ^ to_d)
            moved |= (e ^ to_e) | (f ^ to_f) | (g ^ to_g) | (h ^ to_h)
            a, b, c, d, e, f, g, h = to_a, to_b, to_c, to_d, to_e, to_f, to_g, to_h
            if moved == uint64(0):
                break
        leaves[p] = leaf_of[a]
        leaves[p + uint64(1)] = leaf_of[b]
        leaves[p + uint64(2)] = leaf_of[c]
        leaves[p + uint64(3)] = leaf_of[d]
        leaves[p + uint64(4)] = leaf_of[e]
        leaves[p + uint64(5)] = leaf_of[f]
        leaves[p + uint64(6)] = leaf_of[g]
        leaves[p + uint64(7)] = leaf_of[h]


@kernel
def _step(nodes, seen, pixel, at):
    """The child that a pixel goes to; a leaf is its own."""
    node = nodes[at]
    larger = uint32(seen[pixel + (node & _TO_FEATURE)]) > uint32(node >> _THRESHOLD_AT)
    return ((node >> _CHILD_AT) & _TO_CHILD) + uint64(larger)
