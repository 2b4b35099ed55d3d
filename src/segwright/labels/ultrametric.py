"""A hierarchy of regions as one picture: how strong the contour between any two neighbours is.

Source: Arbeláez, Maire, Fowlkes and Malik, "Contour detection and hierarchical image
segmentation", IEEE PAMI 33 (2011), section 4.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segwright.errors import LabelError, UsageError
from segwright.labels.components import components


@dataclass(frozen=True, eq=False)
class Nested:
    """Ever coarser regions of one image, each a union of finer ones.

    Attributes:
        finest: (Y, X) int64 number of the finest region of each pixel, 0 … N - 1.
        merged: (S, N) int64 number of the region at each of S scales that a finest one is in,
            from 0 without gaps.
    """

    finest: np.ndarray
    merged: np.ndarray

    def __len__(self) -> int:
        """How many scales there are."""
        return len(self.merged)

    def __getitem__(self, scale: int) -> np.ndarray:
        """(Y, X) int64 region numbers at a scale."""
        return self.merged[scale][self.finest]


@dataclass(frozen=True, eq=False)
class UltrametricMap:
    """Strengths of contours such that raising a threshold only ever joins regions.

    Attributes:
        strengths: (2Y + 1, 2X + 1) float32: at [1::2, 1::2] the pixels (0), elsewhere the sides and
            corners between them; the frame is that of the image.

    Raises:
        LabelError: A side is even or below 3, or a strength is not a finite floating-point number.

    Example:
        >>> regions = np.array([[0, 0, 1, 2]])
        >>> tree = UltrametricMap.joining(regions, [(0, 1), (1, 2)], [0.7, 0.2])
        >>> tree.labels(0.1).tolist(), tree.labels(0.2).tolist(), tree.labels(0.7).tolist()
        ([[0, 0, 1, 2]], [[0, 0, 1, 1]], [[0, 0, 0, 0]])
    """

    strengths: np.ndarray

    def __post_init__(self) -> None:
        shape = self.strengths.shape
        if len(shape) != 2 or any(side % 2 == 0 or side < 3 for side in shape):
            raise LabelError(
                f"strengths have shape {shape}; accepted is (2Y + 1, 2X + 1) for an image of (Y, X)"
            )
        if self.strengths.dtype.kind != "f" or not np.isfinite(self.strengths).all():
            raise LabelError(
                f"strengths are {self.strengths.dtype} or not all finite; accepted are finite "
                "floating-point numbers"
            )

    @classmethod
    def joining(
        cls, regions: np.ndarray, pairs: Sequence[tuple[int, int]], heights: Sequence[float]
    ) -> UltrametricMap:
        """The map of a hierarchy that joins pairs of regions at given heights.

        Args:
            regions: (Y, X) numbers of the finest regions, from 0.
            pairs: Regions that come together, in any order; together with what they are joined to.
            heights: For each pair, up to which threshold they are apart.
        """
        height, width = regions.shape
        tree = _Tree(1 + max(int(regions.max()), int(np.max(pairs, initial=0))))
        for index in np.argsort(np.asarray(heights, float), kind="stable"):
            one, two = pairs[index]
            tree.join(one, two, float(heights[index]))
        strengths = np.zeros((2 * height + 1, 2 * width + 1), np.float32)
        strengths[2:-2:2, 1::2] = tree.heights(regions[:-1], regions[1:])
        strengths[1::2, 2:-2:2] = tree.heights(regions[:, :-1], regions[:, 1:])
        return cls(_with_corners(strengths))

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width of the image."""
        height, width = self.strengths.shape
        return height // 2, width // 2

    def contours(self) -> np.ndarray:
        """(Y, X) float32: the strength at the lower right corner of each pixel."""
        return self.strengths[2::2, 2::2]

    def labels(self, threshold: float) -> np.ndarray:
        """(Y, X) int64: regions from 0 that no contour above the threshold divides."""
        return self.nested([threshold])[0]

    def nested(self, thresholds: Sequence[float] | np.ndarray) -> Nested:
        """The regions at several thresholds.

        Args:
            thresholds: In ascending order, at least one.

        Raises:
            UsageError: There is none, or they descend.
        """
        steps = np.asarray(thresholds, self.strengths.dtype)  # of like precision
        if len(steps) == 0 or (np.diff(steps) < 0).any():
            raise UsageError(
                f"thresholds are {list(thresholds)}; accepted are one or more, in ascending order"
            )
        finest = components(self.strengths <= steps[0], neighbours=4)[0][1::2, 1::2]
        numbers, finest = np.unique(finest, return_inverse=True)
        finest = finest.reshape(self.size_hw)
        weights, one, two = self._divisions(finest)
        tree = _Tree(len(numbers))
        merged = np.empty((len(steps), len(numbers)), np.int64)
        at = 0
        for scale, step in enumerate(steps):
            while at < len(weights) and weights[at] <= step:
                tree.join(one[at], two[at], weights[at])
                at += 1
            merged[scale] = tree.regions()
        return Nested(finest, merged)

    def _divisions(self, finest: np.ndarray) -> tuple[list[float], list[int], list[int]]:
        """The weakest sides between each two regions in ascending order, and the regions."""
        sides = [
            (self.strengths[2:-2:2, 1::2], finest[:-1], finest[1:]),
            (self.strengths[1::2, 2:-2:2], finest[:, :-1], finest[:, 1:]),
        ]
        parts = []
        for strengths, here, there in sides:
            apart = here != there
            parts.append((strengths[apart], here[apart], there[apart]))
        weights, here, there = (np.concatenate(column) for column in zip(*parts, strict=True))
        keys = np.minimum(here, there) * (int(finest.max()) + 1) + np.maximum(here, there)
        order = np.argsort(weights, kind="stable")
        _, first = np.unique(keys[order], return_index=True)
        order = order[np.sort(first)]
        return weights[order].tolist(), here[order].tolist(), there[order].tolist()


