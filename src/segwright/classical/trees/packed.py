"""Trees in the form that is walked: a node is 8 bytes, so that a whole tree stays near the core.

A leaf leads to itself, so those that have arrived need no question asked, and thresholds are whole
numbers in the order of the floats, since those are compared faster.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from segwright.errors import UsageError

if TYPE_CHECKING:
    from segwright.classical.trees.arrays import Trees

FEATURES, NODES = 2**12, 2**20  # what the other 32 bits of a node can hold
CHILD_AT, THRESHOLD_AT = 12, 32
SIGN = 2**31


@dataclass(frozen=True, eq=False)
class PackedTrees:
    """What a walk reads.

    Attributes:
        roots: (T,) uint64, the first node of each tree.
        nodes: (N,) uint64: ordered threshold (32 bits), child in its tree (20), feature (12).
        leaf_of: (N,) uint32, the row of `value` that a leaf adds; 0 at other nodes.
        value: (L, V) float32; V is 1, or a multiple of four with zeros at the end.
    """

    roots: np.ndarray
    nodes: np.ndarray
    leaf_of: np.ndarray
    value: np.ndarray

    @classmethod
    def of(cls, trees: Trees) -> Self:
        """Packs trees.

        Raises:
            UsageError: A tree is too large for that.
        """
        sizes = np.diff(np.append(trees.roots, len(trees.feature)))
        if sizes.max() > NODES or trees.num_features > FEATURES:
            raise UsageError(
                f"a tree has {sizes.max()} nodes over {trees.num_features} features; accepted are "
                f"at most {NODES} nodes and {FEATURES} features",
                remedy="Grow shallower trees, or use fewer features",
            )
        leaf = trees.feature < 0
        first = np.repeat(trees.roots, sizes)
        child = np.where(leaf, np.arange(len(leaf)), trees.child) - first
        feature = np.where(leaf, 0, trees.feature).astype(np.uint64)
        ordered = in_order(trees.threshold)
        ordered[leaf] = np.iinfo(np.uint32).max  # nothing is larger, so nothing leaves
        width = trees.value.shape[1]
        missing = -width % 4 if width > 1 else 0
        return cls(
            roots=trees.roots.astype(np.uint64),
            nodes=(ordered.astype(np.uint64) << np.uint64(THRESHOLD_AT))
            | (child.astype(np.uint64) << np.uint64(CHILD_AT))
            | feature,
            leaf_of=np.where(leaf, trees.child, 0).astype(np.uint32),
            value=np.pad(trees.value, ((0, 0), (0, missing))),
        )


def in_order(numbers: np.ndarray) -> np.ndarray:
    """Finite float32 as uint32 in the same order; 0 and -0 are the same."""
    bits = (numbers + np.float32(0)).view(np.uint32)
    return np.where(bits >= np.uint32(SIGN), ~bits, bits | np.uint32(SIGN))
