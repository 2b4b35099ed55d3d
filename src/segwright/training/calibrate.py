"""How sure the finished network may say it is, from images that it has not learned from."""

from __future__ import annotations

import numpy as np

from segwright.plan import CALIBRATED
from segwright.refine.temperature import fit_temperature, judged_pixels
from segwright.segmenter import NetSegmenter
from segwright.training.store import SampleStore

_PIXELS = 50_000  # of each image


def calibrated_temperature(segmenter: NetSegmenter, images: SampleStore) -> float:
    """The temperature that makes a segmenter's probabilities honest on validation images.

    Args:
        segmenter: At temperature 1, used as it will be.
        images: Validation images, of which a few, evenly spread, are enough for one number.
    """
    count = min(CALIBRATED, len(images))
    said, there = [], []
    for index in np.linspace(0, len(images) - 1, count).round().astype(int).tolist():
        sample = images[index]
        probabilities = segmenter.segment(sample.image, probabilities=True).probabilities
        assert probabilities is not None  # asked for
        ignored = segmenter.classes.ignore_index
        some = judged_pixels(probabilities, sample.labels.ids, ignore_index=ignored, most=_PIXELS)
        said.append(some[0])
        there.append(some[1])
    return fit_temperature(np.concatenate(said, axis=1), np.concatenate(there))
