"""What all hand-crafted features of pixels have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Annotated, Any, ClassVar, Literal, Self

import numpy as np
from pydantic import BeforeValidator, ConfigDict, Field

from segwright.config import Config
from segwright.features.view import View


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


class Feature(Config, ABC):
    """One kind of feature with its settings; each has its name in a field `feature`.

    A feature is a pure function of the pixels within `reach_px` of the one described, so a large
    picture may be described in bands.

    Attributes:
        bare: The setting that a value without a name stands for: `{gaussian: [1, 2]}`.
    """

    model_config = ConfigDict(allow_inf_nan=False)

    bare: ClassVar[str]

    @property
    def name(self) -> str:
        return type(self).model_fields["feature"].default

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

    @classmethod
    def read(cls, value: Any) -> Self:
        """A feature from what a user gives: None, settings by name, or the value of `bare`.

        Raises:
            UnknownNameError: There is no such setting.
            UsageError: A value is out of range.
        """
        given = value if isinstance(value, dict) else {} if value is None else {cls.bare: value}
        return cls.of(given, where=f"feature {cls.model_fields['feature'].default!r}")

    def __str__(self) -> str:
        """Its name with the settings that are not the default."""
        fields = type(self).model_fields.items()
        told = [
            f"{name} {_shown(value)}"
            for name, field in fields
            if (value := getattr(self, name)) != field.default
        ]
        return f"{self.name} ({', '.join(told)})" if told else self.name


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " ".join(map(_shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)
