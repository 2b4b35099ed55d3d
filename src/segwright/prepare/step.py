"""What all steps of preparing a picture have in common."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict

from segwright.errors import ImageError, UnknownNameError
from segwright.images.image import Image


class Step(BaseModel, ABC):
    """One change of a picture, with its settings; each has its name in a field `step`.

    Attributes:
        bare: The settings that a value without names stands for: `{percentile: [1, 99]}`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    bare: ClassVar[tuple[str, ...]] = ()

    @property
    def name(self) -> str:
        return type(self).model_fields["step"].default

    @abstractmethod
    def apply(self, image: Image) -> Image:
        """Changes one picture.

        Args:
            image: With axes "YX" and finite pixels.

        Raises:
            ImageError: It is of a kind that the step is not defined for.
            MissingDependencyError: OpenCV is needed and not installed.
        """

    @classmethod
    def spelled_out(cls, name: str, value: Any) -> dict[str, Any]:
        """The settings of a step from its short form, for validation.

        Args:
            name: Of the step.
            value: None, settings by name, one value, or a list of values.

        Raises:
            UnknownNameError: A setting that the step does not have.
        """
        if value is None:
            given: dict[str, Any] = {}
        elif isinstance(value, dict):
            given = value
        elif len(cls.bare) > 1 and isinstance(value, list | tuple):
            if len(value) != len(cls.bare):
                raise ValueError(f"{name} takes {len(cls.bare)} values: {', '.join(cls.bare)}")
            given = dict(zip(cls.bare, value, strict=True))
        elif cls.bare:
            given = {cls.bare[0]: value}
        else:
            raise ValueError(f"{name} takes settings by name: {{{name}: {{SETTING: VALUE}}}}")
        known = set(cls.model_fields) - {"step"}
        for setting in given:
            if setting not in known:
                raise UnknownNameError(f"setting of {name}", str(setting), known, where="prepare")
        # Strict validation, as of a stored segmenter, takes no list for a tuple.
        tuples = {key: tuple(v) if isinstance(v, list) else v for key, v in given.items()}
        return {"step": name, **tuples}

    def __str__(self) -> str:
        """Its name, with the settings that say most and those that are not the default."""
        told = []
        for name, field in type(self).model_fields.items():
            value = getattr(self, name)
            if name != "step" and (name in self.bare or value != field.default):
                told.append(f"{name} {_shown(value)}")
        return f"{self.name} ({', '.join(told)})" if told else self.name


def _shown(value: object) -> str:
    if isinstance(value, tuple):
        return " × ".join(map(_shown, value))
    return f"{value:g}" if isinstance(value, float) else str(value)


def in_full_scale(image: Image) -> np.ndarray:
    """The pixels as float32 in units of full scale: 0 … 1 for integers, as they are for floats."""
    if image.pixels.dtype == np.float32:
        return image.pixels
    return image.pixels * np.float32(1 / image.full_scale)


def as_stored(pixels: np.ndarray, dtype: np.dtype) -> np.ndarray:
    """Floats in the units of a dtype as that dtype: rounded, and kept inside what it holds."""
    if dtype.kind == "u":
        pixels = np.clip(np.rint(pixels), 0, np.iinfo(dtype).max)
    return np.ascontiguousarray(pixels, dtype=dtype)


def value_range(image: Image) -> tuple[float, float]:
    """The range that an image's values are seen against.

    It is 0 … 255 for 8 bits. Of what 16 bits and floats can hold, images use any part, so there it
    is the image's own smallest and largest value.
    """
    if image.pixels.dtype == np.uint8:
        return 0.0, 255.0
    return float(image.pixels.min()), float(image.pixels.max())


def is_constant(values: np.ndarray) -> bool:
    return bool(values.min() == values.max())


def refuse_channels(step: str, image: Image, accepted: str) -> ImageError:
    """The error for a number of channels that a step is not defined for."""
    return ImageError(
        f"the image has {image.num_channels} channels; the preparation step {step!r} is defined "
        f"for {accepted}",
        where=image.source,
        remedy="Choose channels before it, such as prepare=[{channels: [0]}, …]",
    )
