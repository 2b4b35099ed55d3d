"""SLIC superpixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.method import Finds, Method
from segwright.classical.regions.cells import cell_of_pixels, cells
from segwright.classical.regions.colours import colour_bands
from segwright.images.image import Image

_UNITS = 10_000
"""Whole numbers that a colour's 1.0 is divided into; L*a*b* / 100 is within ±1.3."""


class Slic(Method):
    """Superpixels: k-means over colour and place, each centre looking only around itself.

    Colours are CIE L*a*b* (of other than 3 channels, shares of the full scale × 100). Pieces that
    are cut off or smaller than half of the mean region are merged with the neighbour of the
    closest colour, so that every region is 4-connected.

    Source: Achanta et al. 2012: SLIC superpixels compared to state-of-the-art superpixel methods.
    """

    name: ClassVar[str] = "slic"
    finds: ClassVar[Finds] = "regions"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "regions": (100, 300, 1000, 3000),
        "compactness": (5.0, 10.0, 20.0),
    }
    scale_param: ClassVar[str] = "regions"
    scales: ClassVar[tuple[int, ...]] = (1000, 700, 500, 350, 250, 180, 120, 80, 50, 30, 20, 10, 5)

    regions: int = Field(300, ge=1, le=10**7, description="About how many regions are wanted")
    compactness: float = Field(
        10.0,
        gt=0,
        le=1000,
        description="How many units of colour (L* is 0 … 100) weigh as much as the distance to the"
        " next centre: large for regions like squares, small for regions that follow every edge",
    )
    iterations: int = Field(10, ge=1, le=100, description="Rounds of assigning and averaging")

    def parts(self, image: Image) -> np.ndarray:
        return superpixels(
            image,
            regions=self.regions,
            compactness=self.compactness,
            iterations=self.iterations,
        )


def superpixels(
    image: Image, *, regions: int, compactness: float = 10.0, iterations: int = 10
) -> np.ndarray:
    """The regions of `Slic`.

    Returns:
        (Y, X) int32 region numbers from 0 in the order of their first pixels, each 4-connected.
    """
    from segwright.classical.regions.components_kernels import absorb, connected
    from segwright.classical.regions.slic_kernels import sum_colours

    pixels = _in_whole_numbers(image)
    rows, columns = cells(image.size_hw, regions)
    labels = _clustered(pixels, rows, columns, compactness=compactness, iterations=iterations)
    labels, count = connected(labels)
    sizes, sums = np.zeros(count, np.int64), np.zeros((count, len(pixels)))
    sum_colours(pixels, labels, sizes, sums)
    absorb(labels, sizes, sums, max(1, labels.size // (rows * columns * 2)))
    return labels


def _in_whole_numbers(image: Image) -> np.ndarray:
    """(C, Y, X) int16."""
    found = np.empty((image.num_channels, *image.size_hw), np.int16)
    for rows, _, band in colour_bands(image):
        found[:, rows] = np.rint(band * np.float32(_UNITS))
    return found


def _clustered(
    pixels: np.ndarray, rows: int, columns: int, *, compactness: float, iterations: int
) -> np.ndarray:
    """(Y, X) int32: k-means from a grid of centres."""
    from segwright.classical.regions.slic_kernels import assign
    from segwright.kernels import in_shares

    channels, height, width = pixels.shape
    labels = cell_of_pixels((height, width), rows, columns)
    centres = _first_centres(pixels, rows, columns)
    side = (height * width / (rows * columns)) ** 0.5
    reach = np.array([height / rows, width / columns], np.float32)
    weight = np.float32((compactness * _UNITS / 100 / side) ** 2)
    shares = max(1, min(16, height // 32, 4_000_000 // len(centres)))  # each has its own sums
    for _ in range(iterations):
        order = np.argsort(centres[:, channels], kind="stable").astype(np.int32)
        sums = np.zeros((shares, rows * columns, channels + 3), np.int64)
        in_shares(assign, shares, pixels, centres, order, reach, weight, labels, sums)
        total = sums.sum(0)
        there = total[:, -1] > 0
        centres[there] = total[there, :-1] / total[there, -1:]
    return labels


def _first_centres(pixels: np.ndarray, rows: int, columns: int) -> np.ndarray:
    """(K, C + 2) float32: the colour and place of the middle of every cell."""
    channels, height, width = pixels.shape
    y = ((np.arange(rows) + 0.5) * height / rows).astype(np.intp)
    x = ((np.arange(columns) + 0.5) * width / columns).astype(np.intp)
    place_y, place_x = (one.ravel() for one in np.meshgrid(y, x, indexing="ij"))
    centres = np.empty((rows * columns, channels + 2), np.float32)
    centres[:, :channels] = pixels[:, place_y, place_x].T
    centres[:, channels], centres[:, channels + 1] = place_y, place_x
    return centres
