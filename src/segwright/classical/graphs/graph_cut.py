"""Graph cut: Gaussians of colour, and borders that cost least along edges."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.clustering.gaussian_mixture import GaussianMixture
from segwright.classical.graphs.potts import contrast_weights, potts_labels
from segwright.classical.regions.colours import colours
from segwright.images.image import Image


class GraphCut(GaussianMixture):
    """A Gaussian mixture of which like neighbours agree.

    A pixel costs as much as its colour is unlikely under its cluster, and a border between two
    clusters costs `smoothness` a pixel where nothing is seen, and next to nothing along an edge
    (Potts model sensitive to contrast, 8 neighbours). Two clusters are cut at the least cost there
    is; more by alpha-expansion, to a cost that no expansion of one cluster lowers.

    Source: Boykov, Jolly 2001; Boykov, Veksler, Zabih 2001; Boykov, Kolmogorov 2004.
    """

    name: ClassVar[str] = "graph_cut"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "clusters": (2, 4, 8, 16),
        "smoothness": (1.0, 3.0, 10.0),
        "texture": (0.0, 1.0),
    }

    smoothness: float = Field(
        3.0,
        ge=0,
        le=1000,
        description="Cost of a pixel of border where no edge is seen, in units of log likelihood;"
        " 0 to 1000, 0: each pixel by itself",
    )

    def parts(self, image: Image) -> np.ndarray:
        unary = -self.log_densities(image)
        unary -= unary.min(0)
        weights = contrast_weights(colours(image)) * np.float32(self.smoothness)
        return potts_labels(unary, weights)[0].astype(np.uint8)
