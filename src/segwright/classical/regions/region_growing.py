"""Seeded region growing, with seeds that it finds itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.classical.method import Finds, Method
from segwright.classical.regions.cells import cell_of_pixels, cells
from segwright.classical.regions.colours import colours, steepness
from segwright.classical.regions.flooding import as_relief, markers
from segwright.images.image import Image


class RegionGrowing(Method):
    """Regions grow from seeds, at every moment by the pixel that is most like the region beside it.

    Seeds are the flattest places of the picture (the deepest minima of its gradient), or those of
    a grid. The mean colour of a region (L*a*b* of RGB) moves as it grows; a pixel between two
    regions goes to the one whose mean is closer. Regions are 4-connected.

    Source: Adams and Bischof 1994: Seeded region growing.
    """

    name: ClassVar[str] = "region_growing"
    finds: ClassVar[Finds] = "regions"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "regions": (10, 30, 100, 300),
        "seeds": ("minima", "grid"),
    }
    scale_param: ClassVar[str] = "regions"
    scales: ClassVar[tuple[int, ...]] = (600, 400, 280, 200, 140, 100, 70, 50, 35, 25, 18, 12, 8, 5)

    regions: int = Field(50, ge=1, le=10**6, description="Seeds at most; each becomes one region")
    seeds: Literal["minima", "grid"] = Field(
        "minima",
        description="Where regions start. minima: at the deepest minima of the gradient; grid: at"
        " the flattest pixel of each cell of a grid",
    )
    sigma_px: float = Field(
        1.5, ge=0, le=50, description="Standard deviation of the blur before, in pixels; 0: none"
    )

    def parts(self, image: Image) -> np.ndarray:
        relief = as_relief(steepness(image, sigma_px=self.sigma_px))
        if self.seeds == "minima":
            seeds = markers(relief, most=self.regions)
        else:
            seeds = flattest_in_cells(relief, self.regions)
        return grown(colours(image, sigma_px=self.sigma_px), seeds)


def grown(pixels: np.ndarray, seeds: np.ndarray) -> np.ndarray:
    """The regions of seeds.

    Args:
        pixels: (Y, X, C) float32.
        seeds: (Y, X) int32, 0 … n - 1 and -1 where there is no seed; at least one.

    Returns:
        (Y, X) int32.
    """
    from segwright.classical.regions.growing_kernels import grow

    framed = np.pad(pixels, ((1, 1), (1, 1), (0, 0)))
    found = np.pad(seeds.astype(np.int32), 1, constant_values=-2)
    _, width, channels = framed.shape
    grow(framed.reshape(-1, channels), found.ravel(), width, int(found.max()) + 1)
    return np.ascontiguousarray(found[1:-1, 1:-1])


def flattest_in_cells(relief: np.ndarray, count: int) -> np.ndarray:
    """Seeds at the lowest pixel of each cell of a grid, the first of several.

    Returns:
        (Y, X) int32, 0 … n - 1 and -1 elsewhere; n is about `count`.
    """
    height, width = relief.shape
    rows, columns = cells((height, width), count)
    cell = cell_of_pixels((height, width), rows, columns)
    tops = np.searchsorted(cell[:, 0], columns * np.arange(rows))
    lefts = np.searchsorted(cell[0], np.arange(columns))
    lowest = np.minimum.reduceat(np.minimum.reduceat(relief, tops, axis=0), lefts, axis=1)
    (low,) = np.nonzero((relief == lowest.ravel()[cell]).ravel())
    first = low[np.unique(cell.ravel()[low], return_index=True)[1]]
    found = np.full(relief.size, -1, np.int32)
    found[np.sort(first)] = np.arange(len(first))
    return found.reshape(height, width)
