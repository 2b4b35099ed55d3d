"""What all steps of preparing a picture have in common."""

from __future__ import annotations

from abc import abstractmethod
from typing import ClassVar

import numpy as np

from segwright import rows
from segwright.errors import ImageError
from segwright.images.image import Image


class Step(rows.Step):
    """One change of a picture, with its settings."""

    room: ClassVar[str] = "prepare"

    @abstractmethod
    def apply(self, image: Image) -> Image:
        """Changes one picture.

        Args:
            image: With axes "YX" and finite pixels.

        Raises:
            ImageError: It is of a kind that the step is not defined for.
            MissingDependencyError: OpenCV is needed and not installed.
        """


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
