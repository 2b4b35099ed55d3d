"""The pictures of a report: truth, prediction and errors over the photo."""

from __future__ import annotations

import numpy as np

from segwright.labels.classes import Classes
from segwright.labels.paint import overlay
from segwright.pages.pictures import shrunk_ids, shrunk_photo

MISSED, INVENTED, CONFUSED = (230, 126, 0), (66, 153, 255), (214, 64, 159)
"""Colours of the three kinds of error; told apart with every common colour blindness."""


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
