"""The radius-based method: DBSCAN over feature points with inscribed circles."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.clustering.circles import Circles, dense_groups
from segwright.classical.clustering.gaps import grown
from segwright.classical.method import Finds, Method
from segwright.classical.regions.colours import colours, steepness
from segwright.images.image import Image


class Radius(Method):
    """Fills the picture with circles that no edge enters, and joins those that touch and are alike.

    Edges are where colours are steeper than `edge`. Circles are described by their mean colours
    and, by weight, their deviations. Two are neighbours where they touch or overlap and differ by
    less than `eps`; a circle whose neighbourhood covers `min_px` is the core of a group (DBSCAN).
    Pixels take the group of the circle they lie deepest in, all others that of the nearest pixel;
    small regions go to the neighbour of the closest colour. Regions are 4-connected.

    Source: Ester, Kriegel, Sander, Xu 1996 for the groups; circles of a medial axis: Blum 1967: A
    transformation for extracting new descriptors of shape.
    """

    name: ClassVar[str] = "radius"
    finds: ClassVar[Finds] = "regions"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "eps": (0.03, 0.06, 0.1, 0.15),
        "edge": (0.01, 0.02, 0.04),
    }
    scale_param: ClassVar[str] = "eps"
    scales: ClassVar[tuple[float, ...]] = (
        *(0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1),
        *(0.11, 0.12, 0.14, 0.16, 0.18, 0.2, 0.25, 0.3),
    )

    eps: float = Field(
        0.07,
        gt=0,
        le=10,
        description="How much two circles may differ and be neighbours, in L*a*b* / 100; to 10",
    )
    edge: float = Field(
        0.02,
        gt=0,
        le=10,
        description="Change of colour from one pixel to the next that is an edge; above 0, to 10",
    )
    smooth_px: float = Field(
        2.0,
        ge=0,
        le=32,
        description="Standard deviation of the Gaussian that edges are looked for behind; 0: none",
    )
    texture: float = Field(
        1.0,
        ge=0,
        le=100,
        description="Weight of the deviation of colours in a circle beside their mean; 0 to 100",
    )
    min_px: int = Field(
        150,
        ge=1,
        le=10**9,
        description="Area that makes a core, and of the smallest region; 1 pixel or more",
    )

    def parts(self, image: Image) -> np.ndarray:
        return next(self._joined(image, (self.eps,)))

    def at_scales(self, image: Image) -> Iterator[np.ndarray]:
        return self._joined(image, self.scales)

    def _joined(self, image: Image, differences: Sequence[float]) -> Iterator[np.ndarray]:
        """The parts for each `eps`."""
        from segwright.classical.regions.components_kernels import (
            absorb,
            connected,
            sizes_and_sums,
        )

        pixels = colours(image)
        circles = Circles.between(steepness(image, sigma_px=self.smooth_px) > self.edge)
        vectors = circles.describe(pixels, self.texture) if len(circles) else np.empty((0, 0))
        for eps in differences:
            labels = np.full(image.size_hw, -1, np.int32)
            if len(circles):
                pairs = circles.touching(vectors, eps)
                groups = dense_groups(pairs, circles.areas_px, self.min_px)
                labels = circles.paint(groups, image.size_hw)
            regions, count = connected(grown(labels))
            absorb(regions, *sizes_and_sums(regions, pixels, count), self.min_px)
            yield regions
