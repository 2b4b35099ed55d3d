"""A method put together: what pixels are like, how that is compared, and what is joined."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Annotated, Any, ClassVar

import numpy as np
from pydantic import BeforeValidator, Field, SerializeAsAny

from segwright.classical.method import Finds, Method
from segwright.classical.pipeline.connectivity import CONNECTIVITIES, Connectivity, Merge
from segwright.classical.pipeline.part import reader
from segwright.classical.pipeline.similarity import SIMILARITIES, Euclidean, Similarity
from segwright.classical.planes import planes
from segwright.features.stack import FeatureStack
from segwright.images.image import Image

_Similarity = Annotated[
    SerializeAsAny[Similarity], BeforeValidator(reader(SIMILARITIES, Similarity))
]
_Connectivity = Annotated[
    SerializeAsAny[Connectivity], BeforeValidator(reader(CONNECTIVITIES, Connectivity))
]


class Pipeline(Method):
    """Feature → similarity → connectivity, each part replaceable by name or by your own object.

    Every pixel is described by `features`; `similarity` tells how much two descriptions differ;
    `connectivity` decides from that which pixels belong together. Small regions go to the neighbour
    with the closest features. Regions are 4-connected.

    Example:
        >>> Pipeline(
        ...     features=[{"colour": "lab"}, "gabor"],
        ...     similarity="mahalanobis",
        ...     connectivity={"merge": {"threshold": 1.5}},
        ... ).segment(image)
    """

    name: ClassVar[str] = "pipeline"
    finds: ClassVar[Finds] = "regions"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "connectivity": tuple(Merge(threshold=one) for one in (0.03, 0.06, 0.1, 0.15)),
        "min_px": (20, 100, 500),
    }

    features: FeatureStack = Field(
        default=FeatureStack.of([{"colour": "lab"}]),
        description="What each pixel is described by, like [{colour: lab}, gabor]",
    )
    similarity: _Similarity = Field(
        default=Euclidean(),
        description="How descriptions are compared: euclidean, mahalanobis, cosine, correlation,"
        " chi_squared or intersection, or {euclidean: {standardise: true}}",
    )
    connectivity: _Connectivity = Field(
        default=Merge(),
        description="What is joined: {threshold: 0.03}, nearest, {merge: {threshold: 0.1}}, graph"
        " or spectral",
    )
    min_px: int = Field(
        50, ge=1, le=10**9, description="Smaller regions go to a neighbour in the end; 1 keeps all"
    )

    def parts(self, image: Image) -> np.ndarray:
        from segwright.classical.regions.components_kernels import (
            absorb,
            connected,
            sizes_and_sums,
        )

        features = self.similarity.prepared(self.features.describe(planes(image)))
        regions, count = connected(self.connectivity.regions(features, self.similarity))
        if self.min_px > 1:
            pixels = np.ascontiguousarray(np.moveaxis(features, 0, -1))
            absorb(regions, *sizes_and_sums(regions, pixels, count), self.min_px)
        return regions
