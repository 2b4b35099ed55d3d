"""Split and merge."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.method import Finds, Method
from segwright.classical.regions.colours import colours
from segwright.classical.regions.merging import merged
from segwright.images.image import Image


class SplitMerge(Method):
    """Quarters the picture until every rectangle is even, then merges neighbours that are alike.

    A piece is even if its pixels are no more than `tolerance` from their mean colour (root mean
    square); two neighbours are merged, the best pair first, if they are even together. Pictures of
    any size are divided: halves differ by one pixel where a side is odd. Regions are 4-connected.

    Source: Horowitz and Pavlidis 1976: Picture segmentation by a tree traversal algorithm; the test
    there is of the range, here of the spread, which noise changes less.
    """

    name: ClassVar[str] = "split_merge"
    finds: ClassVar[Finds] = "regions"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {"tolerance": (0.03, 0.05, 0.08, 0.12, 0.18)}
    scale_param: ClassVar[str] = "tolerance"
    scales: ClassVar[tuple[float, ...]] = (
        *(0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.115, 0.13),
        *(0.15, 0.17, 0.2, 0.24),
    )

    tolerance: float = Field(
        0.08,
        gt=0,
        le=10,
        description="How far the pixels of one region are from their mean colour, root mean"
        " square, in shares of full scale (L*a*b* / 100 of RGB)",
    )
    smallest_px: int = Field(2, ge=1, le=10_000, description="Shortest side that is split to")
    min_size: int = Field(
        50, ge=1, le=10**8, description="Pixels of the smallest region; smaller ones are merged"
    )
    sigma_px: float = Field(
        0.8, ge=0, le=50, description="Standard deviation of the blur before, in pixels; 0: none"
    )

    def parts(self, image: Image) -> np.ndarray:
        from segwright.classical.regions.splitting_kernels import split

        pixels = colours(image, sigma_px=self.sigma_px)
        pieces = split(pixels, self.tolerance, self.smallest_px)
        return merged(pieces, pixels, cost="spread", limit=self.tolerance, min_size=self.min_size)
