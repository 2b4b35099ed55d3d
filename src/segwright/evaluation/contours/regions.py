"""How well regions cover those of several human annotations of an image, at several scales.

Sources: segmentation covering and the protocol: Arbeláez, Maire, Fowlkes and Malik, "Contour
detection and hierarchical image segmentation", IEEE PAMI 33 (2011), section 3.1; probabilistic Rand
index: Unnikrishnan, Pantofaru and Hebert, "Toward objective evaluation of image segmentation
algorithms", IEEE PAMI 29 (2007); variation of information: Meilă, "Comparing clusterings", Journal
of Multivariate Analysis 98 (2007).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segwright.errors import LabelError, UsageError
from segwright.labels.ultrametric import Nested


@dataclass(frozen=True, eq=False)
class RegionCounts:
    """How the regions of one image agree with its annotations at each of S scales.

    Attributes:
        covered: (S,) area of annotated regions, each times its IoU with the region that covers it
            best; summed over annotations.
        best_covered: The same with the best region from any scale for each annotated one.
        area: Annotated area, summed over annotations.
        rand: (S,) probabilistic Rand index, 0 … 1 (equal).
        variation: (S,) variation of information in bits, 0 (equal) and up; mean over annotations.
    """

    covered: np.ndarray
    best_covered: float
    area: float
    rand: np.ndarray
    variation: np.ndarray

    @classmethod
    def of(
        cls, scales: Nested | Sequence[np.ndarray], annotations: Sequence[np.ndarray]
    ) -> RegionCounts:
        """Compares regions with annotations.

        Args:
            scales: A label map of (Y, X) for each scale; quicker where they are nested.
            annotations: (Y, X) region labels of each annotator, at least one.

        Raises:
            UsageError: There is no annotation or no scale.
            LabelError: Shapes differ.
        """
        if not annotations or not len(scales):
            raise UsageError(
                f"{len(annotations)} annotations and {len(scales)} scales; accepted is one or more "
                "of each"
            )
        truths = [_Annotation.of(annotation) for annotation in annotations]
        found = scales if isinstance(scales, Nested) else [_numbered(one) for one in scales]
        tables = [list(_tables(found, truth)) for truth in truths]  # [annotation][scale]
        overlaps = [np.stack([_best_iou(table) for table in of]) for of in tables]  # (S, regions)
        return cls(
            covered=sum((o @ t.area for o, t in zip(overlaps, truths, strict=True)), np.zeros(1)),
            best_covered=float(
                sum(o.max(axis=0) @ t.area for o, t in zip(overlaps, truths, strict=True))
            ),
            area=float(sum(truth.area.sum() for truth in truths)),
            rand=np.mean([[_rand(table) for table in of] for of in tables], axis=0),
            variation=np.mean([[_variation(table) for table in of] for of in tables], axis=0),
        )


@dataclass(frozen=True)
class RegionScores:
    """How well regions agree with annotations in a set of images.

    "ods" takes the one scale that is best for all images, "ois" the best for each image.

    Attributes:
        covering_ods: Segmentation covering, 0 … 1 (equal).
        covering_ois: The same.
        covering_best: With the best region from any scale for each annotated region.
        rand_ods: Probabilistic Rand index, 0 … 1 (equal).
        rand_ois: The same.
        variation_ods: Variation of information in bits, 0 (equal) and up.
        variation_ois: The same.
        best: Indices of the scales that are best for all images: for covering, Rand, variation.
    """

    covering_ods: float
    covering_ois: float
    covering_best: float
    rand_ods: float
    rand_ois: float
    variation_ods: float
    variation_ois: float
    best: tuple[int, int, int]

    @classmethod
    def of(cls, counts: Sequence[RegionCounts]) -> RegionScores:
        """Scores images that were looked at with the same scales.

        Raises:
            UsageError: There is no image, or the numbers of scales differ.
        """
        curves = RegionCurves.of(counts)
        best = (
            int(np.argmax(curves.covering)),
            int(np.argmax(curves.rand)),
            int(np.argmin(curves.variation)),
        )
        area = sum(one.area for one in counts)
        return cls(
            covering_ods=float(curves.covering[best[0]]),
            covering_ois=float(sum(one.covered.max() for one in counts) / area),
            covering_best=sum(one.best_covered for one in counts) / area,
            rand_ods=float(curves.rand[best[1]]),
            rand_ois=float(np.mean([one.rand.max() for one in counts])),
            variation_ods=float(curves.variation[best[2]]),
            variation_ois=float(np.mean([one.variation.min() for one in counts])),
            best=best,
        )


@dataclass(frozen=True, eq=False)
class RegionCurves:
    """The scores of a set of images at each of S scales, so that one fixed elsewhere can be read.

    Attributes:
        covering: (S,) 0 … 1.
        rand: (S,) 0 … 1.
        variation: (S,) bits.
    """

    covering: np.ndarray
    rand: np.ndarray
    variation: np.ndarray

    @classmethod
    def of(cls, counts: Sequence[RegionCounts]) -> RegionCurves:
        """See `RegionScores.of`."""
        scales = sorted({len(one.rand) for one in counts})
        if len(scales) != 1:
            raise UsageError(
                f"region counts of images with {scales} scales; accepted are one or more images "
                "with the same number"
            )
        return cls(
            covering=np.sum([one.covered for one in counts], axis=0)
            / sum(one.area for one in counts),
            rand=np.mean([one.rand for one in counts], axis=0),
            variation=np.mean([one.variation for one in counts], axis=0),
        )


@dataclass(frozen=True, eq=False)
class _Annotation:
    regions: np.ndarray  # (Y, X) from 0 without gaps
    area: np.ndarray  # (G,) float64

    @classmethod
    def of(cls, labels: np.ndarray) -> _Annotation:
        regions = _numbered(labels)
        return cls(regions, np.bincount(regions.ravel()).astype(float))


def _tables(scales: Nested | Sequence[np.ndarray], truth: _Annotation):
    """Yields, for each scale, the (regions, annotated regions) pixels that they share."""
    if isinstance(scales, Nested):
        finest = _table(scales.finest, truth)
        columns = finest.shape[1]
        region, annotated = np.nonzero(finest)
        shared = finest[region, annotated]
        for merged in scales.merged:
            size = (int(merged.max()) + 1) * columns
            cells = np.bincount(merged[region] * columns + annotated, shared, size)
            yield cells.reshape(-1, columns)
        return
    for regions in scales:
        yield _table(regions, truth)


def _numbered(labels: np.ndarray) -> np.ndarray:
    """(Y, X) int64 numbers from 0 without gaps, in the order of the labels."""
    lowest = int(labels.min())
    if int(labels.max()) - lowest >= labels.size:
        return np.unique(labels, return_inverse=True)[1].reshape(labels.shape)
    places = labels.astype(np.int64) - lowest
    occurs = np.bincount(places.ravel()) > 0  # no sorting where there are few
    return (np.cumsum(occurs) - 1)[places]


def _table(regions: np.ndarray, truth: _Annotation) -> np.ndarray:
    if regions.shape != truth.regions.shape:
        raise LabelError(
            f"the annotation has shape {truth.regions.shape} but the regions {regions.shape}; "
            "accepted is the same for both"
        )
    rows, columns = int(regions.max()) + 1, len(truth.area)
    cells = np.bincount((regions * columns + truth.regions).ravel(), minlength=rows * columns)
    return cells.reshape(rows, columns).astype(float)


def _best_iou(table: np.ndarray) -> np.ndarray:
    """(G,) IoU of each annotated region with the region that covers it best."""
    union = table.sum(axis=1, keepdims=True) + table.sum(axis=0, keepdims=True) - table
    return (table / union).max(axis=0)


def _rand(table: np.ndarray) -> float:
    """Share of the pairs of pixels on which both agree that they lie together, or apart."""
    number = table.sum()
    if number < 2:
        return 1.0
    both, one, two = (
        float((n * (n - 1)).sum()) for n in (table, table.sum(axis=1), table.sum(axis=0))
    )
    return 1 - (one + two - 2 * both) / float(number * (number - 1))


def _variation(table: np.ndarray) -> float:
    joint, one, two = (_entropy(n) for n in (table, table.sum(axis=1), table.sum(axis=0)))
    return max(0.0, 2 * joint - one - two)


def _entropy(pixels: np.ndarray) -> float:
    shares = pixels[pixels > 0] / pixels.sum()
    return float(-np.sum(shares * np.log2(shares)))
