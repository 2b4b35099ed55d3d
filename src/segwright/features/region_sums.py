"""What the pixels of every region have in common: means, deviations, histograms, quantiles."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segwright.kernels import in_shares, kernel


@dataclass(frozen=True, eq=False)
class RegionSums:
    """Sums over the pixels of R regions, added up band by band.

    Attributes:
        counts: (R,) int64 pixels.
        sums: (F, R) float64 of each plane.
        squares: (F, R) float64 of each plane squared.
    """

    counts: np.ndarray
    sums: np.ndarray
    squares: np.ndarray

    @classmethod
    def none(cls, num_planes: int, num_regions: int) -> RegionSums:
        """Before any pixel."""
        zeros = np.zeros((num_planes, num_regions))
        return cls(np.zeros(num_regions, np.int64), zeros, zeros.copy())

    def add(self, regions: np.ndarray, planes: np.ndarray) -> None:
        """Adds the pixels of a band.

        Args:
            regions: (y, X) int32, 0 … R-1.
            planes: (F, y, X) float32.
        """
        flat = np.ascontiguousarray(regions, np.int32).ravel()
        self.counts[:] += np.bincount(flat, minlength=len(self.counts))
        values = planes.reshape(len(planes), -1)
        in_shares(_add, len(values), flat, values, self.sums, self.squares)

    @property
    def means(self) -> np.ndarray:
        """(R, F) float32; 0 for a region without pixels."""
        return (self.sums / np.maximum(self.counts, 1)).T.astype(np.float32)

    @property
    def deviations(self) -> np.ndarray:
        """(R, F) float32, standard deviations."""
        counts = np.maximum(self.counts, 1)
        variance = self.squares / counts - (self.sums / counts) ** 2
        return np.sqrt(np.maximum(variance, 0)).T.astype(np.float32)


def add_histograms(
    histograms: np.ndarray, regions: np.ndarray, bins: np.ndarray, weights: np.ndarray | None = None
) -> None:
    """Counts the bins that the pixels of each region fall into.

    Args:
        histograms: (R, B) float64, added to.
        regions: (y, X) int32, 0 … R-1.
        bins: (y, X) uint8, below B.
        weights: (y, X) float32; 1 by default.
    """
    num_bins = histograms.shape[1]
    place = regions.ravel().astype(np.int64) * num_bins + bins.ravel()
    counted = np.bincount(
        place, None if weights is None else weights.ravel(), minlength=histograms.size
    )
    histograms += counted.reshape(histograms.shape)


def quantiles(histograms: np.ndarray, shares: tuple[float, ...]) -> np.ndarray:
    """Quantiles of what was counted in bins of equal width, interpolated inside a bin.

    Args:
        histograms: (R, B) counts.
        shares: Which, 0 … 1.

    Returns:
        (R, len(shares)) float32, in 0 … 1 of the range of the bins; 0 for a region without pixels.
    """
    num_bins = histograms.shape[1]
    summed = np.cumsum(histograms, axis=1)
    total = summed[:, -1]
    rows = np.arange(len(histograms))
    found = np.zeros((len(histograms), len(shares)), np.float32)
    for column, share in enumerate(shares):
        wanted = share * total
        bin_of = np.minimum((summed < wanted[:, None]).sum(1), num_bins - 1)
        inside = histograms[rows, bin_of]
        before = summed[rows, bin_of] - inside
        part = np.divide(wanted - before, inside, out=np.zeros(len(rows)), where=inside > 0)
        found[:, column] = np.where(total > 0, (bin_of + part) / num_bins, 0)
    return found


@kernel
def _add(regions, values, sums, squares, begin, end):
    for plane in range(begin, end):
        for p in range(len(regions)):
            value = np.float64(values[plane, p])
            sums[plane, regions[p]] += value
            squares[plane, regions[p]] += value * value
