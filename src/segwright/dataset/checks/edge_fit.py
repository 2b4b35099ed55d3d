"""Whether the edges of labels lie on edges of their picture.

Labels that belong to a picture have their borders where the picture changes; moved by some pixels
they fit worse. Labels of another picture fit no better where they lie than anywhere beside. That
says nothing about a single picture (borders may be invisible), but among pictures that all fit,
one that does not stands out.
"""

from __future__ import annotations

from itertools import product

import numpy as np

from segwright.images.image import Image
from segwright.labels.label_map import LabelMap
from segwright.labels.paint import rim

_LONGEST_SIDE = 640
_STEP = 8  # pixels between the places that are tried; further apart than hand-drawn lines err
_MARGIN = 2 * _STEP + 2
_FEWEST, _MOST = 64, 4096  # pixels of a border
_LEVELS = 1024


def edge_fit(image: Image, labels: LabelMap) -> float | None:
    """How much better the labels' borders fit the picture where they lie than beside.

    Steepness is counted in ranks (0 … 1) within the picture, so that contrast does not matter.

    Returns:
        Mean steepness under the borders, less its mean over 24 places 8 and 16 pixels beside, in
        standard deviations over these places; near 0 for labels of another picture. None where
        there is too little border to tell.
    """
    stride = -(-max(image.size_hw) // _LONGEST_SIDE)
    pixels, ids = image.pixels[::stride, ::stride], labels.ids[::stride, ::stride]
    if min(ids.shape) <= 2 * _MARGIN:
        return None
    border = rim(ids) & (ids != labels.classes.ignore_index)
    inside = border[_MARGIN:-_MARGIN, _MARGIN:-_MARGIN]
    rows, columns = np.nonzero(inside)
    if len(rows) < _FEWEST:
        return None
    if len(rows) > _MOST:
        chosen = np.linspace(0, len(rows) - 1, _MOST).astype(np.intp)
        rows, columns = rows[chosen], columns[chosen]
    rows, columns = rows + _MARGIN, columns + _MARGIN
    steepness = _ranked_steepness(pixels)
    moves = [-2 * _STEP, -_STEP, 0, _STEP, 2 * _STEP]
    fits = [float(steepness[rows + dy, columns + dx].mean()) for dy, dx in product(moves, moves)]
    here = fits.pop(len(fits) // 2)
    return (here - float(np.mean(fits))) / max(float(np.std(fits)), 0.005)


def _ranked_steepness(pixels: np.ndarray) -> np.ndarray:
    """Rank of the gradient's length within the picture, (Y, X) float32 of 0 … 1."""
    down = np.zeros(pixels.shape[:2], dtype=np.float32)
    right = np.zeros_like(down)
    for channel in range(min(pixels.shape[-1], 3)):
        values = pixels[..., channel].astype(np.float32)
        np.maximum(down[1:-1], np.abs(values[2:] - values[:-2]), out=down[1:-1])
        np.maximum(right[:, 1:-1], np.abs(values[:, 2:] - values[:, :-2]), out=right[:, 1:-1])
    length = np.hypot(down, right)
    top = float(length.max())
    if top == 0:
        return length
    # The square root spends the levels where most of the pixels are: on weak gradients.
    levels = (np.sqrt(length / top) * (_LEVELS - 1)).astype(np.intp)
    counts = np.bincount(levels.ravel(), minlength=_LEVELS)
    ranks = (np.cumsum(counts) - counts / 2) / levels.size
    return ranks.astype(np.float32)[levels]
