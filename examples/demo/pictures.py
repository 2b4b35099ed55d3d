"""The real pictures that scenes are made of, and which part of each belongs to which split.

All of them lie inside the scikit-image package, so nothing is downloaded. No pixel of a picture is
in two splits: surfaces are cut into three disjoint parts, and every coin is in one split only.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from typing import Literal

import numpy as np
from scipy import ndimage
from skimage import data, filters, measure, morphology, segmentation

Split = Literal["train", "val", "test"]

SURFACES = ("brick", "grass", "gravel")
PAPERS = ("print", "handwriting")
CLASS_NAMES = (*SURFACES, "coin", *PAPERS)


@dataclass(frozen=True)
class Cutout:
    """A thing cut out of its picture.

    Attributes:
        grey: (Y, X) float32 in 0 … 1.
        inside: (Y, X) float32, 1 on the thing and 0 beside it.
    """

    grey: np.ndarray
    inside: np.ndarray


@dataclass(frozen=True)
class Material:
    """What the scenes of one split are made of.

    Attributes:
        surfaces: Surface name → (Y, X) float32 in 0 … 1, at least 200 pixels along each side.
        papers: Paper name → (Y, X) float32 in 0 … 1.
        coins: Coins that appear in no other split.
    """

    surfaces: dict[str, np.ndarray]
    papers: dict[str, np.ndarray]
    coins: tuple[Cutout, ...]


def material(split: Split) -> Material:
    """The parts of the pictures that belong to `split`."""
    return Material(
        surfaces={name: _surface_part(getattr(data, name)(), split) for name in SURFACES},
        papers={
            "print": _paper_part(data.page(), split),
            "handwriting": _paper_part(data.text(), split),
        },
        coins=tuple(coin for index, coin in enumerate(_coins()) if _coin_split(index) == split),
    )


def _surface_part(picture: np.ndarray, split: Split) -> np.ndarray:
    """The upper half trains; the lower quarters validate and test; a strip between is unused."""
    height, width = picture.shape
    middle_y, middle_x, gap = height // 2, width // 2, 4
    part = {
        "train": picture[: middle_y - gap],
        "val": picture[middle_y + gap :, : middle_x - gap],
        "test": picture[middle_y + gap :, middle_x + gap :],
    }[split]
    return part.astype(np.float32) / 255


def _paper_part(picture: np.ndarray, split: Split) -> np.ndarray:
    """Left half, then a fifth, then the rest of the width."""
    width = picture.shape[1]
    ends = {"train": (0.0, 0.5), "val": (0.51, 0.72), "test": (0.73, 1.0)}[split]
    part = picture[:, int(ends[0] * width) : int(ends[1] * width)].astype(np.float32) / 255
    # Photographed unevenly; flattened by its own blurred brightness, so that paper is paper.
    return np.clip(0.75 * part / ndimage.gaussian_filter(part, 25), 0, 1)


def _coin_split(index: int) -> Split:
    """Twelve coins train, four validate, eight test."""
    return ("train", "test", "train", "val", "train", "test")[(index + index // 6) % 6]


@cache
def _coins() -> tuple[Cutout, ...]:
    """The 24 coins of the picture, row by row, each cut out along its rim."""
    picture = data.coins()
    markers = np.zeros(picture.shape, int)
    markers[picture < 30] = 1
    markers[picture > 150] = 2
    # Flooding the gradient from sure background and sure coin ends at the rim.
    flooded = segmentation.watershed(filters.sobel(picture), markers) == 2
    whole = morphology.opening(ndimage.binary_fill_holes(flooded), morphology.disk(3))
    labelled = np.asarray(measure.label(whole))
    grey = picture.astype(np.float32) / 255
    boxes = [box for box in ndimage.find_objects(labelled) if box[0].stop - box[0].start > 20]
    boxes.sort(key=lambda box: (box[0].start // 70, box[1].start))
    cutouts = []
    for box in boxes:
        inside = labelled[box] == labelled[box][tuple(s // 2 for s in labelled[box].shape)]
        cutouts.append(Cutout(np.pad(grey[box], 2), np.pad(inside, 2).astype(np.float32)))
    return tuple(cutouts)
