"""The pictures of a report: small, lossy and inside the page."""

from __future__ import annotations

import base64
import io

import numpy as np
from PIL import Image as PilImage

from segwright.labels.classes import Classes
from segwright.labels.paint import overlay

MISSED, INVENTED, CONFUSED = (230, 126, 0), (66, 153, 255), (214, 64, 159)
"""Colours of the three kinds of error; told apart with every common colour blindness."""

_JPEG_QUALITY = 82


def shrunk_photo(photo: np.ndarray, max_side: int) -> np.ndarray:
    """A (Y, X, 3) uint8 picture with its longer side at most `max_side`, filtered by area."""
    height, width = shrunk_size_hw(photo.shape[:2], max_side)
    if (height, width) == photo.shape[:2]:
        return photo
    shrunk = PilImage.fromarray(photo).resize((width, height), PilImage.Resampling.BOX)
    return np.asarray(shrunk)


def shrunk_ids(ids: np.ndarray, max_side: int) -> np.ndarray:
    """(Y, X) ids on the grid of `shrunk_photo`: each from the centre of its pixel."""
    height, width = shrunk_size_hw(ids.shape, max_side)
    y = ((np.arange(height) + 0.5) * ids.shape[0] / height).astype(int)
    x = ((np.arange(width) + 0.5) * ids.shape[1] / width).astype(int)
    return ids[np.ix_(y, x)]


def shrunk_size_hw(size_hw: tuple[int, ...], max_side: int) -> tuple[int, int]:
    """Height and width with the longer side at most `max_side`; never larger, never 0."""
    factor = min(1.0, max_side / max(size_hw))
    return max(1, round(size_hw[0] * factor)), max(1, round(size_hw[1] * factor))


def error_map(
    photo: np.ndarray, truth_ids: np.ndarray, predicted_ids: np.ndarray, classes: Classes
) -> np.ndarray:
    """Shows where a prediction is wrong, and how.

    Right pixels are the photo in faded grey. Wrong ones are `MISSED` (background where there is
    something), `INVENTED` (something where there is background) or `CONFUSED` (one class for
    another; the only kind where no class is background). Ignored pixels are never wrong.

    Args:
        photo: (Y, X, 3) uint8 RGB.
        truth_ids: (Y, X) as in `LabelMap.ids`.
        predicted_ids: (Y, X) as in `LabelMap.ids`.
        classes: What the ids mean.

    Returns:
        (Y, X, 3) uint8 RGB.
    """
    grey = photo.mean(axis=-1, keepdims=True) * 0.35 + 150
    picture = np.broadcast_to(grey, photo.shape).astype(np.uint8)
    wrong = (truth_ids != predicted_ids) & (truth_ids != classes.ignore_index)
    picture[wrong] = CONFUSED
    if classes.background is not None:
        picture[wrong & (predicted_ids == classes.background)] = MISSED
        picture[wrong & (truth_ids == classes.background)] = INVENTED
    return picture


def panel_pictures(
    photo: np.ndarray,
    truth_ids: np.ndarray,
    predicted_ids: np.ndarray,
    classes: Classes,
    *,
    max_side: int,
) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Photo, truth over photo, prediction over photo and error map, all (y, x, 3) uint8."""
    small = shrunk_photo(photo, max_side)
    truth, predicted = shrunk_ids(truth_ids, max_side), shrunk_ids(predicted_ids, max_side)
    return (
        small,
        overlay(small, truth, classes, alpha=0.55),
        overlay(small, predicted, classes, alpha=0.55),
        error_map(small, truth, predicted, classes),
    )


def data_uri(picture: np.ndarray) -> str:
    """A (Y, X, 3) uint8 picture as a JPEG that a page can hold itself."""
    buffer = io.BytesIO()
    PilImage.fromarray(picture).save(
        buffer, "JPEG", quality=_JPEG_QUALITY, subsampling=0, optimize=True
    )
    return "data:image/jpeg;base64," + base64.b64encode(buffer.getvalue()).decode("ascii")
