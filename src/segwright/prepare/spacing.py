"""Images brought to one physical size of a pixel, and labels along with them."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Annotated, Any, ClassVar, Literal

import numpy as np
from pydantic import BeforeValidator, Field

from segwright.errors import ImageError
from segwright.images.image import Image
from segwright.images.limits import ReadLimits
from segwright.labels.label_map import LabelMap
from segwright.prepare.opencv import opencv, plane_by_plane
from segwright.prepare.step import Step, as_stored

_LARGEST_FACTOR = 64.0  # as large as RunSettings.scale

Millimetres = Annotated[float, Field(ge=1e-7, le=1e5)]


def _both_axes(value: Any) -> Any:
    return (value, value) if isinstance(value, int | float) else value


class Spacing(Step):
    """Resamples to a physical size of a pixel, so that things have one size in all images.

    Shrinking averages over the area of a new pixel, enlarging interpolates linearly, along each
    axis by itself. The picture keeps its borders, so the spacing it gets may differ from the one
    asked for by what a whole number of pixels demands. Results are brought back to the pixels of
    the image by the segmenter.

    Attributes:
        mm: Millimetres per pixel along Y and X, 1e-7 … 1e5; one number is for both.
    """

    bare: ClassVar[tuple[str, ...]] = ("mm",)
    step: Literal["spacing"] = "spacing"
    mm: Annotated[tuple[Millimetres, Millimetres], BeforeValidator(_both_axes)]

    def apply(self, image: Image) -> Image:
        """Raises ImageError where the spacing is unknown, or the new size out of all bounds."""
        spacing = _known_spacing(image)
        size_hw = [
            max(1, round(side * own / wanted))
            for side, own, wanted in zip(image.size_hw, spacing, self.mm, strict=True)
        ]
        self._require_reasonable(image, spacing, size_hw)
        height, width = size_hw
        pixels = resampled(image.pixels, (height, width))
        alpha = image.alpha
        if alpha is not None:
            alpha = resampled(alpha[..., None], (height, width))[..., 0]
        reached = tuple(
            own * before / after
            for own, before, after in zip(spacing, image.size_hw, size_hw, strict=True)
        )
        return replace(image, pixels=pixels, alpha=alpha, spacing=reached)

    def _require_reasonable(
        self, image: Image, spacing: tuple[float, ...], size_hw: list[int]
    ) -> None:
        factors = [own / wanted for own, wanted in zip(spacing, self.mm, strict=True)]
        most = ReadLimits().max_pixels
        if (
            any(not 1 / _LARGEST_FACTOR <= factor <= _LARGEST_FACTOR for factor in factors)
            or math.prod(size_hw) > most
        ):
            raise ImageError(
                f"pixels of {spacing[0]:g} × {spacing[1]:g} mm resampled to {self.mm[0]:g} × "
                f"{self.mm[1]:g} mm would make {size_hw[0]}×{size_hw[1]} of "
                f"{image.size_hw[0]}×{image.size_hw[1]} pixels; accepted are factors of 1/64 … 64 "
                f"and up to {most:,} pixels",
                where=image.source,
                remedy="Check the spacing in dataset.yaml and in the setting prepare; both are in "
                "millimetres",
            )


def _known_spacing(image: Image) -> tuple[float, ...]:
    if image.spacing is None:
        raise ImageError(
            "the size of its pixels is unknown, and it is to be resampled to a spacing",
            where=image.source,
            remedy="Write 'spacing: MILLIMETRES' into dataset.yaml, give --spacing to predict, or "
            "set Image.spacing in Python",
        )
    if not all(math.isfinite(one) and one > 0 for one in image.spacing):
        raise ImageError(
            f"its pixels measure {image.spacing} mm; accepted are finite numbers above 0",
            where=image.source,
            remedy="Correct the spacing",
        )
    return image.spacing


def resampled(pixels: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """(Y, X, C) pixels at another size, in the same dtype and the same borders."""
    if pixels.shape[:2] == size_hw:
        return pixels
    changed = plane_by_plane(pixels, lambda plane: _resized(plane.astype(np.float32), size_hw))
    return as_stored(changed, pixels.dtype)


def resampled_labels(labels: LabelMap, size_hw: tuple[int, int]) -> LabelMap:
    """Labels at another size: each pixel gets the class that has the largest share of it.

    Ignored pixels count like a class. Of classes with equal shares the one with the lowest id
    is taken.

    Args:
        labels: On the pixels of an image.
        size_hw: Size of the prepared image.
    """
    if labels.size_hw == size_hw:
        return labels
    ids = np.zeros(size_hw, labels.ids.dtype)
    largest = np.zeros(size_hw, np.float32)
    for one in np.unique(labels.ids):
        share = _resized((labels.ids == one).astype(np.float32), size_hw)
        more = share > largest + np.float32(1e-6)  # equal shares differ by rounding
        ids[more] = one
        np.maximum(largest, share, out=largest)
    return LabelMap(ids, labels.classes)


def _resized(plane: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """One axis after the other: OpenCV averages over areas only where neither axis grows."""
    cv2 = opencv("spacing")
    for axis in (0, 1):
        height, width = (size_hw[0], plane.shape[1]) if axis == 0 else size_hw
        shrinks = (height, width) < plane.shape
        how = cv2.INTER_AREA if shrinks else cv2.INTER_LINEAR
        plane = cv2.resize(plane, (width, height), interpolation=how)
    return plane
