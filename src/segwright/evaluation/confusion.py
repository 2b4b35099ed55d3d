"""Counting which class was taken for which."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segwright.errors import LabelError
from segwright.evaluation.units import Units


def confusion_matrix(
    truth_ids: np.ndarray, predicted_ids: np.ndarray, num_classes: int, ignore_index: int
) -> np.ndarray:
    """Counts pixels by true and predicted class.

    Args:
        truth_ids: (Y, X) unsigned class ids 0 … K-1; pixels equal to `ignore_index` are not judged.
        predicted_ids: (Y, X) unsigned class ids 0 … K-1; free where the truth is ignored.
        num_classes: K.
        ignore_index: The id of pixels that are not judged, K or more.

    Returns:
        (K, K) int64, rows are the truth and columns the prediction.

    Raises:
        LabelError: Different sizes, ids that are not unsigned integers or outside the classes, or
            a judged pixel without a predicted class (leaving it out would reward a method for not
            answering).

    Example:
        >>> truth = np.array([[0, 1, 1, 255]], np.uint8)
        >>> predicted = np.array([[0, 0, 1, 1]], np.uint8)
        >>> confusion_matrix(truth, predicted, 2, 255).tolist()
        [[1, 0], [1, 1]]
    """
    if truth_ids.shape != predicted_ids.shape:
        raise LabelError(
            f"truth has shape {truth_ids.shape} but the prediction {predicted_ids.shape}; "
            "accepted is the same (Y, X) for both",
            remedy="Bring the prediction back to the grid of its image before scoring it",
        )
    for ids in (truth_ids, predicted_ids):
        if ids.dtype.kind != "u":
            raise LabelError(f"ids are {ids.dtype.name}; accepted are unsigned integers")
    width = num_classes + 1  # one more row and column for whatever is not a class
    truth = _with_other_ids_last(truth_ids, num_classes)
    predicted = _with_other_ids_last(predicted_ids, num_classes)
    pairs = np.multiply(truth, width, dtype=np.min_scalar_type(width * width))
    counts = np.bincount((pairs + predicted).ravel(), minlength=width * width)
    counts = counts.reshape(width, width).astype(np.int64)
    if (unanswered := int(counts[:num_classes, num_classes].sum())) > 0:
        raise LabelError(
            f"the prediction gives no class 0 … {num_classes - 1} to {unanswered} pixels that the "
            "truth has a class for",
            remedy="Predict a class for every pixel",
        )
    if counts[num_classes].any():
        strange = (truth_ids >= num_classes) & (truth_ids != ignore_index)
        if strange.any():
            raise LabelError(
                f"truth has the id {truth_ids[strange][0]}; accepted are 0 … {num_classes - 1} "
                f"and {ignore_index} (ignored)"
            )
    return counts[:num_classes, :num_classes]


def _with_other_ids_last(ids: np.ndarray, num_classes: int) -> np.ndarray:
    return np.minimum(ids, ids.dtype.type(num_classes))


@dataclass(frozen=True, eq=False)
class Counts:
    """The three numbers per class that every score here is made of.

    The leading axes are free: none for one matrix, N for a row of images, R for resamples.
    Counts add: the counts of two images together are the sum of theirs.

    Attributes:
        hit: (…, K) pixels of the class that were predicted as it.
        truth: (…, K) pixels of the class.
        predicted: (…, K) pixels predicted as the class.
    """

    hit: np.ndarray
    truth: np.ndarray
    predicted: np.ndarray

    @classmethod
    def of(cls, matrix: np.ndarray) -> Counts:
        """The counts of (…, K, K) confusion matrices with the truth in rows."""
        return cls(
            np.diagonal(matrix, axis1=-2, axis2=-1).copy(), matrix.sum(axis=-1), matrix.sum(axis=-2)
        )

    @classmethod
    def stack(cls, counts: list[Counts]) -> Counts:
        """One more axis in front, over the list."""
        return cls(
            np.stack([c.hit for c in counts]),
            np.stack([c.truth for c in counts]),
            np.stack([c.predicted for c in counts]),
        )

    def __len__(self) -> int:
        """The length of the first axis."""
        return len(self.hit)

    def rows(self, wanted: np.ndarray) -> Counts:
        """Some of the first axis."""
        return Counts(self.hit[wanted], self.truth[wanted], self.predicted[wanted])

    def of_units(self, units: Units) -> Counts:
        """Adds up (N, K) of images to (U, K) of units."""
        return Counts(*map(units.summed, (self.hit, self.truth, self.predicted)))

    def total(self) -> Counts:
        """All of the first axis together."""
        return Counts(*(a.sum(axis=0) for a in (self.hit, self.truth, self.predicted)))

    def summed(self, weights: np.ndarray) -> Counts:
        """Sums the first axis N with (R, N) weights: counts of (R, K)."""
        return Counts(weights @ self.hit, weights @ self.truth, weights @ self.predicted)

    @property
    def scored(self) -> np.ndarray:
        """(…, K) bool: the class is in the truth, or predicted, or both."""
        return self.truth + self.predicted > 0

    def iou(self) -> np.ndarray:
        """(…, K) float64 intersection over union (Jaccard index), NaN where not scored."""
        return self._share(self.hit, self.truth + self.predicted - self.hit)

    def dice(self) -> np.ndarray:
        """(…, K) float64 Dice coefficient (F1), NaN where not scored."""
        return self._share(2 * self.hit, self.truth + self.predicted)

    def precision(self) -> np.ndarray:
        """(…, K) float64 hits among the predicted, 0 if none is, NaN where not scored."""
        return self._share(self.hit, self.predicted)

    def recall(self) -> np.ndarray:
        """(…, K) float64 hits among the true, 0 if there are none, NaN where not scored."""
        return self._share(self.hit, self.truth)

    def pixel_accuracy(self) -> np.ndarray:
        """(…,) float64 hits among all judged pixels, NaN where there are none."""
        total = self.truth.sum(axis=-1)
        return np.where(total > 0, self.hit.sum(axis=-1) / np.maximum(total, 1), np.nan)

    def _share(self, part: np.ndarray, whole: np.ndarray) -> np.ndarray:
        return np.where(self.scored, part / np.maximum(whole, 1), np.nan)


def mean_over_scored(per_class: np.ndarray) -> np.ndarray:
    """Mean of (…, K) scores over the classes that are scored, NaN where none is."""
    scored = ~np.isnan(per_class)
    number = scored.sum(axis=-1)
    total = np.where(scored, per_class, 0.0).sum(axis=-1)
    return np.where(number > 0, total / np.maximum(number, 1), np.nan)
