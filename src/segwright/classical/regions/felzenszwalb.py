"""Felzenszwalb and Huttenlocher's efficient graph-based segmentation."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.method import Finds, Method
from segwright.classical.planes import planes
from segwright.features.view import gaussian
from segwright.images.image import Image


class Felzenszwalb(Method):
    """Merges pixels into regions as long as what parts two is no more than what each has within.

    Pixels are the nodes of a graph, joined to their 8 neighbours by edges as heavy as their colours
    differ. From the lightest edge to the heaviest, two regions are merged if the edge is no heavier
    than the heaviest one that holds either together, plus `scale` / size. Regions are 8-connected.
    Needs about 70 bytes of memory a pixel.

    Source: Felzenszwalb and Huttenlocher 2004. All channels are in one graph, as in scikit-image.
    """

    name: ClassVar[str] = "felzenszwalb"
    finds: ClassVar[Finds] = "regions"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {"scale": (50, 100, 200, 400, 800)}
    scale_param: ClassVar[str] = "scale"
    scales: ClassVar[tuple[float, ...]] = (
        *(10, 20, 40, 60, 90, 130, 180, 250, 350, 500),
        *(700, 1000, 1400, 2000, 3000, 5000, 8000),
    )

    scale: float = Field(
        500.0,
        gt=0,
        le=1e7,
        description="How much regions are preferred to be large: the paper's k, for values 0 … 255",
    )
    sigma_px: float = Field(
        0.8, ge=0, le=50, description="Standard deviation of the blur before, in pixels; 0: none"
    )
    min_size: int = Field(
        100, ge=1, le=10**8, description="Pixels of the smallest region; smaller ones are merged"
    )

    def parts(self, image: Image) -> np.ndarray:
        pixels = planes(image)
        if self.sigma_px:
            channels = (np.ascontiguousarray(pixels[..., c]) for c in range(pixels.shape[2]))
            pixels = np.stack([gaussian(one, self.sigma_px) for one in channels], axis=-1)
        return felzenszwalb(pixels, scale=self.scale / 255, min_size=self.min_size)


def felzenszwalb(pixels: np.ndarray, *, scale: float, min_size: int) -> np.ndarray:
    """The regions of blurred pixels.

    Args:
        pixels: (Y, X, C) float32.
        scale: In the unit of the pixels' values, times pixels.
        min_size: Pixels of the smallest region.

    Returns:
        (Y, X) int32 region numbers, in the order of their first pixels.
    """
    from segwright.classical.regions.felzenszwalb_kernels import (
        ascending,
        merge_edges,
        weigh_edges,
    )
    from segwright.kernels import in_shares

    height, width = pixels.shape[:2]
    weights = np.empty((height, width, 4), np.float32)
    in_shares(weigh_edges, height, np.ascontiguousarray(pixels), weights, at_least=64)
    flat = weights.ravel()
    order = ascending(flat.view(np.uint32).copy())
    return merge_edges(flat, order, width, scale, min_size).reshape(height, width)
