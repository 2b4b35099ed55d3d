"""DBSCAN over pixels: regions are what holds together without a sparse place between."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.clustering.density import density_clusters
from segwright.classical.clustering.gaps import without_small
from segwright.classical.method import Finds, Method
from segwright.classical.regions.colours import colours
from segwright.images.image import Image

_LARGEST_WINDOW_PX = 12
"""Up to this `reach_px` every pixel of the window is looked at; beyond, a grid of colours helps."""


class Dbscan(Method):
    """Joins pixels that have enough pixels of like colour around them.

    Two pixels are neighbours where (difference of colour / `eps`)² + (distance / `reach_px`)² ≤ 1.
    A pixel with `min_samples` neighbours is the core of a cluster, with theirs. Clusters fall into
    their connected pieces; pixels in none and small pieces are closed by dilating the regions
    around. Regions are 4-connected.

    Source: Ester, Kriegel, Sander, Xu 1996: A density-based algorithm for discovering clusters.
    """

    name: ClassVar[str] = "dbscan"
    finds: ClassVar[Finds] = "regions"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "eps": (0.015, 0.025, 0.04, 0.06, 0.1),
        "min_px": (20, 100, 500),
    }
    scale_param: ClassVar[str] = "eps"
    scales: ClassVar[tuple[float, ...]] = (
        *(0.01, 0.015, 0.02, 0.025, 0.03, 0.035, 0.04, 0.045),
        *(0.05, 0.055, 0.06, 0.07, 0.08, 0.1, 0.12, 0.15),
    )

    eps: float = Field(
        0.025,
        gt=0,
        le=10,
        description="Difference of colour, in L*a*b* / 100, at which pixels in one place are just"
        " neighbours; above 0, to 10",
    )
    reach_px: float = Field(
        3.0,
        ge=0,
        le=100,
        description="Distance at which pixels of one colour are just neighbours; 1 to 100 pixels,"
        " or 0: colours alone count, wherever they are",
    )
    min_samples: int = Field(
        12,
        ge=1,
        le=10**9,
        description="Neighbours, with the pixel itself, that make it a core; at most"
        " about 3 reach_px² make sense",
    )
    smooth_px: float = Field(
        2.0,
        ge=0,
        le=32,
        description="Standard deviation of the Gaussian that colours are blurred with; 0 for none",
    )
    min_px: int = Field(
        100, ge=1, le=10**9, description="Smaller regions are closed by dilating their neighbours"
    )

    def parts(self, image: Image) -> np.ndarray:
        return self._regions(colours(image, sigma_px=self.smooth_px))

    def at_scales(self, image: Image) -> Iterator[np.ndarray]:
        pixels = colours(image, sigma_px=self.smooth_px)
        return (self.model_copy(update={"eps": eps})._regions(pixels) for eps in self.scales)

    def _regions(self, pixels: np.ndarray) -> np.ndarray:
        if 0 < self.reach_px <= _LARGEST_WINDOW_PX:
            clusters = window_clusters(
                pixels, eps=self.eps, reach_px=self.reach_px, least=self.min_samples
            )
            return without_small(clusters, self.min_px)
        height, width, channels = pixels.shape
        points = pixels.reshape(-1, channels)
        if self.reach_px:
            # A distance of reach_px is made as long as a difference of eps.
            places = np.indices((height, width), np.float32).reshape(2, -1).T
            points = np.hstack([points, places * np.float32(self.eps / self.reach_px)])
        clusters, _ = density_clusters(points, self.eps, self.min_samples)
        return without_small(clusters.reshape(height, width), self.min_px)


def window_clusters(pixels: np.ndarray, *, eps: float, reach_px: float, least: int) -> np.ndarray:
    """The clusters of `Dbscan`, by looking at all pixels in reach of each.

    As quick as can be where these are few; else see `density_clusters`.

    Args:
        pixels: (Y, X, C) float32.
        eps: Difference of colour at which pixels in one place are just neighbours.
        reach_px: Distance at which pixels of one colour are just neighbours.
        least: Neighbours of a core pixel, with itself.

    Returns:
        (Y, X) int32: one number for each cluster, -1 for pixels in none.
    """
    from segwright.classical.clustering import window_kernels as kernels
    from segwright.kernels import in_shares

    reach = np.arange(-int(reach_px), int(reach_px) + 1)
    squares = reach[:, None] ** 2 + reach**2
    y, x = np.nonzero((squares <= reach_px**2) & (squares > 0))
    nearest = np.argsort(squares[y, x], kind="stable")
    steps = np.stack([reach[y], reach[x]], axis=1)[nearest]
    shares = 1 - squares[y, x][nearest] / reach_px**2
    limits = (eps**2 * shares).astype(np.float32)
    planes = np.ascontiguousarray(np.moveaxis(pixels, -1, 0))
    core = np.empty(pixels.shape[:2], bool)
    in_shares(kernels.mark_core, len(core), planes, steps, limits, least, core, at_least=32)
    half = (steps[:, 0] < 0) | ((steps[:, 0] == 0) & (steps[:, 1] < 0))
    clusters = kernels.join(planes, steps[half], limits[half], core).reshape(core.shape)
    in_shares(kernels.attach, len(core), planes, steps, limits, core, clusters, at_least=32)
    return clusters