class _Tree:
    """Regions that are joined one pair after the other at rising heights."""

    def __init__(self, count: int) -> None:
        self._parents = list(range(count))
        self._ranks = [0] * count
        self._heights = [np.inf] * count  # up to which a region is a root

    def join(self, one: int, two: int, height: float) -> None:
        """Joins two regions; the lower tree is hung into the higher, so paths stay short."""
        one, two = self._root(one), self._root(two)
        if one == two:
            return
        if self._ranks[one] > self._ranks[two]:
            one, two = two, one
        self._ranks[two] += self._ranks[one] == self._ranks[two]
        self._parents[one], self._heights[one] = two, height

    def regions(self) -> np.ndarray:
        """(N,) int64 number of the joined region of each, from 0 without gaps."""
        roots = np.array(self._parents)
        while not np.array_equal(higher := roots[roots], roots):
            roots = higher
        return np.unique(roots, return_inverse=True)[1]

    def heights(self, one: np.ndarray, two: np.ndarray) -> np.ndarray:
        """At which height each two regions came together: the highest step between them; 0 for one.

        Raises:
            LabelError: Two of them never did.
        """
        if not one.size:
            return np.zeros(one.shape, np.float32)
        pairs, inverse = np.unique(
            np.stack([one.ravel(), two.ravel()]), axis=1, return_inverse=True
        )
        found = np.array([self._height(int(a), int(b)) for a, b in pairs.T], np.float32)
        if not np.isfinite(found).all():
            raise LabelError(
                "two neighbouring regions are never joined; accepted is a hierarchy in which all "
                "regions are joined in the end"
            )
        return found[inverse.reshape(one.shape)]

    def _height(self, one: int, two: int) -> float:
        highest = 0.0
        while one != two:
            # Heights rise towards the root, so the lower of the two steps is due next.
            if self._heights[one] > self._heights[two]:
                one, two = two, one
            if self._parents[one] == one:
                return np.inf
            highest, one = self._heights[one], self._parents[one]
        return highest

    def _root(self, region: int) -> int:
        while self._parents[region] != region:
            region = self._parents[region]
        return region


def _with_corners(strengths: np.ndarray) -> np.ndarray:
    """Gives corners the strongest of the sides that meet there, and the frame what it touches."""
    inner = strengths[2:-2:2, 2:-2:2]
    for sides in (
        strengths[1:-2:2, 2:-2:2],
        strengths[3::2, 2:-2:2],
        strengths[2:-2:2, 1:-2:2],
        strengths[2:-2:2, 3::2],
    ):
        np.maximum(inner, sides, out=inner)
    strengths[0], strengths[-1] = strengths[1], strengths[-2]
    strengths[:, 0], strengths[:, -1] = strengths[:, 1], strengths[:, -2]
    return strengths
