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
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "sigma_px": (1.0, 2.0, 3.0),
        "depth": (0.003, 0.006, 0.013, 0.025, 0.05),
    }
    scale_param: ClassVar[str] = "depth"
    scales: ClassVar[tuple[float, ...]] = (
        *(0.001, 0.002, 0.004, 0.006, 0.008, 0.01, 0.0115, 0.013, 0.015),
        *(0.017, 0.02, 0.024, 0.03, 0.037, 0.05),
    )

    depth: float = Field(
        0.013,
        gt=0,
        le=1,
        description="Least depth of a basin, in steepness: share of the full scale per pixel",
    )
    sigma_px: float = Field(
        3.0,
        ge=0,
        le=50,
        description="Standard deviation of the blur before, in pixels; 0: none. Much smaller"
        " regions are lost",
    )

    def parts(self, image: Image) -> np.ndarray:
        relief = as_relief(steepness(image, sigma_px=self.sigma_px))
        return flooded(relief, markers(relief, depth=round(self.depth * LEVELS)))
