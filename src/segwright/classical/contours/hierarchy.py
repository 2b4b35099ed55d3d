"""From contours to regions at every scale.

The contours are flooded from their minima; across the weakest mean contour, two regions are joined,
again and again, and what that cost is the strength of all that lay between them.

Source: Arbeláez, Maire, Fowlkes and Malik, "Contour detection and hierarchical image
segmentation", IEEE PAMI 33 (2011), section 4. There arcs are weighed by contours of their own
orientation; here by ridges of the contours, so that an arc that ends at a strong contour is not
strong for that. Colour and size may be looked at besides.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segwright.classical.contours.ridges import ridges
from segwright.classical.regions.flooding import as_relief, flooded, markers
from segwright.errors import ImageError
from segwright.labels.ultrametric import UltrametricMap
from segwright.packages import package

_LEAST_DEPTH = 64  # of a minimum, of 65,535 levels


@dataclass(frozen=True)
class Hierarchy:
    """How regions are joined.

    Attributes:
        by_colour: What the distance of mean colours (CIE-LAB, 100 for black to white) adds to the
            strength of a contour, for each unit.
        by_size: Power of the smaller region's share of the image that strengths are multiplied by.
        spread: Power that costs are raised to, so that thresholds lie evenly among them.

    The defaults are the best of a few for boundaries and covering together on natural images that
    the contours had not been learned from.
    """

    by_colour: float = 0.003
    by_size: float = 0.1
    spread: float = 0.5

    def of(self, contours: np.ndarray, colours: np.ndarray) -> UltrametricMap:
        """Joins the regions between contours.

        Args:
            contours: (Y, X) float32 strengths, 0 … 1.
            colours: (Y, X, 3) float32 RGB, 0 … 1.

        Returns:
            A hierarchy with strengths of 0 … 1.

        Raises:
            ImageError: The sizes differ.
        """
        from segwright.classical.contours.sides_kernels import sides
        from segwright.classical.regions.joining_kernels import join

        if contours.shape != colours.shape[:2]:
            raise ImageError(
                f"contours of {contours.shape} for an image of {colours.shape[:2]}; accepted is "
                "the same size"
            )
        cv2 = package("cv2", purpose="the hierarchy of regions")
        relief = as_relief(contours.astype(np.float32))
        regions = flooded(relief, markers(relief, depth=_LEAST_DEPTH))
        keys, strengths = sides(regions, ridges(contours))
        arcs, arc = np.unique(keys, return_inverse=True)
        ends = np.stack([arcs >> 31, arcs & (2**31 - 1)], axis=1)
        lab = cv2.cvtColor(np.ascontiguousarray(colours, np.float32), cv2.COLOR_RGB2Lab)
        flat = regions.ravel()
        sizes = np.bincount(flat) / flat.size
        sums = np.stack([np.bincount(flat, lab[..., c].ravel()) for c in range(3)], axis=1)
        pairs, heights = join(
            ends,
            np.bincount(arc, strengths, len(arcs)),
            np.bincount(arc, minlength=len(arcs)).astype(float),
            sizes,
            sums / flat.size,
            self.by_colour,
            self.by_size,
        )
        steps = np.clip(heights, 0, 1) ** self.spread
        return UltrametricMap.joining(regions, pairs.tolist(), steps.tolist())
