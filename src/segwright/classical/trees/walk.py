"""From features to the sums of the leaves that many trees lead to.

What makes it fast: a node is 8 bytes, so that a tree stays near the core; a block of pixels with
its features stays there while all trees look at it; and eight pixels walk a tree side by side,
since one alone would wait for memory at every step. A leaf leads to itself, so those that have
arrived need no question asked.

All numbers are unsigned: a signed index would be looked at for being negative at every step.
"""

from __future__ import annotations

import numpy as np
from numba import uint32, uint64

from segwright.classical.trees.arrays import LEAF, Trees, feature_rows
from segwright.errors import UsageError
from segwright.kernels import in_shares, kernel

_BLOCK = 192  # pixels, a multiple of the eight that walk together
_FEATURES, _NODES = 2**12, 2**20  # what the other 32 bits of a node can hold
_TO_FEATURE, _TO_CHILD = np.uint64(_FEATURES - 1), np.uint64(_NODES - 1)
_CHILD_AT, _THRESHOLD_AT = np.uint64(12), np.uint64(32)
_SIGN = np.uint32(2**31)


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
    width = trees.value.shape[1]
    assert trees.column.max() + width <= num_columns
    several = width > 1
    value = np.pad(trees.value, ((0, 0), (0, -width % 4))) if several else trees.value
    leaf_of = np.where(trees.feature == LEAF, trees.child, 0).astype(np.uint32)
    sums = np.zeros((num_columns, rows.shape[1]), np.float32)
    in_shares(
        _sum_rows if several else _sum_single,
        -(-rows.shape[1] // _BLOCK),
        rows.view(np.uint32),
        packed(trees),
        leaf_of,
        trees.roots.astype(np.uint64),
        trees.column,
        value.ravel(),
        sums,
        at_least=4,
    )
    return sums


def packed(trees: Trees) -> np.ndarray:
    """(N,) uint64 nodes: ordered threshold (32 bits), child in its tree (20), feature (12).

    Raises:
        UsageError: A tree is too large for that.
    """
    sizes = np.diff(np.append(trees.roots, len(trees.feature)))
    if sizes.max() > _NODES or trees.num_features > _FEATURES:
        raise UsageError(
            f"a tree has {sizes.max()} nodes over {trees.num_features} features; accepted are at "
            f"most {_NODES} nodes and {_FEATURES} features",
            remedy="Grow shallower trees, or use fewer features",
        )
    first = np.repeat(trees.roots, sizes)
    leaf = trees.feature == LEAF
    to_itself = np.arange(len(leaf)) - first
    child = np.where(leaf, to_itself, trees.child - first).astype(np.uint64)
    feature = np.where(leaf, 0, trees.feature).astype(np.uint64)
    bits = (trees.threshold + np.float32(0)).view(np.uint32)  # -0 is 0
    ordered = np.where(bits >= _SIGN, ~bits, bits | _SIGN)
    ordered[leaf] = np.iinfo(np.uint32).max
    return (ordered.astype(np.uint64) << _THRESHOLD_AT) | (child << _CHILD_AT) | feature


@kernel
def _sum_rows(bits, nodes, leaf_of, roots, column, value, sums, begin, end):
    """Adds a row of values for every leaf, four columns at a time."""
    num_columns, num_pixels = sums.shape
    num_trees = uint64(len(roots))
    width = uint64((num_columns + 3) // 4 * 4)
    seen = np.empty(uint64(_BLOCK) * uint64(len(bits)), np.uint32)
    leaves = np.empty(uint64(_BLOCK) * num_trees, np.uint32)
    for block in range(begin, end):
        first = block * _BLOCK
        count = min(_BLOCK, num_pixels - first)
        _load(bits, first, count, seen)
        for tree in range(num_trees):
            root = roots[tree]
            _walk(nodes[root:], leaf_of[root:], seen, uint64(len(bits)), leaves[tree:], num_trees)
        for p in range(uint64(count)):
            for c in range(uint64(0), width, uint64(4)):
                a = b = d = e = np.float32(0)
                for at in range(p * num_trees, (p + uint64(1)) * num_trees):
                    v = uint64(leaves[at]) * width + c
                    a += value[v]
                    b += value[v + uint64(1)]
                    d += value[v + uint64(2)]
                    e += value[v + uint64(3)]
                for k, total in enumerate((a, b, d, e)):
                    if c + uint64(k) < uint64(num_columns):
                        sums[c + uint64(k), uint64(first) + p] = total


@kernel
def _sum_single(bits, nodes, leaf_of, roots, column, value, sums, begin, end):
    """Adds one value for every leaf, to the column of its tree."""
    num_pixels = sums.shape[1]
    num_trees = uint64(len(roots))
    seen = np.empty(uint64(_BLOCK) * uint64(len(bits)), np.uint32)
    leaves = np.empty(uint64(_BLOCK), np.uint32)
    for block in range(begin, end):
        first = block * _BLOCK
        count = min(_BLOCK, num_pixels - first)
        _load(bits, first, count, seen)
        for tree in range(num_trees):
            root = roots[tree]
            _walk(nodes[root:], leaf_of[root:], seen, uint64(len(bits)), leaves, uint64(1))
            for p in range(uint64(count)):
                sums[column[tree], uint64(first) + p] += value[leaves[p]]


@kernel
def _load(bits, first, count, seen):
    """The features of a block, pixel by pixel, as whole numbers in the same order.

    Beyond the last pixel stays what was there: it is walked with, and not looked at.
    """
    num_features = uint64(len(bits))
    for f in range(num_features):
        for p in range(uint64(count)):
            one = bits[f, uint64(first) + p]
            seen[p * num_features + f] = ~one if one >= _SIGN else one | _SIGN


@kernel
def _walk(nodes, leaf_of, seen, num_features, leaves, apart):
    """Finds the leaves of one tree for all pixels of a block; `apart` from each other."""
    for group in range(uint64(0), uint64(_BLOCK), uint64(8)):
        at0 = group * num_features
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
        place = group * apart
        leaves[place] = leaf_of[a]
        leaves[place + apart] = leaf_of[b]
        leaves[place + uint64(2) * apart] = leaf_of[c]
        leaves[place + uint64(3) * apart] = leaf_of[d]
        leaves[place + uint64(4) * apart] = leaf_of[e]
        leaves[place + uint64(5) * apart] = leaf_of[f]
        leaves[place + uint64(6) * apart] = leaf_of[g]
        leaves[place + uint64(7) * apart] = leaf_of[h]


@kernel
def _step(nodes, seen, pixel, at):
    """The child that a pixel goes to; a leaf is its own."""
    node = nodes[at]
    larger = uint32(seen[pixel + (node & _TO_FEATURE)]) > uint32(node >> _THRESHOLD_AT)
    return ((node >> _CHILD_AT) & _TO_CHILD) + uint64(larger)
