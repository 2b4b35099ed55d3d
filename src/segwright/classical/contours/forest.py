"""Trees whose leaves are small pictures of contours.

A tree looks at the channels around a pixel and ends in a leaf that shows the contours among 16×16
pixels. Trees are grown so that the regions people drew are alike in each leaf: at a node, pictures
of regions are compared by which of 256 pairs of pixels they separate, put into two classes along
the first principal axis of that, and divided by the feature that tells the classes apart best.

Source: Dollár and Zitnick, "Fast edge detection using structured forests", IEEE PAMI 37 (2015).
"""

from __future__ import annotations

import itertools
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, fields
from typing import Self

import numpy as np

from segwright.classical.contours.channels import CELL_PX, MARGIN_CELLS, NUM_CHANNELS, Channels
from segwright.errors import DataError, UsageError

PATCH = 16
_GRID = (1, 4, 8, 11, 14)  # cells of a patch that are compared with one another
_DTYPES = {"roots": np.int32, "nodes": np.int32, "starts": np.int32, "pixels": np.uint8}


@dataclass(frozen=True, eq=False)
class Samples:
    """Places in images, and how people divided what is around them.

    Attributes:
        channels: Of each image.
        image: (n,) index of the image of each sample.
        cell_yx: (n, 2) row and column of the sample's cell in the image, without the margin.
        patches: (n, 256) uint8 region numbers of the 16×16 pixels around it.
    """

    channels: tuple[Channels, ...]
    image: np.ndarray
    cell_yx: np.ndarray
    patches: np.ndarray


