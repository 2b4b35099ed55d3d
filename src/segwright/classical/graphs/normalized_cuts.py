"""Normalised cuts of a graph of superpixels."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.graphs.affinity import Affinity, superpixel_affinity
from segwright.classical.method import Finds, Method
from segwright.classical.regions.merging import merged_numbers
from segwright.classical.regions.slic import superpixels
from segwright.features.adjacency import Adjacency
from segwright.images.image import Image
from segwright.packages import package

_DENSE = 600
"""Up to so many superpixels all eigenvectors are found at once: any number of them is the same."""

_LEAST_EIGENVALUE = 1e-4


class NormalizedCuts(Method):
    """Cuts the picture so that what is parted is unlike, in proportion to all that hangs together.

    Superpixels are the nodes of a graph. Two that are close together are alike if their colours are
    and if no edge of the picture crosses the line between them (intervening contour). The smoothest
    functions on that graph, the first generalised eigenvectors of its Laplacian, are constant on
    regions; neighbours are merged by Ward's criterion in the space that they span, the smoother the
    more it weighs, until `regions` are left. Regions are 4-connected.

    Source: Shi and Malik 2000: Normalized cuts and image segmentation; intervening contours: Cour,
    Bénézit and Shi 2005.
    """

    name: ClassVar[str] = "ncuts"
    finds: ClassVar[Finds] = "regions"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "regions": (5, 10, 20, 40),
        "superpixels": (300, 600),
    }
    scale_param: ClassVar[str] = "regions"
    scales: ClassVar[tuple[int, ...]] = (100, 70, 50, 40, 30, 24, 20, 16, 13, 10, 8, 6, 5, 4, 3, 2)

    regions: int = Field(10, ge=1, le=10_000, description="How many regions are wanted")
    superpixels: int = Field(
        500, ge=1, le=100_000, description="About how many pieces the graph has"
    )
    radius: float = Field(
        4.0,
        gt=0,
        le=100,
        description="How far apart two superpixels may be to be joined, in sides of a superpixel",
    )
    sigma_colour: float = Field(
        0.05,
        gt=0,
        le=10,
        description="Distance of mean colours at which they are no longer alike, in shares of full"
        " scale (L*a*b* / 100 of RGB)",
    )
    sigma_edge: float = Field(
        0.02,
        gt=0,
        le=10,
        description="Steepness of an edge that parts two superpixels, full scale per pixel",
    )

    def parts(self, image: Image) -> np.ndarray:
        return next(self._cut(image, (self.regions,)))

    def at_scales(self, image: Image) -> Iterator[np.ndarray]:
        return self._cut(image, self.scales)

    def _cut(self, image: Image, numbers: Sequence[int]) -> Iterator[np.ndarray]:
        """The parts for each number of regions."""
        pieces = superpixels(image, regions=self.superpixels)
        sizes = np.bincount(pieces.ravel()).astype(np.float64)
        edges = Adjacency.of(pieces).edges
        reach = Affinity(self.radius, self.sigma_colour, self.sigma_edge)
        affinity = superpixel_affinity(image, pieces, reach) if len(sizes) > min(numbers) else None
        points = np.empty((len(sizes), 0))
        for least in numbers:
            if affinity is None or len(sizes) <= least:
                yield pieces
                continue
            if points.shape[1] < least or len(sizes) > _DENSE:
                most = max(one for one in numbers if one < len(sizes))
                points = spectral_points(affinity, most if len(sizes) <= _DENSE else least)
            own = points[:, :least] * sizes[:, None]
            yield merged_numbers(edges, sizes, own, cost="ward", least=least)[pieces]


def spectral_points(affinity: Any, count: int) -> np.ndarray:
    """Where the nodes of a graph lie in the space of its smoothest functions.

    Args:
        affinity: (n, n) symmetric scipy.sparse matrix, ≥ 0, each row with something in it.
        count: Eigenvectors, the constant one among them; at most n.

    Returns:
        (n, count) float64: the eigenvectors of (D - W) y = λ D y, each over λ; the constant one
        is 0.
    """
    sparse = package("scipy.sparse", purpose="normalised cuts")
    linalg = package("scipy.sparse.linalg", purpose="normalised cuts")
    nodes = affinity.shape[0]
    roots = np.sqrt(np.asarray(affinity.sum(axis=1)).ravel())
    inverse = sparse.diags_array(1 / roots)
    normal = inverse @ affinity @ inverse
    if nodes <= max(_DENSE, 4 * count):
        values, vectors = np.linalg.eigh(normal.toarray())
        values, vectors = values[::-1][:count], vectors[:, ::-1][:, :count]
    else:
        start = np.random.default_rng(0).standard_normal(nodes)
        values, vectors = linalg.eigsh(
            normal, count, which="LA", v0=start, tol=1e-6, ncv=3 * count + 20, maxiter=100 * nodes
        )
        order = np.argsort(-values)
        values, vectors = values[order], vectors[:, order]
    points = vectors / roots[:, None] / np.maximum(1 - values, _LEAST_EIGENVALUE)
    points[:, 0] = 0
    return points
