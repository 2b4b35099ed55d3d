"""A threshold that the user sets."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.thresholds.levels import Levels, TwoLevels, above, brightness
from segwright.images.image import Image


class Fixed(TwoLevels):
    """Divides the brightness at one value, the same for all images."""

    name: ClassVar[str] = "fixed"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        **Levels.search,
        "value": tuple(round(0.05 * step, 2) for step in range(1, 20)),
    }

    value: float = Field(
        0.5,
        ge=0,
        le=1,
        description="Share of the full scale above which a pixel is brighter; 0 to 1. Floats beyond"
        " 0 … 1 are taken from the image's smallest value to its largest.",
    )

    def levels_of(self, image: Image) -> np.ndarray:
        values = brightness(image)
        return above(values, self.value * (255 if values.dtype == np.uint8 else 1))
