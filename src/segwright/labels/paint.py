"""Label maps and images as pictures for the eye: 8-bit RGB."""

from __future__ import annotations

import numpy as np

from segwright.errors import ImageError, LabelError
from segwright.images.image import Image
from segwright.labels.classes import Classes

IGNORED_COLOUR = (208, 208, 208)
"""How pixels that nobody should be judged on are painted."""

_STRETCH_PERCENTILES = (0.5, 99.5)


def paint(ids: np.ndarray, classes: Classes) -> np.ndarray:
    """Gives every pixel the colour of its class.

    Args:
        ids: (Y, X) class ids as in `LabelMap.ids`; ignored pixels become `IGNORED_COLOUR`.
        classes: What the ids mean.

    Returns:
        (Y, X, 3) uint8 RGB.

    Example:
        >>> classes = Classes(("road", "car"), ((128, 64, 128), (64, 0, 128)))
        >>> paint(np.array([[0, 1]], np.uint8), classes).tolist()
        [[[128, 64, 128], [64, 0, 128]]]
    """
    table = np.full((classes.ignore_index + 1, 3), IGNORED_COLOUR, np.uint8)
    table[: len(classes)] = classes.palette()
    return table[ids]


def overlay(
    pixels: np.ndarray,
    ids: np.ndarray,
    classes: Classes,
    *,
    alpha: float = 0.5,
    outline: bool = True,
    numbers: np.ndarray | None = None,
) -> np.ndarray:
    """Lays the class colours over a picture; background and ignored pixels show the picture.

    Args:
        pixels: (Y, X, 3) uint8 RGB, for instance from `to_display`.
        ids: (Y, X) class ids as in `LabelMap.ids`.
        classes: What the ids mean.
        alpha: Weight of the class colour inside regions, 0 (invisible) … 1 (opaque).
        outline: Whether the pixels on the rim of each region get its full colour.
        numbers: (Y, X) integers that tell objects apart where neighbours are of one class; None
            where regions of one class are one.

    Returns:
        (Y, X, 3) uint8 RGB.

    Raises:
        LabelError: Picture and ids have different sizes.
    """
    if pixels.shape != (*ids.shape, 3):
        raise LabelError(
            f"a picture of shape {pixels.shape} cannot carry labels of shape {ids.shape}; "
            "accepted is (Y, X, 3) over (Y, X)"
        )
    shown = ids != classes.ignore_index
    if classes.background is not None:
        shown &= ids != classes.background
    weight = np.where(shown, np.float32(alpha), np.float32(0))
    if outline:
        weight[shown & rim(ids if numbers is None else numbers)] = 1
    colour = paint(ids, classes).astype(np.float32)
    blended = pixels + weight[..., None] * (colour - pixels)
    return np.rint(blended).astype(np.uint8)


def rim(ids: np.ndarray) -> np.ndarray:
    """Pixels with a neighbour (above, below, left, right) of another id; (Y, X) bool."""
    on_rim = np.zeros(ids.shape, bool)
    down = ids[1:] != ids[:-1]
    right = ids[:, 1:] != ids[:, :-1]
    on_rim[1:] |= down
    on_rim[:-1] |= down
    on_rim[:, 1:] |= right
    on_rim[:, :-1] |= right
    return on_rim


def to_display(image: Image) -> np.ndarray:
    """An image as a screen can show it.

    8-bit values are kept. 16-bit and float values have no natural white, so the 0.5th … 99.5th
    percentile of the shown channels together (colour balance is kept) becomes 0 … 255. The first
    three channels are shown as RGB; with fewer than three, the first one as grey. Values that are
    not finite become black.

    Args:
        image: A picture with axes "YX".

    Returns:
        (Y, X, 3) uint8 RGB.

    Raises:
        ImageError: The image is a volume.
    """
    if image.axes != "YX":
        raise ImageError(
            f"an image with axes {image.axes} cannot be shown as one picture; accepted is YX",
            where=image.source,
            remedy="Show one slice of it",
        )
    shown = image.pixels[..., : 3 if image.num_channels >= 3 else 1]
    if shown.dtype != np.uint8:
        shown = _stretched(shown)
    return np.ascontiguousarray(np.broadcast_to(shown, (*image.size_hw, 3)))


def _stretched(pixels: np.ndarray) -> np.ndarray:
    """Maps the bulk of the values linearly to 0 … 255; a constant picture becomes mid-grey."""
    finite = np.isfinite(pixels)
    if not finite.any():
        return np.zeros(pixels.shape, np.uint8)
    low, high = np.percentile(pixels[finite].astype(np.float64), _STRETCH_PERCENTILES)
    if high <= low:
        return np.where(finite, np.uint8(128), np.uint8(0))
    with np.errstate(invalid="ignore"):
        unit = np.clip((pixels.astype(np.float64) - low) / (high - low), 0, 1)
    return np.where(finite, np.rint(unit * 255), 0).astype(np.uint8)
