"""How alike superpixels are."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np

from segwright.classical.regions.colours import colours, steepness
from segwright.features.adjacency import Adjacency
from segwright.images.image import Image
from segwright.packages import package

_SIGMA_PX = 2.0
_SAMPLES = 24
_LEAST = 1e-4  # so that no part of the graph is by itself


@dataclass(frozen=True)
class Affinity:
    """How fast likeness falls.

    Attributes:
        radius: Furthest distance of two superpixels, in sides of a superpixel.
        sigma_colour: Distance of mean colours at which likeness is down to exp(-1/2).
        sigma_edge: Steepness of the strongest edge between two at which it is so.
    """

    radius: float
    sigma_colour: float
    sigma_edge: float


def superpixel_affinity(image: Image, pieces: np.ndarray, affinity: Affinity) -> Any:
    """The graph of superpixels.

    Args:
        image: A picture.
        pieces: (Y, X) int32 superpixels 0 … n - 1.
        affinity: How fast likeness falls.

    Returns:
        (n, n) symmetric scipy.sparse array with an empty diagonal: a node that is like itself would
        be worth cutting off alone.
    """
    from segwright.classical.regions.components_kernels import sizes_and_sums

    sparse = package("scipy.sparse", purpose="normalised cuts")
    spatial = package("scipy.spatial", purpose="normalised cuts")
    count = int(pieces.max()) + 1
    sizes, sums = sizes_and_sums(pieces, colours(image), count)
    means = sums / sizes[:, None]
    rows, columns = np.indices(pieces.shape, np.float32)
    middles = np.stack([np.bincount(pieces.ravel(), one.ravel()) for one in (rows, columns)], 1)
    middles /= sizes[:, None]
    reach = affinity.radius * (pieces.size / count) ** 0.5
    near = spatial.cKDTree(middles).query_pairs(reach, output_type="ndarray")
    # Neighbours are joined however far apart their middles are: the graph is connected.
    pairs = np.unique(np.concatenate([near, Adjacency.of(pieces).edges]), axis=0)
    apart = means[pairs[:, 0]] - means[pairs[:, 1]]
    colour = (apart**2).sum(1) / affinity.sigma_colour**2
    edge = strongest_between(steepness(image, sigma_px=_SIGMA_PX), middles, pairs)
    likeness = np.exp(-0.5 * (colour + (edge / affinity.sigma_edge) ** 2)) + _LEAST
    one, other = pairs.T
    ends = np.concatenate([one, other]), np.concatenate([other, one])
    return sparse.csr_array((np.concatenate([likeness, likeness]), ends), shape=(count, count))


def strongest_between(edges: np.ndarray, middles: np.ndarray, pairs: np.ndarray) -> np.ndarray:
    """The strongest edge on the line between two points.

    Args:
        edges: (Y, X) float32.
        middles: (n, 2) y and x.
        pairs: (E, 2) numbers of points.

    Returns:
        (E,) float32.
    """
    found = np.zeros(len(pairs), np.float32)
    start, step = middles[pairs[:, 0]], middles[pairs[:, 1]] - middles[pairs[:, 0]]
    for share in np.linspace(0, 1, _SAMPLES):
        y, x = np.rint(start + share * step).astype(np.intp).T
        np.maximum(found, edges[y, x], out=found)
    return found
