"""Which pixels of labelled images a classifier of pixels learns from."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segwright.classical.grid import on_grid
from segwright.classical.planes import planes, require_picture
from segwright.errors import ImageError, UsageError
from segwright.features import FeatureStack
from segwright.images.image import Image
from segwright.labels.label_map import LabelMap

_LEAST = 250  # pixels of an image that make describing it worth while


@dataclass(frozen=True, eq=False)
class PixelSample:
    """Pixels to learn from.

    Attributes:
        values: (N, F) float32.
        ids: (N,) class ids.
        weights: (N,) float64, mean 1; how much a pixel counts.
        num_channels: Of all images.
    """

    values: np.ndarray
    ids: np.ndarray
    weights: np.ndarray
    num_channels: int


def sampled_pixels(
    images: Sequence[Image],
    labels: Sequence[LabelMap],
    stack: FeatureStack,
    *,
    most: int,
    balance: float,
    seed: int,
) -> PixelSample:
    """Draws pixels, as many of every class and image as there are, and describes them.

    Which pixels are drawn depends on the seed and the number of the image alone. Of many images,
    as many are looked at, evenly spread, as leaves some pixels for each.

    Args:
        images: Prepared; one is read at a time.
        labels: Ignored pixels are not drawn.
        stack: What pixels are described by.
        most: Pixels at most.
        balance: 0: a class counts as often as it occurs; 1: all classes count the same.
        seed: Of the drawing.

    Raises:
        UsageError: No pixel has a class.
        ImageError: Images differ in their number of channels, or have pixels that are not finite.
    """
    used = min(len(images), max(1, most // _LEAST))
    chosen = [len(images) * number // used for number in range(used)]
    num_classes = len(labels[0].classes)
    area_px = np.zeros(num_classes)
    values, ids = [], []
    num_channels = 0
    for index in chosen:
        image = images[index]
        num_channels = num_channels or image.num_channels
        require_channels(image, num_channels)
        here = on_grid(labels[index].ids, image.size_hw)
        area_px += np.bincount(here.ravel(), minlength=256 * 256)[:num_classes]
        picked = _drawn(here, num_classes, most // used, np.random.default_rng((seed, index)))
        if len(picked):
            values.append(_described(image, stack, picked))
            ids.append(here.ravel()[picked])
    if not ids:
        raise UsageError(
            "all pixels of the labels are ignored: there is nothing to learn from",
            remedy="Check which ids are ignored: segwright check DATA",
        )
    drawn = np.concatenate(ids)
    weights = _weights(drawn, area_px, balance)
    return PixelSample(np.concatenate(values), drawn, weights, num_channels)


def require_channels(image: Image, num_channels: int) -> None:
    """Refuses a picture of another number of channels than was learned from.

    Raises:
        ImageError: It is one.
    """
    if image.num_channels != num_channels:
        raise ImageError(
            f"the image has {image.num_channels} channels; the first one learned from has "
            f"{num_channels}",
            where=image.source,
            remedy="Choose channels first, such as prepare=[{channels: grey}]",
        )


def in_scale(image: Image) -> np.ndarray:
    """(Y, X, C): integers as they are, to be scaled band by band; floats brought to 0 … 1."""
    require_picture(image)
    return image.pixels if image.pixels.dtype.kind == "u" else planes(image)


def _drawn(ids: np.ndarray, num_classes: int, most: int, rng: np.random.Generator) -> np.ndarray:
    """Places of pixels in a flat label map, as many of each class as there are, at most `most`."""
    flat = ids.ravel()
    present = [c for c in np.unique(flat) if c < num_classes]
    picked = []
    for number, wanted in enumerate(present):
        places = np.flatnonzero(flat == wanted)
        # What a rare class leaves over goes to those that follow.
        share = (most - sum(map(len, picked))) // (len(present) - number)
        picked.append(rng.choice(places, min(share, len(places)), replace=False))
    return np.sort(np.concatenate(picked)) if picked else np.empty(0, np.intp)


def _described(image: Image, stack: FeatureStack, picked: np.ndarray) -> np.ndarray:
    """(n, F) float32 of pixels in rising order."""
    width = image.size_hw[1]
    found = []
    for rows, values in stack.in_tiles(in_scale(image)):
        low, high = np.searchsorted(picked, (rows.start * width, rows.stop * width))
        y, x = np.divmod(picked[low:high] - rows.start * width, width)
        found.append(values[:, y, x].T)
    return np.concatenate(found)


def _weights(ids: np.ndarray, area_px: np.ndarray, balance: float) -> np.ndarray:
    """Weights that undo the even drawing by as much as `balance` lacks to 1."""
    drawn = np.bincount(ids, minlength=len(area_px))
    wanted = np.where(drawn > 0, area_px / max(area_px.sum(), 1), 0) ** (1 - balance)
    weights = (wanted / np.maximum(drawn, 1))[ids]
    return weights / weights.mean()
