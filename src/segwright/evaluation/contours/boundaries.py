"""Precision and recall of boundaries against several human annotations of an image.

Source: the protocol of the Berkeley Segmentation Data Set: Arbeláez, Maire, Fowlkes and Malik,
"Contour detection and hierarchical image segmentation", IEEE PAMI 33 (2011), section 3.1.
"""

from __future__ import annotations

import math
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from segwright.errors import LabelError, UsageError
from segwright.evaluation.contours.correspondence import Correspondence
from segwright.evaluation.contours.thinning import thinned

TOLERANCE = 0.0075  # of the image's diagonal
_BETWEEN = 100  # points that are looked at between two thresholds


def even_thresholds(number: int = 99) -> np.ndarray:
    """(T,) float64 thresholds k / (T + 1), as the protocol takes them for strengths of 0 … 1."""
    return np.arange(1, number + 1) / (number + 1)


@dataclass(frozen=True, eq=False)
class BoundaryCounts:
    """What was found in one image at each of T thresholds or scales.

    Attributes:
        recalled: (T,) annotated pixels that have a partner, summed over annotations.
        annotated: (T,) annotated pixels, summed over annotations.
        precise: (T,) marked pixels that have a partner in any annotation.
        marked: (T,) marked pixels.
    """

    recalled: np.ndarray
    annotated: np.ndarray
    precise: np.ndarray
    marked: np.ndarray

    @classmethod
    def of(
        cls,
        marked: Iterable[np.ndarray],
        annotations: Sequence[np.ndarray],
        *,
        tolerance: float = TOLERANCE,
    ) -> BoundaryCounts:
        """Compares boundary maps with annotations, pixel by pixel, one to one.

        Args:
            marked: (Y, X) bool for each threshold; fast where each is much like the one before.
            annotations: (Y, X) bool for each annotator, at least one.
            tolerance: How far apart partners may be, as a share of the image's diagonal.

        Raises:
            UsageError: There is no annotation.
            LabelError: Shapes differ.
        """
        if not annotations:
            raise UsageError("there is no annotation; accepted is one or more for each image")
        radius = tolerance * math.hypot(*annotations[0].shape)
        matchers = [Correspondence(annotation, radius) for annotation in annotations]
        total = sum(int(np.count_nonzero(annotation)) for annotation in annotations)
        rows = []
        for now in marked:
            partners = [matcher.match(now) for matcher in matchers]
            recalled = sum(int(np.count_nonzero(one)) for one in partners)
            precise = int(np.count_nonzero(np.logical_or.reduce(partners)))
            rows.append((recalled, total, precise, int(np.count_nonzero(now))))
        return cls(*np.array(rows, np.int64).reshape(-1, 4).T)

    def precision(self) -> np.ndarray:
        """(T,) share of the marked pixels that is right; 0 where none is marked."""
        return self.precise / np.maximum(self.marked, 1)

    def recall(self) -> np.ndarray:
        """(T,) share of the annotated pixels that is found; 0 where none is annotated."""
        return self.recalled / np.maximum(self.annotated, 1)

    def __add__(self, other: BoundaryCounts) -> BoundaryCounts:
        """The counts of two images taken together, threshold by threshold."""
        return BoundaryCounts(
            self.recalled + other.recalled,
            self.annotated + other.annotated,
            self.precise + other.precise,
            self.marked + other.marked,
        )

    def best(self) -> int:
        """Index of the threshold with the highest F."""
        return int(np.argmax(_f(self.recall(), self.precision())))

    def at(self, index: int) -> BoundaryCounts:
        """The counts at one threshold alone."""
        one = slice(index, index + 1)
        return BoundaryCounts(
            self.recalled[one], self.annotated[one], self.precise[one], self.marked[one]
        )


@dataclass(frozen=True)
class BoundaryScores:
    """How well boundaries are found in a set of images, each 0 … 1.

    Attributes:
        ods: F at the one threshold that is best for all images (optimal dataset scale).
        ois: F with the best threshold for each image (optimal image scale).
        average_precision: Area below the curve of precision over recall.
        best: Index of the threshold with the best F for all images.
        f: (T,) F at each threshold.
    """

    ods: float
    ois: float
    average_precision: float
    best: int
    f: tuple[float, ...]

    @classmethod
    def of(cls, counts: Sequence[BoundaryCounts]) -> BoundaryScores:
        """Scores images that were looked at with the same thresholds.

        Raises:
            UsageError: There is no image, or the numbers of thresholds differ.
        """
        if not counts or len({len(one.marked) for one in counts}) > 1:
            raise UsageError(
                "boundary counts of images with "
                f"{sorted({len(one.marked) for one in counts})} thresholds; accepted are one or "
                "more images with the same number"
            )
        whole = _total(counts)
        recall, precision = whole.recall(), whole.precision()
        chosen = _total([one.at(one.best()) for one in counts])
        f = _f(recall, precision)
        return cls(
            ods=_best_f(recall, precision),
            ois=float(_f(chosen.recall(), chosen.precision())[0]),
            average_precision=_area(recall, precision),
            best=int(np.argmax(f)),
            f=tuple(f.tolist()),
        )


def boundaries_at(
    strengths: np.ndarray, thresholds: Sequence[float] | np.ndarray
) -> Iterator[np.ndarray]:
    """Thin boundaries at each threshold.

    Args:
        strengths: (Y, X) how strong the boundary is at each pixel.
        thresholds: What a boundary's strength reaches at least.

    Yields:
        (Y, X) bool for each threshold.

    Raises:
        LabelError: The strengths have another shape.
    """
    if strengths.ndim != 2:
        raise LabelError(f"strengths have shape {strengths.shape}; accepted is (Y, X)")
    for threshold in np.asarray(thresholds, strengths.dtype):
        yield thinned(strengths >= threshold)


def boundaries_of(labels: np.ndarray) -> np.ndarray:
    """(Y, X) bool: thin boundaries between the regions of a label map of (Y, X).

    A boundary pixel has other regions than its own at its lower right corner.
    """
    down = np.zeros(labels.shape, bool)
    right = np.zeros(labels.shape, bool)
    down[:-1] = labels[:-1] != labels[1:]
    right[:, :-1] = labels[:, :-1] != labels[:, 1:]
    corners = down | right
    corners[:, :-1] |= down[:, 1:]
    corners[:-1] |= right[1:]
    return thinned(corners)


def _total(counts: Sequence[BoundaryCounts]) -> BoundaryCounts:
    total = counts[0]
    for one in counts[1:]:
        total = total + one
    return total


def _f(recall: np.ndarray, precision: np.ndarray) -> np.ndarray:
    return 2 * precision * recall / np.maximum(precision + recall, 1e-12)


def _best_f(recall: np.ndarray, precision: np.ndarray) -> float:
    """The best F on the curve, which is straight between thresholds."""
    at = np.arange(len(recall), dtype=float)
    fine = np.linspace(0, len(recall) - 1, (len(recall) - 1) * (_BETWEEN - 1) + 1)
    return float(_f(np.interp(fine, at, recall), np.interp(fine, at, precision)).max())


def _area(recall: np.ndarray, precision: np.ndarray) -> float:
    """Area below the curve at recalls of 0, 0.01 … 1; nothing lies outside what was reached."""
    points, last = np.unique(recall[::-1], return_index=True)
    if len(points) < 2:
        return 0.0
    wanted = np.arange(101) / 100
    heights = np.interp(wanted, points, precision[::-1][last], left=0.0, right=0.0)
    return float(heights.sum() / 100)
