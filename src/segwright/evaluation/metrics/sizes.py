"""How much of a class there is, and how many pieces."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segwright.labels.components import components


@dataclass(frozen=True)
class Amount:
    """One class in one image.

    Attributes:
        area_px: Pixels of it.
        pieces: Regions of it that do not touch, not even at corners.
    """

    area_px: int
    pieces: int

    @classmethod
    def of(cls, mask: np.ndarray) -> Amount:
        """Measures a (Y, X) bool mask."""
        area_px = int(np.count_nonzero(mask))
        if area_px == 0:
            return cls(0, 0)
        numbers, _ = components(mask.astype(np.uint8))
        return cls(area_px, len(np.unique(numbers[mask])))

    def errors(self, predicted: Amount) -> tuple[float | None, int]:
        """What a prediction gives too much (above 0) or too little.

        Returns:
            Area error as a share of this area, None where this is empty; and pieces too many.
        """
        area = (predicted.area_px - self.area_px) / self.area_px if self.area_px else None
        return area, predicted.pieces - self.pieces
