"""From what any method has found in an image to counts, and from counts to scores.

Source: Arbeláez, Maire, Fowlkes and Malik, "Contour detection and hierarchical image
segmentation", IEEE PAMI 33 (2011), section 3.1. There the best scale is chosen on the images that
are scored; `Scores.fixed` takes one that was chosen on others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segwright.errors import LabelError
from segwright.evaluation.contours.annotated import AnnotatedImage
from segwright.evaluation.contours.boundaries import (
    BoundaryCounts,
    BoundaryScores,
    boundaries_at,
    boundaries_of,
    even_thresholds,
)
from segwright.evaluation.contours.regions import RegionCounts, RegionCurves, RegionScores
from segwright.labels.ultrametric import UltrametricMap

# A hierarchy; (Y, X) floating strengths of contours, 0 … 1; or (Y, X) integer labels at each scale.
Found = UltrametricMap | np.ndarray | Sequence[np.ndarray]


@dataclass(frozen=True, eq=False)
class Counts:
    """What was found in one image.

    Attributes:
        boundaries: At each threshold or scale.
        regions: The same; None for contours that enclose no regions.
    """

    boundaries: BoundaryCounts
    regions: RegionCounts | None

    @classmethod
    def of(
        cls, found: Found, truth: AnnotatedImage, *, thresholds: np.ndarray | None = None
    ) -> Counts:
        """Compares what a method has found in an image with the annotations.

        Args:
            found: A hierarchy or contours, looked at at `thresholds`; or a label map for each
                scale, of as many scales for every image.
            truth: The image's annotations.
            thresholds: In ascending order; by default 0.01, 0.02 … 0.99.

        Raises:
            LabelError: An array is no strengths of contours, or shapes differ.
        """
        steps = even_thresholds() if thresholds is None else thresholds
        drawn = truth.boundaries_of()
        if isinstance(found, UltrametricMap):
            return cls(
                BoundaryCounts.of(boundaries_at(found.contours(), steps), drawn),
                RegionCounts.of(found.nested(steps), truth.regions_of()),
            )
        if isinstance(found, np.ndarray):
            if found.dtype.kind != "f":
                raise LabelError(
                    f"an array of {found.dtype} was found; accepted are floating strengths of "
                    "contours, or a list of label maps"
                )
            return cls(BoundaryCounts.of(boundaries_at(found, steps), drawn), None)
        return cls(
            BoundaryCounts.of(map(boundaries_of, found), drawn),
            RegionCounts.of(found, truth.regions_of()),
        )


@dataclass(frozen=True)
class Scores:
    """How well boundaries, and regions where there are any, agree with annotations."""

    boundaries: BoundaryScores
    regions: RegionScores | None

    @classmethod
    def of(cls, counts: Sequence[Counts]) -> Scores:
        """Scores images that were looked at with the same thresholds or scales."""
        regions = _regions(counts)
        return cls(
            BoundaryScores.of([one.boundaries for one in counts]),
            RegionScores.of(regions) if regions else None,
        )

    def fixed(self, counts: Sequence[Counts]) -> FixedScores:
        """Scores other images with the scales that are best for these."""
        f = BoundaryScores.of([one.boundaries for one in counts]).f[self.boundaries.best]
        regions = _regions(counts)
        if self.regions is None or not regions:
            return FixedScores(f, None, None, None)
        curves, best = RegionCurves.of(regions), self.regions.best
        return FixedScores(
            f,
            float(curves.covering[best[0]]),
            float(curves.rand[best[1]]),
            float(curves.variation[best[2]]),
        )


@dataclass(frozen=True)
class FixedScores:
    """Scores at scales that were chosen on other images; None without regions.

    Attributes:
        f: Of boundaries, 0 … 1.
        covering: 0 … 1.
        rand: Probabilistic Rand index, 0 … 1.
        variation: Of information, bits.
    """

    f: float
    covering: float | None
    rand: float | None
    variation: float | None


def _regions(counts: Sequence[Counts]) -> list[RegionCounts]:
    return [one.regions for one in counts if one.regions is not None]
