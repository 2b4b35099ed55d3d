"""Canny's gradient, closed into a hierarchy of regions by the watershed."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.edges.gradient import Gradients
from segwright.classical.edges.hierarchy import Hierarchy, watershed_hierarchy
from segwright.classical.method import Finds, Method
from segwright.images.image import Image

_LEAST_DEPTH = 1e-4  # of a basin: shallower ones are rounding


class CannyOwt(Method):
    """Joins the basins of a blurred image's gradient until only strong contours are left.

    Contours are closed at every level, and raising the level only joins regions. Regions are
    4-connected.

    Source: Canny 1986; Arbeláez, Maire, Fowlkes and Malik 2011, sections 4 and 5.
    """

    name: ClassVar[str] = "canny_owt"
    finds: ClassVar[Finds] = "regions"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {"level": (0.5, 1.0, 1.5, 2.0, 3.0, 4.0)}
    scale_param: ClassVar[str] = "level"
    scales: ClassVar[tuple[float, ...]] = (
        *(0.2, 0.4, 0.6, 0.8, 1.0, 1.2, 1.4, 1.6, 1.8),
        *(2.0, 2.2, 2.5, 2.8, 3.2, 3.7, 4.5, 5.5, 7.0),
    )

    level: float = Field(
        2.0,
        ge=0,
        le=1000,
        description="Strength of the contours that are not kept yet: how fast colours change across"
        " them, in multiples of the image's mean gradient; 0 to 1000",
    )
    sigma_px: float = Field(
        3.0, ge=0, le=50, description="Standard deviation of the blur before, in pixels; 0: none"
    )

    def parts(self, image: Image) -> np.ndarray:
        return self.hierarchy(image).regions(self.level)

    def at_scales(self, image: Image) -> Iterator[np.ndarray]:
        found = self.hierarchy(image)
        return (found.regions(level) for level in self.scales)

    def hierarchy(self, image: Image) -> Hierarchy:
        """The regions at all levels."""
        gradients = Gradients.of(image, sigma_px=self.sigma_px, operator="central")
        found = watershed_hierarchy(gradients, depth=_LEAST_DEPTH)
        # Divided by the mean, levels mean the same in dim and in bright images.
        usual = float(gradients.strength().mean(dtype=np.float64)) or 1.0
        return replace(found, heights=found.heights / usual)
