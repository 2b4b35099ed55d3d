"""Micro-patterns: local binary patterns."""

from __future__ import annotations

from typing import Annotated, ClassVar, Literal

import numpy as np
from pydantic import Field, field_validator

from segwright.features.feature import ON_MEANING, AsRow, Feature, On
from segwright.features.view import View, opencv, plane_names

Radius = Annotated[float, Field(ge=1, le=16)]


class LocalBinaryPatterns(Feature):
    """Which micro-patterns surround a pixel: flat, spot, end of a line, edge, corner …

    Rotation-invariant uniform patterns (Ojala, Pietikäinen & Mäenpää 2002): `points` neighbours on
    a circle are compared with the pixel; if brighter and darker change at most twice around, the
    pattern is the number of neighbours that are at least as bright, else it is "other". Given is
    the share of each pattern in a square window: `points` + 2 values a radius.
    """

    bare: ClassVar[tuple[str, ...]] = ("radii_px",)
    step: Literal["lbp"] = "lbp"
    radii_px: Annotated[tuple[Radius, ...], AsRow] = Field(
        default=(1.0, 2.0), min_length=1, max_length=6, description="Radii of the circles, 1 … 16"
    )
    points: int = Field(default=8, ge=4, le=24, description="Neighbours on a circle, 4 … 24")
    window_px: int = Field(default=9, ge=1, le=63, description="Side of the window, odd, 1 … 63")
    on: On = Field(default="grey", description=ON_MEANING)

    @field_validator("window_px")
    @classmethod
    def _odd(cls, window_px: int) -> int:
        if window_px % 2 == 0:
            raise ValueError(f"it must be odd, such as {window_px + 1}")
        return window_px

    @property
    def reach_px(self) -> int:
        return int(np.ceil(max(self.radii_px))) + self.window_px // 2

    def names(self, num_channels: int) -> tuple[str, ...]:
        return tuple(
            f"lbp {radius:g} {'other' if pattern > self.points else pattern} {plane}"
            for radius in self.radii_px
            for plane in plane_names(self.on, num_channels)
            for pattern in range(self.points + 2)
        )

    def describe(self, view: View) -> np.ndarray:
        from segwright.features.patterns import patterns

        cv2 = opencv()
        side = (self.window_px, self.window_px)
        shape = view.pixels.shape[:2]
        found = np.empty((len(self.names(view.num_channels)), *shape), np.float32)
        first = 0
        for radius in self.radii_px:
            for plane in view.planes(self.on):
                codes = patterns(plane, radius, self.points)
                for pattern in range(self.points + 2):
                    here = (codes == pattern).astype(np.float32)
                    share = cv2.blur(here, side, borderType=cv2.BORDER_REFLECT)
                    found[first + pattern] = share.reshape(shape)
                first += self.points + 2
        return found
