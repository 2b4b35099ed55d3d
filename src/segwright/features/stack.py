"""A row of features: what every pixel of a picture is described by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, ClassVar

import numpy as np
from pydantic import BeforeValidator, Field, field_validator

from segwright.features.catalog import FEATURES
from segwright.features.colour import Colour
from segwright.features.feature import Feature
from segwright.features.gabor import Gabor
from segwright.features.gaussians import DifferenceOfGaussians, Gaussians, Laplacian
from segwright.features.glcm import CoOccurrence
from segwright.features.gradient import Gradient
from segwright.features.hessian import Hessian
from segwright.features.hog import OrientedGradients
from segwright.features.lbp import LocalBinaryPatterns
from segwright.features.position import Position
from segwright.features.statistics import Statistics
from segwright.features.structure_tensor import StructureTensor
from segwright.features.view import View
from segwright.rows import Row, short_form

_BAND_BYTES = 256 * 2**20


_AnyFeature = Annotated[
    Colour
    | Gaussians
    | DifferenceOfGaussians
    | Laplacian
    | Gradient
    | Hessian
    | StructureTensor
    | Gabor
    | LocalBinaryPatterns
    | CoOccurrence
    | OrientedGradients
    | Statistics
    | Position,
    Field(discriminator="step"),
    BeforeValidator(short_form({n: e.feature for n, e in FEATURES.items()}, "feature")),
]


class FeatureStack(Row[_AnyFeature]):
    """What every pixel is described by, feature after feature.

    Example:
        >>> stack = FeatureStack.of(["colour", {"gaussian": [1, 2]}, "hessian"])
        >>> stack.reach_px
        23
    """

    room: ClassVar[str] = "features"
    like: ClassVar[str] = "[colour, {gaussian: [1, 2, 4]}, hessian]"

    @field_validator("root")
    @classmethod
    def _not_empty(cls, row: tuple[Feature, ...]) -> tuple[Feature, ...]:
        if not row:
            raise ValueError("at least one feature is needed")
        return row

    @property
    def reach_px(self) -> int:
        """How far a pixel sees along Y or X."""
        return max(feature.reach_px for feature in self.steps)

    def names(self, num_channels: int) -> tuple[str, ...]:
        """What the F values of a pixel are called, for pictures of C channels."""
        return tuple(name for feature in self.steps for name in feature.names(num_channels))

    def describe(self, pixels: np.ndarray) -> np.ndarray:
        """Describes every pixel of a picture at once.

        Args:
            pixels: (Y, X, C) uint8 or uint16, or float32 of which 0 … 1 is the full scale; finite.

        Returns:
            (F, Y, X) float32; F as `names`.

        Raises:
            MissingDependencyError: OpenCV or numba is needed and not installed.
        """
        return self.describe_view(View(in_full_scale(pixels)))

    def describe_view(self, view: View) -> np.ndarray:
        """As `describe`, of a picture or a band of it that is prepared already."""
        if len(self.steps) == 1:
            return self.steps[0].describe(view).astype(np.float32, copy=False)
        found = np.empty((len(self.names(view.num_channels)), *view.pixels.shape[:2]), np.float32)
        first = 0
        for feature in self.steps:
            values = feature.describe(view)
            found[first : first + len(values)] = values
            first += len(values)
        return found

    def in_tiles(
        self, pixels: np.ndarray, *, rows: int | None = None
    ) -> Iterator[tuple[slice, np.ndarray]]:
        """Describes a picture of any size band by band, with the same values as `describe`.

        Args:
            pixels: As of `describe`.
            rows: Height of a band; by default as many as keep a band's values under 256 MiB.

        Yields:
            The rows that are described, and their (F, rows, X) float32.
        """
        height, width, num_channels = pixels.shape
        reach = self.reach_px
        if rows is None:
            row_bytes = 4 * width * len(self.names(num_channels))
            rows = max(1, min(height, _BAND_BYTES // row_bytes - 2 * reach), 2 * reach)
        for start in range(0, height, rows):
            stop = min(start + rows, height)
            top, bottom = max(start - reach, 0), min(stop + reach, height)
            band = View(in_full_scale(pixels[top:bottom]), top, (height, width))
            yield slice(start, stop), self.describe_view(band)[:, start - top : stop - top]

    def __str__(self) -> str:
        return " + ".join(map(str, self.root))


def in_full_scale(pixels: np.ndarray) -> np.ndarray:
    """(Y, X, C) float32 in which 1 is the full scale; floats are taken as they are."""
    if pixels.dtype.kind == "u":
        return pixels * np.float32(1 / np.iinfo(pixels.dtype).max)
    return pixels.astype(np.float32, copy=False)
