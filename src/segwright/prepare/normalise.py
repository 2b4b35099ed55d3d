"""Values of each image brought to a common range, from what is in the image alone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from segwright.images.image import Image
from segwright.prepare.step import Step


class Percentile(Step):
    """Maps the values between two percentiles of the image linearly to 0 … 1, as float32.

    What lies outside becomes 0 or 1. Where both percentiles are the same value, what is above it
    becomes 1 and the rest 0: the limit of an ever narrower range. A constant image becomes 0.

    Attributes:
        low: Percentile that becomes 0, 0 … 100.
        high: Percentile that becomes 1, above `low`.
        together: Whether one pair is taken over all channels, which keeps colours, instead of one
            per channel.
    """

    bare: ClassVar[tuple[str, ...]] = ("low", "high")
    step: Literal["percentile"] = "percentile"
    low: float = Field(default=0.5, ge=0, le=100)
    high: float = Field(default=99.5, ge=0, le=100)
    together: bool = False

    @model_validator(mode="after")
    def _in_order(self) -> Self:
        if not self.low < self.high:
            raise ValueError(f"low ({self.low:g}) must be below high ({self.high:g})")
        return self

    def apply(self, image: Image) -> Image:
        unit = np.empty(image.pixels.shape, np.float32)
        for part, values in _parts(image, together=self.together):
            low, high = np.percentile(values, (self.low, self.high))
            if low < high:
                unit[..., part] = np.clip((values - low) / (high - low), 0, 1)
            else:
                unit[..., part] = values > high
        return replace(image, pixels=unit)


class ZScore(Step):
    """Takes off the mean of the image and divides by its standard deviation, as float32.

    A constant channel becomes 0.

    Attributes:
        together: Whether mean and deviation are taken over all channels, which keeps colours,
            instead of one each per channel.
    """

    step: Literal["zscore"] = "zscore"
    together: bool = False

    def apply(self, image: Image) -> Image:
        scores = np.zeros(image.pixels.shape, np.float32)
        for part, values in _parts(image, together=self.together):
            spread = values.std()
            if spread > 0:
                scores[..., part] = (values - values.mean()) / spread
        return replace(image, pixels=scores)


def _parts(image: Image, *, together: bool) -> Iterator[tuple[slice, np.ndarray]]:
    """Channels to be measured together, and their values as float64."""
    width = image.num_channels if together else 1
    for first in range(0, image.num_channels, width):
        part = slice(first, first + width)
        yield part, image.pixels[..., part].astype(np.float64)
