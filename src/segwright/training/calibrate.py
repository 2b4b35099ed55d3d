"""How sure the finished network may say it is, from images that it has not learned from."""

from __future__ import annotations

import numpy as np

from segwright.plan import CALIBRATED
from segwright.segmenter import NetSegmenter
from segwright.segmenter.temperature import fit_temperature
from segwright.training.store import SampleStore

_PIXELS = 50_000  # of each image, evenly spread: neighbours say the same


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
        truth = sample.labels.ids.ravel()
        judged = np.flatnonzero(truth != segmenter.classes.ignore_index)
        some = judged[:: max(1, len(judged) // _PIXELS)]
        said.append(probabilities.reshape(len(probabilities), -1)[:, some])
        there.append(truth[some])
    return fit_temperature(np.concatenate(said, axis=1), np.concatenate(there))
