"""Two methods without networks, as a scale to read the network's scores on.

`Majority` is what a score is worth that needs no image; `LinearDiscriminant` is a fair try by hand:
local colour and roughness, and the best linear rule on them.
"""

from __future__ import annotations

from collections.abc import Iterable

import cv2
import numpy as np

from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.result import Result


class Majority:
    """Gives every pixel the class that most training pixels have."""

    name = "most frequent class"

    def __init__(self, pairs: Iterable[tuple[Image, LabelMap]], classes: Classes) -> None:
        self.classes = classes
        self._most = int(np.argmax(sum(labels.area_px() for _, labels in pairs)))

    def segment(self, image: Image) -> Result:
        ids = np.full(image.size_hw, self._most, self.classes.dtype)
        return Result(LabelMap(ids, self.classes))


class LinearDiscriminant:
    """Gives every pixel the class whose mean features lie nearest, seen through their covariance.

    Features are local mean and standard deviation of each colour channel in windows of three
    sizes. Fitted in closed form (Fisher 1936), frequencies of the classes included.

    Args:
        pairs: Training images with their labels; every class must occur.
    """

    name = "linear discriminant"
    _SIGMAS = (2.0, 5.0, 10.0)

    def __init__(self, pairs: Iterable[tuple[Image, LabelMap]], classes: Classes) -> None:
        self.classes = classes
        vectors, ids = [], []
        for image, labels in pairs:
            here = labels.ids[::4, ::4] != classes.ignore_index
            vectors.append(_features(image, self._SIGMAS)[::4, ::4][here])
            ids.append(labels.ids[::4, ::4][here])
        features, owners = np.concatenate(vectors), np.concatenate(ids)
        means = np.stack([features[owners == k].mean(axis=0) for k in range(len(classes))])
        covariance = np.cov(features - means[owners], rowvar=False)
        self._weights = np.linalg.solve(covariance, means.T)  # (F, K)
        frequency = np.bincount(owners, minlength=len(classes)) / len(owners)
        self._offsets = np.log(frequency) - 0.5 * (means.T * self._weights).sum(axis=0)

    def segment(self, image: Image) -> Result:
        scores = _features(image, self._SIGMAS) @ self._weights + self._offsets  # (Y, X, K)
        ids = scores.argmax(axis=-1).astype(self.classes.dtype)
        return Result(LabelMap(ids, self.classes))


def _features(image: Image, sigmas: Iterable[float]) -> np.ndarray:
    """(Y, X, F) float32: means, then standard deviations, window by window."""
    pixels = image.pixels.astype(np.float32) / image.full_scale
    planes = []
    for sigma in sigmas:
        mean = cv2.GaussianBlur(pixels, (0, 0), sigma)
        variance = cv2.GaussianBlur(pixels**2, (0, 0), sigma) - mean**2
        planes += [mean, np.sqrt(np.maximum(variance, 0))]
    return np.concatenate(planes, axis=-1)
