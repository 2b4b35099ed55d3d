"""The naive method: a tree of splits over colour and texture, and a dilation that closes gaps."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.clustering.gaps import without_small
from segwright.classical.clustering.points import TEXTURE_MEANING, PixelPoints
from segwright.classical.clustering.split_tree import SplitTree
from segwright.classical.method import Finds, Method
from segwright.features.view import gaussian
from segwright.images.image import Image


class Naive(Method):
    """Splits the pixels in two, again and again, and closes what is too small by dilation.

    Every pixel is described by its blurred colour and by how much the brightness varies around it.
    A set of pixels is split by two means along its axis of largest spread, until it spreads less
    than `spread` (see `SplitTree`). Connected pieces of the last sets are regions; small ones are
    removed, and their neighbours are dilated over the gaps. Regions are 4-connected.

    Source: hierarchical divisive clustering, as in Kaufman & Rousseeuw 1990: Finding groups in
    data, chapter 6; splitting along the main axis: Boley 1998: Principal direction divisive
    partitioning.
    """

    name: ClassVar[str] = "naive"
    finds: ClassVar[Finds] = "regions"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "spread": (0.03, 0.05, 0.08, 0.12, 0.18),
        "min_px": (20, 100, 500),
    }
    scale_param: ClassVar[str] = "spread"
    scales: ClassVar[tuple[float, ...]] = (
        *(0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.11),
        *(0.12, 0.14, 0.16, 0.18, 0.2, 0.23, 0.26, 0.3),
    )

    spread: float = Field(
        0.14,
        gt=0,
        le=10,
        description="Root mean square distance of pixels from their mean at which they are not"
        " split further, in L*a*b* / 100; above 0, to 10",
    )
    smooth_px: float = Field(
        2.0,
        ge=0,
        le=32,
        description="Standard deviation of the Gaussian that colour and texture are blurred with;"
        " 0 (none), or to 32 pixels",
    )
    texture: float = Field(1.0, ge=0, le=100, description=TEXTURE_MEANING)
    min_px: int = Field(
        100, ge=1, le=10**9, description="Smaller regions are closed by dilating their neighbours"
    )
    sample_px: int = Field(
        65536,
        ge=256,
        le=10_000_000,
        description="Pixels that the splits are learned from, drawn at random; 256 to 10 million",
    )
    random_state: int = Field(0, ge=0, description="Seed of what is drawn at random; 0 or more")

    def parts(self, image: Image) -> np.ndarray:
        return next(self._split(image, (self.spread,)))

    def at_scales(self, image: Image) -> Iterator[np.ndarray]:
        return self._split(image, self.scales)

    def _split(self, image: Image, spreads: Sequence[float]) -> Iterator[np.ndarray]:
        """The parts for each `spread`."""
        described = PixelPoints(texture=self.texture).whole(image)
        if self.smooth_px:
            for plane in described:
                plane[:] = gaussian(plane, self.smooth_px)
        points = described.reshape(len(described), -1)
        sample = points
        if self.sample_px < points.shape[1]:
            rng = np.random.default_rng(self.random_state)
            sample = points[:, rng.choice(points.shape[1], self.sample_px, replace=False)]
        for spread in spreads:
            leaves = SplitTree.of(sample, spread=spread, least=2).leaf_of(points)
            yield without_small(leaves.reshape(image.size_hw), self.min_px)
