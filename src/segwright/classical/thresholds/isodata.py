"""The isodata threshold: half way between the means of the two sides."""

from __future__ import annotations

from typing import ClassVar

import numpy as np

from segwright.classical.thresholds.levels import GlobalThreshold, centres_of


class Isodata(GlobalThreshold):
    """Begins at the mean, and takes the middle of the means of both sides until it stays.

    Two-means clustering of the brightness, begun at the mean of all.

    Source: Ridler and Calvard 1978.
    """

    name: ClassVar[str] = "isodata"

    def threshold(self, counts: np.ndarray, edges: np.ndarray) -> float:
        centres = centres_of(edges)
        bound = float(np.average(centres, weights=counts))
        # A mean of all pixels has some on either side, and so has every middle of two means.
        for _ in range(len(counts)):
            dark = centres <= bound
            middle = (
                np.average(centres[dark], weights=counts[dark])
                + np.average(centres[~dark], weights=counts[~dark])
            ) / 2
            if np.array_equal(centres <= middle, dark):
                break
            bound = float(middle)
        return bound
