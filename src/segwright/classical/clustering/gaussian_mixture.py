"""Gaussian mixture: clusters with a spread and a direction of their own."""

from __future__ import annotations

import warnings
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar

import numpy as np
from pydantic import Field

from segwright.classical.clustering.clusters import Clusters, Model, checked
from segwright.classical.method import Arrays
from segwright.images.image import Image
from segwright.packages import package

_LEAST_VARIANCE = 1e-5  # a little under the rounding of 8 bits, so that one colour is a cluster too


@dataclass(frozen=True)
class Gaussians:
    """Clusters that are Gaussians.

    Attributes:
        means: (k, F) float32.
        whitening: (k, F, F) float32, lower triangular: W with W (x - mean) of unit covariance.
        logs: (k,) float32: of the weight times the determinant of W.
    """

    means: np.ndarray
    whitening: np.ndarray
    logs: np.ndarray

    def __len__(self) -> int:
        return len(self.means)

    def assign(self, points: np.ndarray) -> np.ndarray:
        from segwright.classical.clustering.densities import likeliest

        return likeliest(points, self.means, self.whitening, self.logs)

    def arrays(self) -> dict[str, np.ndarray]:
        return {"means": self.means, "whitening": self.whitening, "logs": self.logs}


class GaussianMixture(Clusters):
    """Explains the pixels by Gaussians of colour; each pixel belongs to the likeliest.

    Fitted by expectation maximisation to a sample, from the clusters of k-means. Unlike these, a
    cluster may be long, wide or small: a shaded object stays in one piece.

    Source: Dempster, Laird, Rubin 1977; Bishop 2006, section 9.2.

    Example:
        >>> GaussianMixture(clusters=3).segment(read_image("cells.png")).overlay()
    """

    name: ClassVar[str] = "gmm"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "clusters": (2, 4, 8, 16, 32),
        "position": (0.0, 0.3, 1.0),
        "texture": (0.0, 1.0),
    }

    sample_px: int = Field(
        20_000,
        ge=256,
        le=10_000_000,
        description="Pixels that the mixture is learned from, drawn at random; 256 to 10 million",
    )
    rounds: int = Field(
        60, ge=1, le=10_000, description="Rounds of expectation maximisation at most; 1 to 10000"
    )

    def log_densities(self, image: Image) -> np.ndarray:
        """How likely each pixel of a prepared image is under each cluster.

        Returns:
            (K, Y, X) float32: logarithms of weight times density, but for a constant.

        Raises:
            ImageError: It has other channels than the images that were learned from.
        """
        learned = self._learned_for(image)
        assert isinstance(learned.model, Gaussians)
        means, whitening, logs = learned.model.means, learned.model.whitening, learned.model.logs
        found = np.empty((len(means), *image.size_hw), np.float32)
        for rows, points in learned.points.bands(image):
            for one, mean in enumerate(means):
                away = np.tensordot(whitening[one], points - mean[:, None, None], axes=1)
                squares = np.einsum("fyx,fyx->yx", away, away)
                found[one, rows] = logs[one] - np.float32(0.5) * squares
        return found

    def _model_of(self, points: np.ndarray, rng: np.random.Generator) -> Model:
        mixture = self._fitted_mixture(points, rng)
        order = np.lexsort(mixture.means_.T[::-1])
        # scikit-learn has x @ P with P upper triangular; W = P transposed.
        whitening = np.swapaxes(mixture.precisions_cholesky_, 1, 2)[order]
        diagonal = np.diagonal(whitening, axis1=1, axis2=2)
        logs = np.log(mixture.weights_[order]) + np.log(diagonal).sum(1)
        as_stored = (mixture.means_[order], np.tril(whitening), logs)
        return Gaussians(*(np.ascontiguousarray(one, np.float32) for one in as_stored))

    def _fitted_mixture(self, points: np.ndarray, rng: np.random.Generator) -> Any:
        from segwright.classical.clustering.lloyd import centres_of, nearest

        sklearn = package("sklearn.mixture", purpose="the Gaussian mixture")
        centres = centres_of(points, self.clusters, rng)
        weights, precisions = _start(points, nearest(points, centres), len(centres))
        mixture = sklearn.GaussianMixture(
            len(centres),
            tol=1e-3,
            reg_covar=_LEAST_VARIANCE,
            max_iter=self.rounds,
            weights_init=weights,
            means_init=centres,
            precisions_init=precisions,
        )
        rows = points.T.astype(np.float64)
        if len(rows) < len(centres):  # scikit-learn wants as many points as clusters
            rows = np.resize(rows, (len(centres), rows.shape[1]))
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # not to have converged: `rounds` is the user's bound
            return mixture.fit(rows)

    def _stored(self, arrays: Arrays, size: int) -> Model:
        means = checked(arrays["means"], (None, size))
        whitening = checked(arrays["whitening"], (len(means), size, size))
        logs = checked(arrays["logs"], (len(means),))
        return Gaussians(*(one.astype(np.float32) for one in (means, whitening, logs)))


def _start(points: np.ndarray, labels: np.ndarray, count: int) -> tuple[np.ndarray, np.ndarray]:
    """Weights (k,) and inverse covariances (k, F, F) of the clusters of k-means."""
    size = len(points)
    shares = np.bincount(labels, minlength=count) + 1e-6  # centres may be the same
    precisions = np.empty((count, size, size))
    for number in range(count):
        own = points[:, labels == number]
        covariance = np.cov(own, bias=True) if own.shape[1] > 1 else np.zeros((size, size))
        precisions[number] = np.linalg.inv(
            covariance.reshape(size, size) + _LEAST_VARIANCE * np.eye(size)
        )
    return shares / shares.sum(), precisions
