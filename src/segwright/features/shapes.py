"""The shape of every region of a label map."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np


@dataclass(frozen=True, eq=False)
class Shapes:
    """Size, place and form of R regions, all at once.

    Coordinates are of the middles of pixels, row and column from 0. Regions need not be connected.
    A number without pixels has an area of 0 and zeros throughout.

    Attributes:
        area_px: (R,) int64.
        perimeter_px: (R,) float64, by Crofton's formula over four directions: how often lines
            through the picture cross the border, the edge of the picture being one.
        box_yxyx: (R, 4) int64, first row and column, and those after the last.
        hull_area_px: (R,) float64, area of the convex hull of the region's pixels as squares.
        moments: (R, 4, 4) float64, central moments: sums of (y - ȳ)^p · (x - x̄)^q, p + q ≤ 3.
        centre_yx: (R, 2) float64.
    """

    area_px: np.ndarray
    perimeter_px: np.ndarray
    box_yxyx: np.ndarray
    hull_area_px: np.ndarray
    moments: np.ndarray
    centre_yx: np.ndarray

    @classmethod
    def of(cls, regions: np.ndarray, *, num_regions: int = 0) -> Self:
        """Measures the regions of a label map.

        Args:
            regions: (Y, X) integers, 0 … R-1.
            num_regions: R; by default the largest number that occurs and one.

        Raises:
            MissingDependencyError: numba is not installed.
        """
        from segwright.features.shape_kernels import boxes, hull_areas, raw_moments

        num_regions = num_regions or int(regions.max()) + 1
        regions = np.ascontiguousarray(regions, np.int32)
        box = boxes(regions, num_regions)
        raw, perimeter = raw_moments(regions, box)
        centre, central = _central(raw)
        area = raw[:, 0, 0].astype(np.int64)
        box[area == 0] = 0
        centre = np.where(area[:, None] > 0, centre + box[:, :2], 0)
        return cls(area, perimeter, box, hull_areas(regions, box), central, centre)

    @cached_property
    def axes_px(self) -> np.ndarray:
        """(R, 2) float64, the two axes of the ellipse with the same second moments, longer first.

        A pixel is a point here, so a line one pixel wide has a shorter axis of 0.
        """
        yy, yx, xx = self._spread
        middle = (yy + xx) / 2
        apart = np.hypot((yy - xx) / 2, yx)
        squares = np.stack([middle + apart, np.maximum(middle - apart, 0)], axis=1)
        return 4 * np.sqrt(squares)

    @property
    def eccentricity(self) -> np.ndarray:
        """(R,) float64, of that ellipse: 0 for a circle, 1 for a line."""
        longer, shorter = self.axes_px.T
        ratio = np.divide(shorter, longer, out=np.ones_like(longer), where=longer > 0)
        return np.sqrt(1 - ratio * ratio)

    @property
    def orientation(self) -> np.ndarray:
        """(R,) float64, direction of the longer axis, radians from the X axis towards Y.

        -π/2 … π/2; 0 where no direction stands out.
        """
        yy, yx, xx = self._spread
        return 0.5 * np.arctan2(2 * yx, xx - yy)

    @property
    def solidity(self) -> np.ndarray:
        """(R,) float64, share of the convex hull that is filled, 0 … 1."""
        hull = self.hull_area_px
        return np.divide(self.area_px, hull, out=np.zeros(len(hull)), where=hull > 0)

    @property
    def extent(self) -> np.ndarray:
        """(R,) float64, share of the bounding box that is filled, 0 … 1."""
        height, width = (self.box_yxyx[:, 2:] - self.box_yxyx[:, :2]).T
        return self.area_px / np.maximum(height * width, 1)

    @property
    def roundness(self) -> np.ndarray:
        """(R,) float64, 4π · area / perimeter²: 1 for a disk, near 0 for what is long or ragged."""
        return 4 * np.pi * self.area_px / np.maximum(self.perimeter_px, 1e-9) ** 2

    @cached_property
    def hu(self) -> np.ndarray:
        """(R, 7) float64, moments that do not change with place, size and turning (Hu 1962)."""
        n = self._normalised
        n20, n02, n11 = n[:, 2, 0], n[:, 0, 2], n[:, 1, 1]
        n30, n03, n21, n12 = n[:, 3, 0], n[:, 0, 3], n[:, 2, 1], n[:, 1, 2]
        a, b = n30 + n12, n21 + n03
        c, d = n30 - 3 * n12, 3 * n21 - n03
        return np.stack(
            [
                n20 + n02,
                (n20 - n02) ** 2 + 4 * n11**2,
                c**2 + d**2,
                a**2 + b**2,
                c * a * (a**2 - 3 * b**2) + d * b * (3 * a**2 - b**2),
                (n20 - n02) * (a**2 - b**2) + 4 * n11 * a * b,
                d * a * (a**2 - 3 * b**2) - c * b * (3 * a**2 - b**2),
            ],
            axis=1,
        )

    @property
    def _spread(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Variances and covariance of the pixels' places: YY, YX, XX."""
        area = np.maximum(self.area_px, 1)
        m = self.moments
        return m[:, 2, 0] / area, m[:, 1, 1] / area, m[:, 0, 2] / area

    @property
    def _normalised(self) -> np.ndarray:
        order = np.add.outer(np.arange(4), np.arange(4))
        area = np.maximum(self.area_px, 1).astype(np.float64)[:, None, None]
        return self.moments / area ** (order / 2 + 1)


def _central(raw: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Centres and central moments from raw ones of order up to 3."""
    area = np.maximum(raw[:, 0, 0], 1)
    cy, cx = raw[:, 1, 0] / area, raw[:, 0, 1] / area
    m = np.zeros_like(raw)
    m[:, 0, 0] = raw[:, 0, 0]
    m[:, 2, 0] = raw[:, 2, 0] - cy * raw[:, 1, 0]
    m[:, 1, 1] = raw[:, 1, 1] - cy * raw[:, 0, 1]
    m[:, 0, 2] = raw[:, 0, 2] - cx * raw[:, 0, 1]
    m[:, 3, 0] = raw[:, 3, 0] - 3 * cy * raw[:, 2, 0] + 2 * cy**2 * raw[:, 1, 0]
    m[:, 0, 3] = raw[:, 0, 3] - 3 * cx * raw[:, 0, 2] + 2 * cx**2 * raw[:, 0, 1]
    m[:, 2, 1] = raw[:, 2, 1] - 2 * cy * raw[:, 1, 1] - cx * raw[:, 2, 0] + 2 * cy**2 * raw[:, 0, 1]
    m[:, 1, 2] = raw[:, 1, 2] - 2 * cx * raw[:, 1, 1] - cy * raw[:, 0, 2] + 2 * cx**2 * raw[:, 1, 0]
    return np.stack([cy, cx], axis=1), m
