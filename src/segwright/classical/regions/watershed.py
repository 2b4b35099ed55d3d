"""The watershed of the gradient."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.method import Finds, Method
from segwright.classical.regions.colours import steepness
from segwright.classical.regions.flooding import LEVELS, as_relief, flooded, markers
from segwright.images.image import Image


class Watershed(Method):
    """Floods the steepness of the picture from its minima; regions end where waters meet.

    The relief is the length of the gradient of all channels (L*a*b* / 100 of RGB). A minimum is
    flooded from if it is at least `depth` deep: one must climb so much to come to a lower one.
    Regions are 4-connected, and there are no lines between them.

    Source: Meyer 1994: Topographic distance and watershed lines; depth: Grimaud 1992.
    """

    name: ClassVar[str] = "watershed"
    finds: ClassVar[Finds] = "regions"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {"depth": (0.005, 0.01, 0.02, 0.04, 0.08)}
    scale_param: ClassVar[str] = "depth"
    scales: ClassVar[tuple[float, ...]] = (
        *(0.002, 0.004, 0.006, 0.009, 0.013, 0.018, 0.024, 0.03),
        *(0.037, 0.045, 0.055, 0.07, 0.085, 0.1, 0.13),
    )

    depth: float = Field(
        0.02,
        gt=0,
        le=1,
        description="Least depth of a basin, in steepness: share of the full scale per pixel",
    )
    sigma_px: float = Field(
        1.5, ge=0, le=50, description="Standard deviation of the blur before, in pixels; 0: none"
    )

    def parts(self, image: Image) -> np.ndarray:
        relief = as_relief(steepness(image, sigma_px=self.sigma_px))
        return flooded(relief, markers(relief, depth=round(self.depth * LEVELS)))
