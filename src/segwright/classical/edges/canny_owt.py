"""Canny's gradient, closed into a hierarchy of regions by the watershed."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.edges.gradient import Gradients
from segwright.classical.edges.hierarchy import Hierarchy, watershed_hierarchy
from segwright.classical.method import Finds, Method
from segwright.images.image import Image


class CannyOwt(Method):
    """Joins the basins of a blurred image's gradient until only strong contours are left.

    Contours are closed at every level, and raising the level only joins regions. Regions are
    4-connected.

    Source: Canny 1986; Arbeláez, Maire, Fowlkes and Malik 2011, sections 4 and 5.
    """

    name: ClassVar[str] = "canny_owt"
    finds: ClassVar[Finds] = "regions"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {"level": (0.005, 0.01, 0.02, 0.03, 0.05)}
    scale_param: ClassVar[str] = "level"
    scales: ClassVar[tuple[float, ...]] = (
        *(0.002, 0.004, 0.006, 0.008, 0.01, 0.013, 0.016, 0.02, 0.025),
        *(0.03, 0.035, 0.04, 0.05, 0.06, 0.08, 0.1),
    )

    level: float = Field(
        0.02,
        ge=0,
        le=1,
        description="Mean strength of the weakest contour that is kept: share of the full scale"
        " that colours change per pixel, 0 to 1",
    )
    sigma_px: float = Field(
        2.0, ge=0, le=50, description="Standard deviation of the blur before, in pixels; 0: none"
    )

    def parts(self, image: Image) -> np.ndarray:
        return self.hierarchy(image).regions(self.level)

    def hierarchy(self, image: Image) -> Hierarchy:
        """The regions at all levels."""
        gradients = Gradients.of(image, sigma_px=self.sigma_px, operator="central")
        return watershed_hierarchy(gradients, depth=1e-4)
