"""How well the outlines of a class lie on one another.

Surface pixels are those of the class with a neighbour (above, below, left, right) that is not of
it; what lies beyond the image is not of it either. Ignored pixels have no outline: they belong to
no class, and a pixel beside them is not for that reason on the surface.

Sources: Hausdorff distance and surface distance as in Maier-Hein et al., "Metrics reloaded",
Nature Methods 21 (2024); normalised surface distance: Nikolov et al., arXiv 1809.04430; boundary F:
Csurka et al., BMVC 2013; boundary IoU: Cheng et al., CVPR 2021, arXiv 2103.16562.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from scipy import ndimage

from segwright.errors import LabelError, UsageError

_CROSS = ndimage.generate_binary_structure(2, 1)
_SQUARE = ndimage.generate_binary_structure(2, 2)


@dataclass(frozen=True, eq=False)
class Outlines:
    """The outlines of one class in one image.

    Attributes:
        truth: (Y, X) bool, where the class is.
        predicted: (Y, X) bool, where it is predicted.
        ignored: (Y, X) bool, what is not judged; None for nothing.
        spacing: Height and width of a pixel, in the unit that distances are wanted in.

    Raises:
        LabelError: The masks differ in shape.
    """

    truth: np.ndarray
    predicted: np.ndarray
    ignored: np.ndarray | None = None
    spacing: tuple[float, float] = (1.0, 1.0)

    def __post_init__(self) -> None:
        if self.truth.shape != self.predicted.shape or self.truth.ndim != 2:
            raise LabelError(
                f"truth has shape {self.truth.shape} but the prediction {self.predicted.shape}; "
                "accepted is the same (Y, X) for both"
            )

    def hausdorff(self, percentile: float = 95.0) -> float | None:
        """Distance that holds for a percentage of each surface; the larger of both directions.

        Where the class is missing on one side, it is the diagonal of the image, the worst case;
        where it is on neither, None. (MONAI 1.6 gives NaN for a
        missed and for an invented object alike and leaves NaN out of its means: a missed object
        beside a perfect one aggregates to 0, and so does a set of missed objects alone, which is
        the perfect score.)
        """
        if self._one_sided is not None:
            return self.diagonal if self._one_sided else None
        there, back = self._distances
        return float(max(np.percentile(there, percentile), np.percentile(back, percentile)))

    def surface_distance(self, tolerance: float) -> float | None:
        """Share of both surfaces that lies within a tolerance of the other, 0 … 1 (perfect).

        0 where the class is missing on one side, None where it is on neither.
        """
        _require_tolerance(tolerance)
        if self._one_sided is not None:
            return 0.0 if self._one_sided else None
        there, back = self._distances
        near = np.count_nonzero(there <= tolerance) + np.count_nonzero(back <= tolerance)
        return near / (there.size + back.size)

    def boundary_f(self, tolerance: float) -> float | None:
        """Harmonic mean of the shares of each surface within a tolerance of the other, 0 … 1.

        0 where the class is missing on one side, None where it is on neither.
        """
        _require_tolerance(tolerance)
        if self._one_sided is not None:
            return 0.0 if self._one_sided else None
        there, back = self._distances
        recall, precision = np.mean(there <= tolerance), np.mean(back <= tolerance)
        return float(2 * precision * recall / max(precision + recall, 1e-12))

    def boundary_iou(self, width_px: int) -> float | None:
        """IoU of the pixels of each mask that are within `width_px` of its outline, 0 … 1.

        0 where the class is missing on one side, None where it is on neither.
        """
        both = self.boundary_counts(width_px)
        return None if both is None else both[0] / both[1]

    def boundary_counts(self, width_px: int) -> tuple[int, int] | None:
        """Pixels in the intersection and in the union of the two bands; None without the class."""
        if width_px < 1:
            raise UsageError(f"width_px is {width_px}; accepted is 1 or more")
        truth, predicted = (self._band(mask, width_px) for mask in (self.truth, self.predicted))
        union = np.count_nonzero(truth | predicted)
        return (int(np.count_nonzero(truth & predicted)), int(union)) if union else None

    @property
    def diagonal(self) -> float:
        """Length of the image's diagonal, the largest distance that there can be."""
        height, width = self.truth.shape
        return math.hypot(height * self.spacing[0], width * self.spacing[1])

    @cached_property
    def _one_sided(self) -> bool | None:
        """None: the class has a surface on both sides. True: on one. False: on neither."""
        sides = [bool(surface.any()) for surface in self._surfaces]
        return None if all(sides) else any(sides)

    @cached_property
    def _surfaces(self) -> tuple[np.ndarray, np.ndarray]:
        truth, predicted = (self._surface(mask) for mask in (self.truth, self.predicted))
        return truth, predicted

    @cached_property
    def _distances(self) -> tuple[np.ndarray, np.ndarray]:
        """From each pixel of the true surface to the predicted one, and the other way."""
        truth, predicted = self._surfaces
        window = _window(truth | predicted)  # outside it there is nothing to measure to
        truth, predicted = truth[window], predicted[window]
        there = _to_nearest(predicted, self.spacing)[truth]
        return there, _to_nearest(truth, self.spacing)[predicted]

    def _surface(self, mask: np.ndarray) -> np.ndarray:
        return self._rim(mask, _CROSS, 1)

    def _band(self, mask: np.ndarray, width_px: int) -> np.ndarray:
        return self._rim(mask, _SQUARE, width_px)

    def _rim(self, mask: np.ndarray, structure: np.ndarray, width_px: int) -> np.ndarray:
        """What an erosion takes away, ignored pixels being taken for inside."""
        if self.ignored is None:
            return mask & ~_eroded(mask, structure, width_px)
        mask = mask & ~self.ignored
        return mask & ~_eroded(mask | self.ignored, structure, width_px)


def _require_tolerance(tolerance: float) -> None:
    if not 0 <= tolerance < math.inf:
        raise UsageError(f"tolerance is {tolerance}; accepted is a finite number, 0 or more")


def _eroded(mask: np.ndarray, structure: np.ndarray, times: int) -> np.ndarray:
    return np.asarray(ndimage.binary_erosion(mask, structure, iterations=times))


def _window(mask: np.ndarray) -> tuple[slice, ...]:
    """The smallest rectangle that holds all of a mask with any pixel."""
    return ndimage.find_objects(mask.astype(np.uint8))[0]


def _to_nearest(surface: np.ndarray, spacing: tuple[float, float]) -> np.ndarray:
    """(Y, X) float64: how far every pixel is from the nearest one of a surface."""
    return np.asarray(ndimage.distance_transform_edt(~surface, sampling=spacing))
