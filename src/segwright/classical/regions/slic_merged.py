"""Superpixels, merged into regions."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.classical.method import Finds, Method
from segwright.classical.regions.colours import colours
from segwright.classical.regions.merging import merged
from segwright.classical.regions.slic import superpixels
from segwright.images.image import Image


class SlicMerged(Method):
    """SLIC superpixels, of which the two most alike neighbours are merged until none are.

    The graph of adjacent superpixels is merged hierarchically: every merged region is compared by
    the mean colour of all its pixels. Regions are 4-connected.

    Source: Achanta et al. 2012 for superpixels; Ward 1963: Hierarchical grouping to optimize an
    objective function; Beaulieu and Goldberg 1989: Hierarchy in picture segmentation.
    """

    name: ClassVar[str] = "slic_merged"
    finds: ClassVar[Finds] = "regions"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "tolerance": (0.05, 0.1, 0.2, 0.3),
        "linkage": ("colour", "ward"),
    }
    scale_param: ClassVar[str] = "tolerance"
    scales: ClassVar[tuple[float, ...]] = (
        *(0.02, 0.04, 0.06, 0.08, 0.1, 0.12, 0.14, 0.16, 0.18),
        *(0.2, 0.22, 0.24, 0.27, 0.3, 0.34, 0.4),
    )

    tolerance: float = Field(
        0.2,
        gt=0,
        le=10,
        description="Merging ends where the two most alike neighbours differ by more; distance of"
        " mean colours in shares of full scale (L*a*b* / 100 of RGB), under 'ward' as if both were"
        " superpixels",
    )
    linkage: Literal["colour", "ward"] = Field(
        "colour",
        description="What differs. colour: mean colours; ward: the same, the further apart the"
        " larger both regions are",
    )
    superpixels: int = Field(600, ge=1, le=10**7, description="About how many pieces are merged")
    compactness: float = Field(
        10.0, gt=0, le=1000, description="Of the superpixels; large for pieces like squares"
    )

    def parts(self, image: Image) -> np.ndarray:
        return next(self._merged(image, (self.tolerance,)))

    def at_scales(self, image: Image) -> Iterator[np.ndarray]:
        return self._merged(image, self.scales)

    def _merged(self, image: Image, tolerances: Sequence[float]) -> Iterator[np.ndarray]:
        """The parts for each `tolerance`."""
        found = superpixels(image, regions=self.superpixels, compactness=self.compactness)
        pixels = colours(image)
        # What merging two superpixels of the mean size costs that are so far apart.
        half = found.size / (int(found.max()) + 1) / 2
        for one in tolerances:
            limit = one if self.linkage == "colour" else one**2 * half
            yield merged(found, pixels, cost=self.linkage, limit=limit)
