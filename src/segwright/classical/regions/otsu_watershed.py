"""Otsu's threshold, and a watershed that parts objects that touch."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.classical.method import Finds, Method
from segwright.classical.planes import grey
from segwright.classical.regions.flooding import LEVELS, as_relief, flooded, markers
from segwright.classical.thresholds.levels import histogram
from segwright.classical.thresholds.otsu import otsu_thresholds
from segwright.features.view import gaussian
from segwright.images.image import Image

_PER_PX = 64
"""Levels of the relief for a pixel of distance, as long as that is fine enough for its range."""


class OtsuWatershed(Method):
    """Objects by Otsu's threshold, parted at their waists.

    Every pixel of an object is as deep as it is far from the background; the watershed of that
    relief cuts where two round pieces touch. Region 0 is the background, which need not be
    connected, if there is any; every other region is one object, 4-connected. A constant image is
    one region.

    Source: Otsu 1979; Vincent and Soille 1991: Watersheds in digital spaces.
    """

    name: ClassVar[str] = "otsu_watershed"
    finds: ClassVar[Finds] = "regions"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "depth_px": (0.5, 1.0, 2.0, 4.0),
        "sigma_px": (1.0, 2.0),
    }

    objects: Literal["brighter", "darker", "auto"] = Field(
        "auto",
        description="Whether objects are brighter or darker than the background; auto: the"
        " background is what covers more of the image's rim",
    )
    sigma_px: float = Field(
        1.0, ge=0, le=50, description="Standard deviation of the blur before, in pixels; 0: none"
    )
    depth_px: float = Field(
        1.0,
        gt=0,
        le=1000,
        description="Objects are parted if the waist is so many pixels closer to the background"
        " than the middles of both",
    )
    min_size: int = Field(
        20, ge=0, le=10**8, description="Pixels of the smallest object; smaller ones are background"
    )

    def parts(self, image: Image) -> np.ndarray:
        inside = objects(image, self.objects, sigma_px=self.sigma_px)
        if not inside.any():
            return np.zeros(image.size_hw, np.int32)
        found = part_touching(inside, depth_px=self.depth_px)
        sizes = np.bincount(found.ravel())
        kept = sizes >= max(1, self.min_size)
        kept[0] = sizes[0] > 0
        numbers = np.where(kept, np.cumsum(kept) - 1, 0).astype(np.int32)
        return numbers[found]


def objects(
    image: Image, which: Literal["brighter", "darker", "auto"] = "auto", *, sigma_px: float = 1.0
) -> np.ndarray:
    """What Otsu's threshold parts from the background.

    Args:
        image: A picture.
        which: See `OtsuWatershed`.
        sigma_px: Standard deviation of a Gaussian before; 0 for none.

    Returns:
        (Y, X) bool; nothing in a constant image.
    """
    brightness = grey(image)
    if sigma_px:
        brightness = gaussian(brightness, sigma_px)
    if brightness.min() == brightness.max():
        return np.zeros(image.size_hw, bool)
    bright = brightness > np.float32(otsu_thresholds(*histogram(brightness))[0])
    if which == "auto":
        rim = np.concatenate([bright[0], bright[-1], bright[:, 0], bright[:, -1]])
        which = "brighter" if rim.mean() <= 0.5 else "darker"
    return bright if which == "brighter" else ~bright


def part_touching(inside: np.ndarray, *, depth_px: float) -> np.ndarray:
    """Numbers round pieces of a mask, touching ones apart.

    Args:
        inside: (Y, X) bool.
        depth_px: How much closer to the background than the middles of both pieces a waist is.

    Returns:
        (Y, X) int32: 0 outside, pieces from 1.
    """
    from segwright.features.view import opencv

    cv2 = opencv()
    framed = np.pad(inside.view(np.uint8), 1)  # the image's rim is background too
    distance = cv2.distanceTransform(framed, cv2.DIST_L2, cv2.DIST_MASK_PRECISE)[1:-1, 1:-1]
    # Squares are whole numbers; OpenCV's rounding differs from call to call.
    distance = np.sqrt(np.rint(distance * distance))
    highest = float(distance.max())
    per_px = min(_PER_PX, LEVELS / max(highest, 1.0))
    relief = as_relief(highest - distance, LEVELS / per_px)
    seeds = markers(relief, depth=max(1, round(depth_px * per_px)), inside=inside)
    return flooded(relief, seeds, inside) + 1
