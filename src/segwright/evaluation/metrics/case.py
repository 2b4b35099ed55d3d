"""One image to be measured: its masks, outlines and regions, each found once for all metrics."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from segwright.errors import UsageError
from segwright.evaluation.metrics.partitions import Contingency
from segwright.labels.components import components

if TYPE_CHECKING:
    from segwright.evaluation.metrics.outlines import Outlines


@dataclass(frozen=True)
class Tolerances:
    """How near is near enough.

    Attributes:
        band: Width of the band of boundary IoU as a share of the image's diagonal; 0.02 as in
            Cheng et al., CVPR 2021. At least one pixel.
        distance: Distance up to which outlines count as lying on one another, in millimetres where
            the images state their spacing and in pixels where not. None for 0.75 % of the
            diagonal, as in Csurka et al., BMVC 2013.

    Raises:
        UsageError: A band outside 0 … 1, or a distance that is not a finite number of 0 or more.
    """

    band: float = 0.02
    distance: float | None = None

    def __post_init__(self) -> None:
        if not 0 < self.band <= 1:
            raise UsageError(f"band is {self.band}; accepted is a share above 0, up to 1")
        if self.distance is not None and not 0 <= self.distance < math.inf:
            raise UsageError(
                f"the tolerance is {self.distance}; accepted is a finite distance, 0 or more"
            )


@dataclass(frozen=True, eq=False)
class Case:
    """Truth and prediction of one image.

    Attributes:
        truth: (Y, X) class ids; what is K or more is not judged.
        predicted: (Y, X) class ids.
        num_classes: K.
        background: The class that means "nothing"; None if there is none.
        spacing: Height and width of a pixel in the unit of distances.
        tolerances: How near is near enough.
    """

    truth: np.ndarray
    predicted: np.ndarray
    num_classes: int
    background: int | None = None
    spacing: tuple[float, float] = (1.0, 1.0)
    tolerances: Tolerances = Tolerances()
    _outlines: dict[int, Outlines] = field(default_factory=dict, init=False)

    @cached_property
    def judged(self) -> np.ndarray:
        """(Y, X) bool."""
        return self.truth < self.num_classes

    def masks(self, k: int) -> tuple[np.ndarray, np.ndarray]:
        """Where a class is and where it is predicted, (Y, X) bool, judged pixels alone."""
        return self.truth == k, (self.predicted == k) & self.judged

    def outlines(self, k: int) -> Outlines:
        """The outlines of a class."""
        from segwright.evaluation.metrics.outlines import Outlines

        if k not in self._outlines:
            ignored = None if self.judged.all() else ~self.judged
            self._outlines[k] = Outlines(*self.masks(k), ignored, self.spacing)
        return self._outlines[k]

    @property
    def band_px(self) -> int:
        """Width of the band of boundary IoU."""
        return max(1, round(self.tolerances.band * math.hypot(*self.truth.shape)))

    @property
    def distance(self) -> float:
        """Up to where outlines lie on one another, in the unit of `spacing`."""
        if self.tolerances.distance is not None:
            return self.tolerances.distance
        height, width = self.truth.shape
        return 0.0075 * math.hypot(height * self.spacing[0], width * self.spacing[1])

    @cached_property
    def partition(self) -> Contingency | None:
        """Connected regions of the foreground, true against predicted; None without any.

        Regions are pixels of one class that touch, be it at corners. Those pixels count that are
        foreground in the truth or in the prediction, and where one of the two says background,
        each pixel is a region of its own there. So a missed or an invented region costs as much as
        one that is cut into single pixels. (scikit-image counts the foreground of the truth alone
        and takes all predicted background for one region: there, a missed object that stands alone
        is perfect, and an invented one costs nothing. Where both have the same foreground, or
        there is no background, the figures are equal.)
        """
        inside = [numbers >= 0 for numbers in self._foreground_regions]
        either = self.judged & (inside[0] | inside[1])
        single = -np.arange(1, either.size + 1).reshape(either.shape)  # a number for every pixel
        truth, predicted = (
            np.where(known, numbers, single)
            for known, numbers in zip(inside, self._foreground_regions, strict=True)
        )
        return Contingency.of(truth, predicted, either)

    def pieces(self, k: int) -> tuple[int, int]:
        """Connected regions of a class in the truth and in the prediction."""
        true, predicted = (int(np.count_nonzero(found.class_ids == k)) for found in self._regions)
        return true, predicted

    @property
    def _foreground_regions(self) -> list[np.ndarray]:
        """(Y, X) numbers of the regions of truth and prediction, -1 in the background."""
        return [
            found.numbers
            if self.background is None
            else np.where(found.class_ids[found.numbers] == self.background, -1, found.numbers)
            for found in self._regions
        ]

    @cached_property
    def _regions(self) -> tuple[_Regions, _Regions]:
        """Of truth and prediction; ignored pixels cut both alike."""
        return _Regions.of(self.truth), _Regions.of(
            np.where(self.judged, self.predicted, self.num_classes)
        )


@dataclass(frozen=True, eq=False)
class _Regions:
    """Connected regions of equal ids: (Y, X) numbers from 0, and the (R,) class of each."""

    numbers: np.ndarray
    class_ids: np.ndarray

    @classmethod
    def of(cls, ids: np.ndarray) -> _Regions:
        numbers, count = components(ids)
        class_ids = np.empty(count, ids.dtype)
        class_ids[numbers.ravel()] = ids.ravel()
        return cls(numbers, class_ids)
