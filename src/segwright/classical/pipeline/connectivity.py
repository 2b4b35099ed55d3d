"""Which pixels belong together, by how much they differ."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.classical.pipeline.region_means import RegionMeans
from segwright.classical.pipeline.similarity import Similarity
from segwright.packages import package
from segwright.rows import Step


class Connectivity(Step):
    """A way from differences to regions; derive from it for one of your own."""

    room: ClassVar[str] = "connectivity"

    @abstractmethod
    def regions(self, features: np.ndarray, similarity: Similarity) -> np.ndarray:
        """Divides a picture.

        Args:
            features: (G, Y, X) float32, prepared by `similarity`.
            similarity: Tells how much columns of features differ.

        Returns:
            (Y, X) integers from 0; connected pieces of one number will be regions.
        """


class Threshold(Connectivity):
    """Pixels are joined with those of their 4 neighbours that differ by less than a threshold."""

    bare: ClassVar[tuple[str, ...]] = ("threshold",)
    step: Literal["threshold"] = "threshold"
    threshold: float = Field(
        default=0.03,
        ge=0,
        description="Largest difference of neighbours that are joined; 0 or more",
    )

    def regions(self, features: np.ndarray, similarity: Similarity) -> np.ndarray:
        one, other, differ = grid_edges(features, similarity)
        joined = differ <= self.threshold
        return joined_pixels(one[joined], other[joined], features.shape[1:])


class Nearest(Connectivity):
    """Pixels are joined where each is among the most alike of the other's window.

    Source: Brito, Chávez, Quiroz, Yukich 1997: Connectivity of the mutual k-nearest-neighbor graph
    in clustering and outlier detection.
    """

    bare: ClassVar[tuple[str, ...]] = ("k",)
    step: Literal["nearest"] = "nearest"
    k: int = Field(default=4, ge=1, le=440, description="How many are the most alike; 1 to 440")
    window_px: int = Field(
        default=5, ge=3, le=21, description="Side of the window around a pixel, odd; 3 to 21"
    )
    threshold: float = Field(
        default=0.1, ge=0, description="Largest difference of pixels that are joined; 0 or more"
    )

    def regions(self, features: np.ndarray, similarity: Similarity) -> np.ndarray:
        height, width = features.shape[1:]
        reach = min(self.window_px // 2, max(height, width) - 1)
        offsets = [(dy, dx) for dy in range(reach + 1) for dx in range(-reach, reach + 1)]
        offsets = [one for one in offsets if one > (0, 0) and one[0] < height]
        offsets = [one for one in offsets if abs(one[1]) < width]
        # Of each offset and its opposite: the difference to the pixel there, for all pixels.
        differ = np.full((2 * len(offsets) + 1, height, width), np.inf, np.float32)
        for number, offset in enumerate(offsets):
            here, there = _overlap(offset, (height, width))
            found = similarity.distance(features[:, *here], features[:, *there])
            differ[2 * number][here] = differ[2 * number + 1][there] = found
        rank = min(self.k, len(differ)) - 1
        farthest = np.minimum(np.partition(differ, rank, axis=0)[rank], self.threshold)
        index = np.arange(height * width).reshape(height, width)
        ones, others = [], []
        for number, offset in enumerate(offsets):
            here, there = _overlap(offset, (height, width))
            mutual = differ[2 * number][here] <= np.minimum(farthest[here], farthest[there])
            ones.append(index[here][mutual])
            others.append(index[there][mutual])
        if not offsets:
            return np.zeros((height, width), np.int32)
        return joined_pixels(np.concatenate(ones), np.concatenate(others), (height, width))


class Merge(Connectivity):
    """Regions grow from single pixels: neighbours that are each other's most alike are merged.

    A region is described by the mean features of its pixels. All pairs of which each is the most
    alike neighbour of the other are merged at once, until no such pair differs by less than the
    threshold.

    Source: Beaulieu & Goldberg 1989: Hierarchy in picture segmentation; pairs at once: Haris et al.
    1998: Hybrid image segmentation using watersheds and fast region merging.
    """

    bare: ClassVar[tuple[str, ...]] = ("threshold",)
    step: Literal["merge"] = "merge"
    threshold: float = Field(
        default=0.1, ge=0, description="Largest difference of regions that are merged; 0 or more"
    )
    linkage: Literal["mean", "ward"] = Field(
        default="mean",
        description="What differs. mean: the means; ward: the same times the square root of"
        " 2 n m / (n + m) for regions of n and m pixels, so that small ones are merged first",
    )

    def regions(self, features: np.ndarray, similarity: Similarity) -> np.ndarray:
        means = RegionMeans.of_pixels(features, similarity, by_size=self.linkage == "ward")
        while means.merge(self.threshold):
            pass
        return means.labels


class Graph(Connectivity):
    """Regions grow along the smallest differences, large ones with more reserve than small ones.

    Two are joined where the smallest difference between them is no more than the largest inside
    either + scale / pixels.

    Source: Felzenszwalb & Huttenlocher 2004: Efficient graph-based image segmentation.
    """

    bare: ClassVar[tuple[str, ...]] = ("scale",)
    step: Literal["graph"] = "graph"
    scale: float = Field(
        default=1.0,
        ge=0,
        description="Large for large regions: a difference times a number of pixels",
    )

    def regions(self, features: np.ndarray, similarity: Similarity) -> np.ndarray:
        from segwright.classical.pipeline.graph_kernels import join

        one, other, differ = grid_edges(features, similarity)
        order = np.argsort(differ, kind="stable")
        found = join(one[order], other[order], differ[order], self.scale, features[0].size)
        return found.reshape(features.shape[1:])


class Spectral(Connectivity):
    """Cuts a graph of small regions so that the parts hold together and differ from each other.

    The picture is first merged to at most `pieces` regions (Ward). Neighbours are as alike as
    exp(-difference² / (2 sigma²)), times the length of their border; k-means divides the rows of
    the first eigenvectors of the normalised graph.

    Source: Ng, Jordan, Weiss 2001: On spectral clustering; Shi & Malik 2000: Normalized cuts.
    """

    bare: ClassVar[tuple[str, ...]] = ("regions_wanted",)
    step: Literal["spectral"] = "spectral"
    regions_wanted: int = Field(default=8, ge=2, le=256, description="Parts of the graph; 2 to 256")
    pieces: int = Field(
        default=400, ge=2, le=2000, description="Regions that are cut apart; 2 to 2000"
    )
    sigma: float = Field(
        default=1.0,
        gt=0,
        description="Difference at which neighbours are hardly alike, in medians of all there are",
    )
    random_state: int = Field(default=0, ge=0, description="Seed of k-means; 0 or more")

    def regions(self, features: np.ndarray, similarity: Similarity) -> np.ndarray:
        from segwright.classical.clustering.lloyd import centres_of, nearest

        means = RegionMeans.of_pixels(features, similarity, by_size=True)
        while len(means) > self.pieces and means.merge(np.inf, least=self.pieces):
            pass
        wanted = min(self.regions_wanted, len(means))
        if wanted < 2:
            return means.labels
        rows = self._embedded(means, wanted).T.astype(np.float32)
        centres = centres_of(rows, wanted, np.random.default_rng(self.random_state))
        return nearest(rows, centres).astype(np.int32)[means.labels]

    def _embedded(self, means: RegionMeans, wanted: int) -> np.ndarray:
        """(R, wanted) float64 rows of length 1."""
        linalg = package("scipy.linalg", purpose="spectral connectivity")
        one, other = means.pairs.T
        differ = means.differences()
        typical = max(float(np.median(differ)), 1e-12) * self.sigma
        weights = means.borders() * np.exp(-0.5 * (differ / typical) ** 2) + 1e-9
        alike = np.zeros((len(means), len(means)))
        alike[one, other] = alike[other, one] = weights
        degrees = 1 / np.sqrt(alike.sum(axis=1))
        count = len(means)
        vectors = linalg.eigh(
            alike * degrees[:, None] * degrees, subset_by_index=(count - wanted, count - 1)
        )[1]
        vectors *= np.sign(vectors[np.abs(vectors).argmax(axis=0), np.arange(wanted)])
        return vectors / np.maximum(np.linalg.norm(vectors, axis=1, keepdims=True), 1e-12)


CONNECTIVITIES: Mapping[str, type[Connectivity]] = {
    "threshold": Threshold,
    "nearest": Nearest,
    "merge": Merge,
    "graph": Graph,
    "spectral": Spectral,
}


def grid_edges(
    features: np.ndarray, similarity: Similarity
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """All 4-neighbours: the two pixels (E,) each, counted by rows, and their difference (E,)."""
    index = np.arange(features[0].size).reshape(features.shape[1:])
    found = []
    for offset in ((0, 1), (1, 0)):
        here, there = _overlap(offset, index.shape)
        differ = similarity.distance(features[:, *here], features[:, *there])
        found.append((index[here].ravel(), index[there].ravel(), np.ravel(differ)))
    one, other, differ = (np.concatenate(part) for part in zip(*found, strict=True))
    return one, other, differ


def joined_pixels(one: np.ndarray, other: np.ndarray, size_hw: tuple[int, ...]) -> np.ndarray:
    """(Y, X) int32 numbers of the groups that pairs of pixels (E,) and (E,) hold together."""
    sparse = package("scipy.sparse", purpose="the pipeline")
    graph = package("scipy.sparse.csgraph", purpose="the pipeline")
    count = int(np.prod(size_hw))
    links = sparse.coo_array((np.ones(len(one), bool), (one, other)), shape=(count, count))
    return graph.connected_components(links, directed=False)[1].reshape(size_hw)


def _overlap(
    offset: tuple[int, int], size_hw: tuple[int, ...]
) -> tuple[tuple[slice, slice], tuple[slice, slice]]:
    """The pixels that have one at an offset (down, right or left), and those."""
    (dy, dx), (height, width) = offset, size_hw
    here = slice(0, height - dy), slice(max(0, -dx), width - max(0, dx))
    there = slice(dy, height), slice(max(0, dx), width - max(0, -dx))
    return here, there
