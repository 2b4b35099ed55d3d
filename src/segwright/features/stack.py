"""A row of features: what every pixel of a picture is described by."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Annotated, Any

import numpy as np
from pydantic import BeforeValidator, ConfigDict, Field, RootModel, SerializeAsAny, ValidationError

from segwright.errors import UnknownNameError, UsageError
from segwright.features.catalog import FEATURES
from segwright.features.feature import Feature
from segwright.features.view import View

_BAND_BYTES = 256 * 2**20


def _read(value: Any) -> Feature:
    """A feature from "lab", {"gaussian": [1, 2]}, {"lbp": {…}} or {"feature": "lbp", …}."""
    if isinstance(value, Feature):
        return value
    if isinstance(value, str):
        name, given = value, None
    elif isinstance(value, dict) and "feature" in value:
        name, given = value["feature"], {k: v for k, v in value.items() if k != "feature"}
    elif isinstance(value, dict) and len(value) == 1:
        ((name, given),) = value.items()
    else:
        raise ValueError("a feature is its name, or {NAME: value} or {NAME: {SETTING: value}}")
    if name not in FEATURES:
        raise UnknownNameError("feature", str(name), FEATURES, where="features")
    return FEATURES[name].feature.read(given)


def _as_row(value: Any) -> Any:
    if isinstance(value, str | dict | Feature):
        return (value,)
    return tuple(value) if isinstance(value, list) else value


_Row = tuple[Annotated[SerializeAsAny[Feature], BeforeValidator(_read)], ...]


class FeatureStack(RootModel[_Row]):
    """What every pixel is described by, feature after feature.

    Example:
        >>> stack = FeatureStack.of(["colour", {"gaussian": [1, 2]}, "hessian"])
        >>> stack.reach_px
        23
    """

    model_config = ConfigDict(frozen=True)

    root: Annotated[_Row, BeforeValidator(_as_row), Field(min_length=1)]

    @classmethod
    def of(cls, value: object) -> FeatureStack:
        """Reads the short form: names, `{name: value}` or `{name: {setting: value}}`, in a list.

        Raises:
            UnknownNameError: A feature or setting that there is not; the nearest ones are named.
            UsageError: A value that a feature does not take.
        """
        if isinstance(value, cls):
            return value
        try:
            return cls.model_validate(value)
        except ValidationError as error:
            first = error.errors()[0]
            raise UsageError(
                f"features cannot be {first.get('input')!r}: "
                f"{first['msg'].removeprefix('Value error, ')}",
                where="features",
                remedy="Write it like [colour, {gaussian: [1, 2, 4]}, hessian]",
            ) from None

    @property
    def features(self) -> tuple[Feature, ...]:
        return self.root

    @property
    def reach_px(self) -> int:
        """How far a pixel sees along Y or X."""
        return max(feature.reach_px for feature in self.root)

    def names(self, num_channels: int) -> tuple[str, ...]:
        """What the F values of a pixel are called, for pictures of C channels."""
        return tuple(name for feature in self.root for name in feature.names(num_channels))

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
        found = np.empty((len(self.names(view.num_channels)), *view.pixels.shape[:2]), np.float32)
        first = 0
        for feature in self.root:
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
