"""Where a pixel is."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.features.feature import AsRow, Feature
from segwright.features.view import View


class Position(Feature):
    """Row and column of the pixel's middle as shares of the picture's height and width, 0 … 1.

    For pictures that are taken alike: a road lies below, the sky above.
    """

    bare: ClassVar[tuple[str, ...]] = ("axes",)
    step: Literal["position"] = "position"
    axes: Annotated[tuple[Literal["y", "x"], ...], AsRow] = Field(
        default=("y", "x"), min_length=1, max_length=2, description="Along which axes"
    )

    @property
    def reach_px(self) -> int:
        return 0

    def names(self, num_channels: int) -> tuple[str, ...]:
        return tuple(f"position {axis}" for axis in self.axes)

    def describe(self, view: View) -> np.ndarray:
        height, width = view.size_hw
        shape = view.pixels.shape[:2]
        places = {
            "y": ((np.arange(shape[0], dtype=np.float32) + (view.top_px + 0.5)) / height)[:, None],
            "x": ((np.arange(shape[1], dtype=np.float32) + 0.5) / width)[None, :],
        }
        return np.stack([np.broadcast_to(places[axis], shape) for axis in self.axes]).astype(
            np.float32, copy=False
        )
