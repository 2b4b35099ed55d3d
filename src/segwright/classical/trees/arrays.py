"""The nodes of many decision trees in flat arrays."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from functools import cached_property
from typing import Self

import numpy as np

from segwright.classical.trees.packed import PackedTrees
from segwright.errors import DataError, UsageError

_DTYPES = {"roots": "int32", "feature": "int32", "threshold": "float32", "child": "int32",
           "value": "float32", "column": "int32"}  # fmt: skip
LEAF = -1


@dataclass(frozen=True, eq=False)
class Trees:
    """Binary trees over numbers, tree after tree; children come after their parent.

    At an inner node the one feature that is compared decides: values up to the threshold go to
    `child`, larger ones to the node after it. At a leaf `child` is a row of `value`, which is
    added to the answer from `column` on.

    Attributes:
        roots: (T,) int32, the first node of each tree.
        feature: (N,) int32, the feature compared at a node; -1 at a leaf.
        threshold: (N,) float32, finite; 0 at a leaf.
        child: (N,) int32, the left child, or at a leaf its row of `value`.
        value: (L, V) float32, finite.
        column: (T,) int32, the first column of the answer that a tree adds to.

    Raises:
        DataError: The arrays contradict themselves: a child out of its tree or before its parent,
            a number that is not finite, sizes that do not fit.
    """

    roots: np.ndarray
    feature: np.ndarray
    threshold: np.ndarray
    child: np.ndarray
    value: np.ndarray
    column: np.ndarray

    def __post_init__(self) -> None:
        for name, dtype in _DTYPES.items():
            array = getattr(self, name)
            axes = 2 if name == "value" else 1
            if array.dtype.name != dtype or array.ndim != axes or 0 in array.shape:
                raise DataError(
                    f"{name} of the trees is {array.dtype.name} of shape {array.shape}; "
                    f"accepted is {dtype} with {axes} axes, none empty"
                )
        if not len(self.feature) == len(self.threshold) == len(self.child):
            raise DataError("feature, threshold and child of the trees differ in length")
        if len(self.roots) != len(self.column) or self.column.min() < 0:
            raise DataError("column of the trees is not one number from 0 for each tree")
        if not (np.isfinite(self.threshold).all() and np.isfinite(self.value).all()):
            raise DataError("a threshold or value of the trees is not finite")
        self._require_trees()

    def _require_trees(self) -> None:
        num_nodes = len(self.feature)
        ends = np.append(self.roots[1:], num_nodes).astype(np.int64)
        sizes = ends - self.roots
        if self.roots[0] != 0 or sizes.min() < 1 or sizes.sum() != num_nodes:
            raise DataError("the roots of the trees do not rise from 0 to the last node")
        if self.feature.min() < LEAF:
            raise DataError(f"a node of the trees compares feature {self.feature.min()}")
        inner = self.feature != LEAF
        end_of = np.repeat(ends, sizes)
        after = self.child > np.arange(num_nodes)
        inside = self.child.astype(np.int64) + 1 < end_of
        if not (after & inside)[inner].all():
            raise DataError("a child of the trees is before its parent or outside its tree")
        rows = self.child[~inner]
        if rows.min() < 0 or rows.max() >= len(self.value):  # the last node of all is a leaf
            raise DataError(f"a leaf of the trees has none of the {len(self.value)} values")

    @classmethod
    def joined(cls, trees: Sequence[Self]) -> Self:
        """All trees of several as one."""
        nodes = np.cumsum([0, *(len(one.feature) for one in trees)])
        leaves = np.cumsum([0, *(len(one.value) for one in trees)])
        parts = list(zip(trees, nodes, leaves, strict=False))
        return cls(
            roots=_chained([one.roots + first for one, first, _ in parts]),
            feature=np.concatenate([one.feature for one in trees]),
            threshold=np.concatenate([one.threshold for one in trees]),
            child=_chained(
                [np.where(t.feature == LEAF, t.child + leaf, t.child + n) for t, n, leaf in parts]
            ),
            value=np.concatenate([one.value for one in trees]),
            column=np.concatenate([one.column for one in trees]),
        )

    @classmethod
    def of_tree(
        cls,
        left: np.ndarray,
        right: np.ndarray,
        feature: np.ndarray,
        threshold: np.ndarray,
        value: np.ndarray,
        *,
        column: int = 0,
    ) -> Self:
        """One tree whose nodes may be in any order.

        Args:
            left: (n,) left child of each node, the root being node 0; negative or 0 at a leaf.
            right: (n,) right child.
            feature: (n,) feature compared.
            threshold: (n,) float64; values up to it go left.
            value: (n, V), used at leaves.
            column: First column of the answer that it adds to.
        """
        order, child = _by_level(left, right)
        inner = left[order] > 0
        rows = np.cumsum(~inner) - 1
        return cls(
            roots=np.zeros(1, np.int32),
            feature=np.where(inner, feature[order], LEAF).astype(np.int32),
            threshold=np.where(inner, _rounded_down(threshold[order]), 0).astype(np.float32),
            child=np.where(inner, child, rows).astype(np.int32),
            value=value[order][~inner].astype(np.float32),
            column=np.array([column], np.int32),
        )

    @property
    def num_features(self) -> int:
        """How many features the trees need at least."""
        return int(self.feature.max()) + 1

    @cached_property
    def packed(self) -> PackedTrees:
        """These trees in the form that is walked.

        Raises:
            UsageError: A tree is beyond 2²⁰ nodes or 4096 features.
        """
        return PackedTrees.of(self)

    def arrays(self) -> dict[str, np.ndarray]:
        """What is stored."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Takes back what `arrays` gave.

        Raises:
            DataError: An array is missing, or they are not those of trees.
        """
        missing = [name for name in _DTYPES if name not in arrays]
        if missing:
            raise DataError(f"the trees have no array {missing[0]!r}")
        return cls(**{name: arrays[name] for name in _DTYPES})


def feature_rows(features: np.ndarray, needed: int) -> np.ndarray:
    """Checks features to be judged by trees: (F, N) float32, contiguous along N.

    Raises:
        UsageError: Another number of axes, or fewer features than the trees compare.
    """
    if features.ndim != 2 or len(features) < needed:
        raise UsageError(
            f"features of shape {features.shape}; the trees need (F, N) with F of at least {needed}"
        )
    return np.ascontiguousarray(features, np.float32)


def _by_level(left: np.ndarray, right: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Nodes level by level with siblings together, and the new number of each one's left child."""
    levels, children = [np.zeros(1, np.intp)], []
    first = 1
    while len(levels[-1]):
        here = levels[-1]
        inner = left[here] > 0
        child = np.zeros(len(here), np.int64)
        child[inner] = first + 2 * np.arange(inner.sum())
        children.append(child)
        levels.append(np.stack([left[here[inner]], right[here[inner]]], 1).ravel())
        first += len(levels[-1])
    return np.concatenate(levels), np.concatenate(children)


def _rounded_down(threshold: np.ndarray) -> np.ndarray:
    """The largest float32 up to each value: no float32 changes sides by the rounding."""
    most = np.finfo(np.float32).max
    single = np.clip(threshold, -most, most).astype(np.float32)
    return np.where(single > threshold, np.nextafter(single, np.float32(-most)), single)


def _chained(parts: list[np.ndarray]) -> np.ndarray:
    joined = np.concatenate(parts)
    if joined.max() > np.iinfo(np.int32).max:
        raise UsageError(
            "the trees have more than 2³¹ nodes", remedy="Grow fewer or shallower trees"
        )
    return joined.astype(np.int32)
