"""What methods share that find edges first, and then the regions between them."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.edges.closing import enclosed, linked
from segwright.classical.edges.gradient import Gradients
from segwright.classical.method import Finds, Method
from segwright.classical.regions.colours import colours
from segwright.images.image import Image


class EdgeRegions(Method):
    """Finds thin edges, links their loose ends, and takes the areas that they enclose.

    Pixels of edges join the neighbouring area that they resemble, and areas that are too small the
    neighbour that they resemble. Regions are 4-connected.
    """

    finds: ClassVar[Finds] = "regions"

    gap_px: int = Field(
        8,
        ge=0,
        le=100,
        description="How far a loose end of an edge may be from what it is linked to, in pixels"
        " along Y and X; 0 to 100, 0 for no links",
    )
    min_area_px: int = Field(
        50, ge=1, le=10**8, description="Pixels of the smallest region; smaller ones are merged"
    )

    @abstractmethod
    def edges(self, image: Image) -> tuple[np.ndarray, np.ndarray]:
        """Finds edges.

        Returns:
            (Y, X) uint8, 1 on edges, which are one pixel wide and 8-connected; and (Y, X) float32
            strengths ≥ 0, by which gaps are linked.
        """
        raise NotImplementedError

    def parts(self, image: Image) -> np.ndarray:
        edges, strength = self.edges(image)
        closed = linked(edges, strength, gap_px=self.gap_px)
        return enclosed(closed, colours(image), min_area_px=self.min_area_px)


def thinned(gradients: Gradients, strength: np.ndarray, *, above: float = 0.0) -> np.ndarray:
    """(Y, X) uint8: 1 where a pixel is the strongest across the edge that it is on.

    Args:
        gradients: Of the picture.
        strength: (Y, X) float32, theirs.
        above: The strength, ≥ 0, that an edge exceeds.
    """
    from segwright.classical.edges.thinning_kernels import ridges
    from segwright.kernels import in_shares

    found = np.zeros(strength.shape, np.uint8)
    matrix = (gradients.yy, gradients.yx, gradients.xx)
    in_shares(ridges, len(found), strength, *matrix, np.float32(above), found, at_least=64)
    return found
