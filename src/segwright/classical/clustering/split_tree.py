"""A tree that divides points in two, again and again, until each part is alike."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Self

import numpy as np


@dataclass(frozen=True, eq=False)
class SplitTree:
    """Halves of halves of a set of points, each by a threshold along the axis of largest spread.

    The threshold is the one of two means: the squared distances to the means of the two sides are
    the smallest there are. Node 0 is the root.

    Attributes:
        axes: (n, F) float32 directions.
        bounds: (n,) float32: points with a greater product with the axis go to the second side.
        sides: (n, 2) int32: the node of each side, or -1 - leaf.
    """

    axes: np.ndarray
    bounds: np.ndarray
    sides: np.ndarray

    @property
    def leaves(self) -> int:
        return len(self.axes) + 1

    @classmethod
    def of(cls, points: np.ndarray, *, spread: float, least: int) -> Self:
        """Divides points (F, n) float32.

        Args:
            points: A sample.
            spread: A part whose points lie closer than this to their mean, root mean square, is
                not divided.
            least: Neither is one of fewer points.
        """
        axes, bounds, sides = [], [], []
        leaves = 0
        waiting = [(points.astype(np.float64), -1, 0)]  # points, parent, which side of it
        while waiting:
            own, parent, side = waiting.pop()
            split = None if own.shape[1] < max(2, least) else _split(own, spread)
            if split is None:
                number, leaves = -1 - leaves, leaves + 1
            else:
                number = len(axes)
                axis, bound, beyond = split
                axes.append(axis)
                bounds.append(bound)
                sides.append([0, 0])
                waiting += [(own[:, beyond], number, 1), (own[:, ~beyond], number, 0)]
            if parent >= 0:
                sides[parent][side] = number
        size = len(points)
        return cls(
            np.array(axes, np.float32).reshape(-1, size),
            np.array(bounds, np.float32),
            np.array(sides, np.int32).reshape(-1, 2),
        )

    def leaf_of(self, points: np.ndarray) -> np.ndarray:
        """(n,) int32 leaves 0 … `leaves` - 1 of points (F, n) float32."""
        from segwright.classical.clustering.split_tree_kernels import walk
        from segwright.kernels import in_shares

        found = np.zeros(points.shape[1], np.int32)
        if len(self.axes):
            arrays = (self.axes, self.bounds, self.sides)
            in_shares(walk, points.shape[1], points, *arrays, found, at_least=4096)
        return found


def _split(points: np.ndarray, spread: float) -> tuple[np.ndarray, float, np.ndarray] | None:
    """Axis, threshold and which points lie beyond; None where they are alike already."""
    about = points - points.mean(axis=1, keepdims=True)
    covariance = about @ about.T / about.shape[1]
    if np.trace(covariance) <= spread * spread:
        return None
    axis = np.linalg.eigh(covariance)[1][:, -1]
    axis = (axis * np.sign(axis[np.abs(axis).argmax()])).astype(np.float32)
    along = (axis.astype(np.float64) @ points).astype(np.float32)
    ordered = np.sort(along).astype(np.float64)
    before = np.cumsum(ordered)[:-1]
    count = np.arange(1, len(ordered))
    # What two means leave is least where what lies between them is most.
    between = before**2 / count + (before[-1] + ordered[-1] - before) ** 2 / count[::-1]
    between[ordered[1:] <= ordered[:-1]] = -np.inf
    best = int(between.argmax())
    if not np.isfinite(between[best]):
        return None
    bound = np.float32((ordered[best] + ordered[best + 1]) / 2)
    bound = bound if bound < np.float32(ordered[best + 1]) else np.float32(ordered[best])
    beyond = along > bound
    return axis, float(bound), beyond
