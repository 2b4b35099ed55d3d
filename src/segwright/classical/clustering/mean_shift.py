"""Mean shift: regions around the modes of place and colour, merged from fine to coarse."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.clustering.merge_tree import MergeTree
from segwright.classical.method import Finds, Method
from segwright.classical.regions.colours import colours
from segwright.images.image import Image


class MeanShift(Method):
    """Moves every pixel uphill in the density of place and colour; those that meet are a region.

    Colours are CIE L*a*b* / 100, or the channels of other than RGB images. Pixels of which the
    modes differ by less than half the bandwidth are joined, small pieces go to the neighbour of the
    closest colour, and then the regions are merged hierarchically (see `MergeTree`) as far as
    `merge` says. Regions are 4-connected.

    Source: Comaniciu & Meer 2002: Mean shift, a robust approach toward feature space analysis;
    ways are joined as in Christoudias, Georgescu & Meer 2002: Synergism in low level vision.

    Example:
        >>> MeanShift(merge=0.2).segment(read_image("photo.jpg")).regions
    """

    name: ClassVar[str] = "meanshift"
    finds: ClassVar[Finds] = "regions"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "merge": (0.0, 0.02, 0.04, 0.08, 0.12, 0.2),
        "bandwidth": (0.03, 0.07, 0.12),
    }
    scale_param: ClassVar[str] = "merge"
    scales: ClassVar[tuple[float, ...]] = (
        *(0.0, 0.01, 0.02, 0.03, 0.04, 0.05, 0.06, 0.07, 0.08, 0.09, 0.1, 0.11),
        *(0.12, 0.13, 0.14, 0.15, 0.17, 0.2, 0.25, 0.3),
    )

    radius_px: int = Field(7, ge=1, le=100, description="Half side of the window; 1 to 100 pixels")
    bandwidth: float = Field(
        0.07,
        gt=0,
        le=10,
        description="Colours that a pixel sees, by their distance in L*a*b* / 100 (shares of the"
        " full scale where not RGB); above 0, to 10",
    )
    min_px: int = Field(
        50, ge=1, le=10**9, description="Smaller regions go to a neighbour before any are merged"
    )
    merge: float = Field(
        0.1,
        ge=0,
        le=10,
        description="How different two regions may be and be merged, as a distance of colours that"
        " counts small regions less; 0 for none, 0.1 to 0.2 for the things of a photo",
    )

    def parts(self, image: Image) -> np.ndarray:
        regions = self._unmerged(image)
        if not self.merge:
            return regions
        return MergeTree.of(regions, colours(image)).cut(self.merge)[regions]

    def at_scales(self, image: Image) -> Iterator[np.ndarray]:
        regions = self._unmerged(image)
        tree = MergeTree.of(regions, colours(image))
        for merge in self.scales:
            yield tree.cut(merge)[regions] if merge else regions

    def _unmerged(self, image: Image) -> np.ndarray:
        """(Y, X) int32: the regions that `merge` starts from."""
        from segwright.classical.clustering.mode_kernels import join_modes
        from segwright.classical.regions.components_kernels import absorb, sizes_and_sums

        modes = filtered(colours(image), radius_px=self.radius_px, bandwidth=self.bandwidth)
        regions, count = join_modes(
            np.ascontiguousarray(np.moveaxis(modes, -1, 0)), self.bandwidth / 2
        )
        if self.min_px > 1:
            absorb(regions, *sizes_and_sums(regions, modes, count), self.min_px)
        return regions


def filtered(pixels: np.ndarray, *, radius_px: int, bandwidth: float) -> np.ndarray:
    """Gives every pixel the colour of its mode: smooth inside, sharp at edges.

    Args:
        pixels: (Y, X, C) float32.
        radius_px: Half side of the window.
        bandwidth: Colours that a pixel sees, by their distance.

    Returns:
        (Y, X, C) float32.
    """
    from segwright.classical.clustering.mode_kernels import STRIP, seek_modes
    from segwright.kernels import in_shares

    planes = np.ascontiguousarray(np.moveaxis(pixels, -1, 0))
    modes = np.empty_like(planes)
    strips = -(-planes.shape[1] // STRIP)
    in_shares(seek_modes, strips, planes, radius_px, bandwidth, modes)
    return np.ascontiguousarray(np.moveaxis(modes, 0, -1))
