"""What all hand-crafted features of pixels have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from segwright.features.view import View
from segwright.rows import Step


def _as_row(value: Any) -> Any:
    return (value,) if isinstance(value, int | float | str) else value


AsRow = BeforeValidator(_as_row)
"""One value stands for a row of one."""

Sigma = Annotated[float, Field(ge=0.3, le=32)]
Sigmas = Annotated[tuple[Sigma, ...], Field(min_length=1, max_length=16), AsRow]
On = Literal["grey", "channels"]

SIGMAS_PX = (0.7, 1.4, 2.8, 5.6)
"""Scales from the finest that a pixel grid holds, each twice the one before."""

SIGMAS_MEANING = "Standard deviations of the Gaussians in pixels, each 0.3 … 32"
ON_MEANING = "What is filtered: the brightness ('grey') or each channel ('channels')"


class Feature(Step):
    """One kind of feature with its settings; each has its name in a field `step`.

    A feature is a pure function of the pixels within `reach_px` of the one described, so a large
    picture may be described in bands.
    """

    room: ClassVar[str] = "features"

    @property
    @abstractmethod
    def reach_px(self) -> int:
        """How far a pixel sees: no pixel further away, along Y or X, changes its values."""

    @abstractmethod
    def names(self, num_channels: int) -> tuple[str, ...]:
        """What the values of a pixel are called, in their order.

        Args:
            num_channels: Of the picture, C ≥ 1.
        """

    @abstractmethod
    def describe(self, view: View) -> np.ndarray:
        """Describes every pixel.

        Returns:
            (F, Y, X) float32, finite; F as `names`.
        """