@dataclass(frozen=True, eq=False)
class ContourForest:
    """A grown forest.

    Attributes:
        roots: (T,) int32 first node of each tree.
        nodes: (N, 3) int32 feature, threshold and left child of each node, the right child being
            the next node; at a leaf -1, 0 and the number of the leaf.
        starts: (L + 1,) int32 where the pixels of each leaf begin.
        pixels: (P,) uint8, places of contours in pictures of 16×16, leaf after leaf.

    Raises:
        DataError: The arrays contradict themselves.
    """

    roots: np.ndarray
    nodes: np.ndarray
    starts: np.ndarray
    pixels: np.ndarray

    def __post_init__(self) -> None:
        for name, dtype in _DTYPES.items():
            array = getattr(self, name)
            axes = 2 if name == "nodes" else 1
            if array.dtype != dtype or array.ndim != axes:
                raise DataError(
                    f"{name} of the contour forest is {array.dtype} with {array.ndim} axes; "
                    f"accepted is {np.dtype(dtype)} with {axes}"
                )
        if not self._consistent():
            raise DataError("the arrays of the contour forest contradict one another")

    def _consistent(self) -> bool:
        if not len(self.roots) or not len(self.nodes) or self.nodes.shape[1] != 3:
            return False
        feature, child = self.nodes[:, 0], self.nodes[:, 2].astype(np.int64)
        inner = feature >= 0
        number = len(self.nodes)
        return bool(
            0 <= self.roots.min() <= self.roots.max() < number
            and -1 <= feature.min() <= feature.max() < len(_FEATURES)
            # Children come after their parent, so every walk ends.
            and (child[inner] > np.flatnonzero(inner)).all()
            and (child[inner] + 1 < number).all()
            and ((child[~inner] >= 0) & (child[~inner] < len(self.starts) - 1)).all()
            and self.starts[0] == 0
            and (np.diff(self.starts) >= 0).all()
            and self.starts[-1] == len(self.pixels)
        )

    @classmethod
    def grown(
        cls,
        samples: Samples,
        *,
        trees: int = 8,
        share: float = 0.25,
        tries: int = 64,
        least: int = 8,
        deepest: int = 64,
        seed: int = 0,
        threads: int = 2,
    ) -> Self:
        """Grows trees, each from its own random part of the samples.

        Args:
            samples: What to learn from.
            trees: How many.
            share: Of the samples that a tree is grown from.
            tries: Features that a node chooses from.
            least: Samples in a leaf at least.
            deepest: Nodes from a root to a leaf at most.
            seed: Of everything random.
            threads: Trees that grow at the same time.

        Raises:
            UsageError: There are no samples.
        """
        if not len(samples.image):
            raise UsageError("there is nothing to grow trees from; give images with contours")
        data = _Flat.of(samples)
        with ThreadPoolExecutor(threads) as pool:
            grown = list(
                pool.map(lambda n: data.tree(n, share, tries, least, deepest, seed), range(trees))
            )
        roots, nodes, shown = [], [], []
        first, leaves = 0, 0
        for feature, threshold, child, medoids in grown:
            inner = feature >= 0
            roots.append(first)
            target = np.where(inner, child + first, leaves + np.cumsum(~inner) - 1)
            nodes.append(np.stack([feature, threshold, target], axis=1))
            shown.append(samples.patches[medoids])
            first += len(feature)
            leaves += len(medoids)
        edges = contours_in(np.concatenate(shown))
        starts = np.concatenate([[0], np.cumsum(edges.sum(axis=1))])
        return cls(
            np.array(roots, np.int32),
            np.concatenate(nodes).astype(np.int32),
            starts.astype(np.int32),
            np.nonzero(edges)[1].astype(np.uint8),
        )

    def contours(
        self, channels: Channels, size_hw: tuple[int, int], *, trees: int = 4
    ) -> np.ndarray:
        """How often the leaves around a pixel show a contour there.

        Args:
            channels: Of an image.
            size_hw: Height and width of the image in pixels.
            trees: That are asked at each cell; two neighbouring cells ask different ones.

        Returns:
            (Y, X) float32 share of the leaves, 0 … 1.
        """
        from segwright.classical.contours.forest_kernels import add_leaves, find_leaves
        from segwright.kernels import in_shares

        rows, columns = (side - PATCH for side in channels.near.shape[:2])
        found = np.empty((rows, columns, min(trees, len(self.roots))), np.int32)
        in_shares(
            find_leaves,
            rows,
            channels.near.ravel(),
            channels.far.ravel(),
            columns + PATCH,
            self.roots,
            self.nodes,
            _FEATURES,
            found,
            at_least=8,
        )
        sums = np.zeros((CELL_PX * rows + PATCH, CELL_PX * columns + PATCH), np.float32)
        add_leaves(found, self.starts, self.pixels, sums)
        sums /= found.shape[2] * (PATCH // CELL_PX) ** 2
        half = PATCH // 2
        return sums[half : half + size_hw[0], half : half + size_hw[1]]

    def arrays(self) -> dict[str, np.ndarray]:
        """What is stored."""
        return {one.name: getattr(self, one.name) for one in fields(self)}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Takes back what `arrays` gave; untrusted.

        Raises:
            DataError: An array is missing, or they are not those of a contour forest.
        """
        missing = [name for name in _DTYPES if name not in arrays]
        if missing:
            raise DataError(f"the contour forest has no array {missing[0]!r}")
        return cls(**{name: arrays[name] for name in _DTYPES})


def contours_in(patches: np.ndarray) -> np.ndarray:
    """(n, 256) bool: pixels of 16×16 with another region than one of their four neighbours."""
    regions = patches.reshape(-1, PATCH, PATCH)
    edges = np.zeros(regions.shape, bool)
    down = regions[:, :-1] != regions[:, 1:]
    right = regions[:, :, :-1] != regions[:, :, 1:]
    edges[:, :-1] |= down
    edges[:, 1:] |= down
    edges[:, :, :-1] |= right
    edges[:, :, 1:] |= right
    return edges.reshape(len(patches), -1)


@dataclass(frozen=True, eq=False)
class _Flat:
    """The channels of all images one after the other, and where samples begin in them."""

    near: np.ndarray
    far: np.ndarray
    places: np.ndarray
    patches: np.ndarray

    @classmethod
    def of(cls, samples: Samples) -> Self:
        shapes = np.array([one.near.shape[:2] for one in samples.channels])
        firsts = np.concatenate([[0], np.cumsum(shapes.prod(axis=1))[:-1]])
        row = shapes[samples.image, 1]
        y, x = samples.cell_yx.T
        return cls(
            np.concatenate([one.near.ravel() for one in samples.channels]),
            np.concatenate([one.far.ravel() for one in samples.channels]),
            np.stack([firsts[samples.image] + y * row + x, row], axis=1).astype(np.int64),
            np.ascontiguousarray(samples.patches),
        )

    def tree(
        self, number: int, share: float, tries: int, least: int, deepest: int, seed: int
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
        """Nodes of one tree, and the samples that its leaves show."""
        from segwright.classical.contours.forest_kernels import grow

        rng = np.random.default_rng([seed, number])
        count = len(self.places)
        chosen = np.sort(rng.choice(count, max(1, round(share * count)), replace=False))
        feature, threshold, child = grow(
            self.near,
            self.far,
            self.places[chosen],
            self.patches[chosen],
            _FEATURES,
            tries,
            least,
            deepest,
            int(rng.integers(2**31)),
        )
        return feature, threshold, child, chosen[child[feature < 0]]


def _features() -> np.ndarray:
    """(F, 5) int64: channel, row, column, and for a difference a second row and column, else -1."""
    ranges = (range(NUM_CHANNELS), range(PATCH), range(PATCH))
    single = [(c, y, x, -1, -1) for c, y, x in itertools.product(*ranges)]
    cells = list(itertools.product(_GRID, _GRID))
    double = [
        (c, *one, *two)
        for c in range(NUM_CHANNELS)
        for one, two in itertools.combinations(cells, 2)
    ]
    return np.array(single + double, np.int64)


_FEATURES = _features()
assert 2 * MARGIN_CELLS == PATCH
