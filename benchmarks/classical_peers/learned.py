"""Trees that scikit-learn has grown: the same trees, the same pixels, the same probabilities.

Ours are handed what features give, (F, Y, X) float32 planes of a picture. scikit-learn takes rows
of pixels, and putting the planes in rows is part of its time.
"""

from __future__ import annotations

from functools import partial
from typing import Any

import cv2
import numpy as np
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)

from classical_peers.pair import Pair, Scene, near
from segwright.classical.learned.pixels import STACK
from segwright.classical.trees import Boosting, Forest

_CLASSES = 11
_LEARNED_PX = 50_000
_LIKE_OURS = {"min_samples_leaf": 5, "max_depth": 24, "max_features": 0.35}


def _trees(model: Any, name: str, times_faster: float, scene: Scene) -> list[Pair]:
    is_boosting = isinstance(model, HistGradientBoostingClassifier)
    photo = scene.part if is_boosting else scene.photo  # theirs takes seconds
    planes = STACK.describe(photo)
    flat = planes.reshape(len(planes), -1)
    drawn = np.random.default_rng(1).choice(flat.shape[1], _LEARNED_PX, replace=False)
    ids = _ids(photo).ravel()
    model.fit(np.ascontiguousarray(flat[:, drawn].T), ids[drawn])
    trees = (Boosting if is_boosting else Forest).from_sklearn(model, num_classes=_CLASSES)

    def theirs() -> np.ndarray:
        return model.predict_proba(np.ascontiguousarray(flat.T)).T

    ours, size_hw = partial(trees.predict, flat), photo.shape[:2]
    return [Pair(f"scikit-learn {name}", ours, theirs, near(1e-4), times_faster, size_hw)]


def _ids(photo: np.ndarray) -> np.ndarray:
    """(Y, X) class ids that depend on what is around a pixel."""
    hidden = cv2.GaussianBlur(photo.astype(np.float32), (0, 0), 3) @ np.float32([1, 2, -1])
    hidden += np.random.default_rng(0).normal(0, 0.15 * hidden.std(), hidden.shape)
    limits = np.quantile(hidden, np.arange(1, _CLASSES) / _CLASSES)
    return np.digitize(hidden, limits)


_EXTRA = ExtraTreesClassifier(60, **_LIKE_OURS, n_jobs=-1, random_state=0)
_RANDOM = RandomForestClassifier(n_jobs=-1, random_state=0)
_BOOSTING = HistGradientBoostingClassifier(max_iter=50, early_stopping=False, random_state=0)

ROWS = {
    "forest": partial(_trees, _EXTRA, "ExtraTrees, 60, as ours", 3),
    "random_forest": partial(_trees, _RANDOM, "RandomForest, 100, default", 3),
    "boosting": partial(_trees, _BOOSTING, "HistGradientBoosting, 50", 1),
}
