"""How a network is run over an image."""

from __future__ import annotations

import math
from collections.abc import Mapping
from itertools import chain, combinations, product
from typing import Annotated, Any, Literal, Self

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from segwright.errors import UnknownNameError, UsageError
from segwright.refine import Refine

Flip = Literal["y", "x"]


class RunSettings(BaseModel):
    """How a network is run over an image; stored with it, so that use equals measurement.

    Attributes:
        scale: Size of what the network sees over that of the prepared image (`Prepare`); the
            result is resized back.
        tile: Longest side, in pixels of the prepared image, that is run in one piece (rounded
            down to `size_multiple`). Larger images are cut into overlapping tiles of this size.
        overlap: Pixels that neighbouring tiles share (rounded up to `size_multiple`), at most half
            of `tile`. The outer quarters of an overlap are dropped and its middle is blended, so
            a network that sees no further than a quarter of it around a pixel gives the same
            result tiled and whole.
            Networks with global context see one tile at a time and can differ.
        size_multiple: What the network is run on is extended to a multiple of this by mirroring
            at the bottom and the right, and cropped back.
        flips: Axes to average over: the network also runs on every combination of mirrored axes.
        scales: Sizes to average over, relative to `scale`; (1,) is no averaging.
        precision: Arithmetic of the network.
        temperature: How much less sure the probabilities are than those of the network; it
            changes no label (`refine.temperature`).
        refine: Steps that the labels go through last, on the pixels of the image (`Refine`).
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    scale: float = Field(default=1.0, ge=1 / 64, le=64)
    tile: int = Field(default=1024, ge=1)
    overlap: int = Field(default=128, ge=0)
    size_multiple: int = Field(default=32, ge=1)
    flips: tuple[Flip, ...] = ()
    scales: tuple[Annotated[float, Field(ge=1 / 64, le=64)], ...] = Field((1.0,), min_length=1)
    precision: Literal["float32", "bfloat16"] = "float32"
    temperature: float = Field(default=1.0, ge=0.01, le=100)
    refine: Refine = Refine()

    @model_validator(mode="after")
    def _consistent(self) -> Self:
        if self.tile < self.size_multiple:
            raise ValueError(f"tile must be at least size_multiple ({self.size_multiple})")
        units = self.tile // self.size_multiple
        if 2 * math.ceil(self.overlap / self.size_multiple) > units:
            most = units // 2 * self.size_multiple
            raise ValueError(
                f"overlap can be at most {most} px, half of tile in steps of size_multiple"
            )
        if len(set(self.flips)) < len(self.flips) or len(set(self.scales)) < len(self.scales):
            raise ValueError("each of flips and scales may be named once")
        return self

    @classmethod
    def checked(cls, values: Mapping[str, Any]) -> RunSettings:
        """Builds settings from names and values.

        Raises:
            UnknownNameError: A name that is no setting.
            UsageError: A value that the setting does not take.
        """
        for name in values:
            if name not in cls.model_fields:
                raise UnknownNameError("segmenter setting", name, cls.model_fields)
        try:
            return cls(**values)
        except ValidationError as error:
            first = error.errors()[0]
            name = ".".join(map(str, first["loc"])) or "segmenter settings"
            raise UsageError(
                f"{name} cannot be {first['input']!r}: {first['msg']}",
                remedy="See segwright.segmenter.RunSettings for what each setting takes",
            ) from None

    def views(self) -> list[tuple[tuple[Flip, ...], float]]:
        """Every (mirrored axes, scale) that the network is run on and averaged over."""
        mirrored = chain.from_iterable(
            combinations(self.flips, n) for n in range(len(self.flips) + 1)
        )
        return list(product(mirrored, (self.scale * scale for scale in self.scales)))
