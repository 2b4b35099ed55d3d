"""How much two pixels, or two regions, differ by their features."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import ClassVar, Literal

import numpy as np
from pydantic import Field

from segwright.rows import Step

_TINY = 1e-12


class Similarity(Step):
    """A distance of features; derive from it for one of your own.

    Example:
        >>> class Manhattan(Similarity):
        ...     step: Literal["manhattan"] = "manhattan"
        ...     def distance(self, one, other):
        ...         return np.abs(one - other).sum(axis=0)
        >>> Pipeline(similarity=Manhattan()).segment(image)
    """

    room: ClassVar[str] = "similarity"

    def prepared(self, features: np.ndarray) -> np.ndarray:
        """Features of a picture as `distance` takes them; as they are, unless a subclass says.

        Args:
            features: (F, Y, X) float32.

        Returns:
            (G, Y, X) float32. Regions are described by its means.
        """
        return features

    @abstractmethod
    def distance(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        """How much they differ, pair by pair; symmetric.

        Args:
            one: (G, …) prepared features.
            other: (G, …) of the same shape.

        Returns:
            (…) values from 0 (equal).
        """


class Euclidean(Similarity):
    """The length of the difference."""

    bare: ClassVar[tuple[str, ...]] = ("standardise",)
    step: Literal["euclidean"] = "euclidean"
    standardise: bool = Field(
        default=False,
        description="Whether each feature is divided by its deviation in the picture first",
    )

    def prepared(self, features: np.ndarray) -> np.ndarray:
        if not self.standardise:
            return features
        deviations = features.std(axis=(1, 2), keepdims=True, dtype=np.float64)
        return (features / np.where(deviations > _TINY, deviations, 1)).astype(np.float32)

    def distance(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.sqrt(((one - other) ** 2).sum(axis=0))


class Mahalanobis(Similarity):
    """The length of the difference in deviations of the picture, whatever features correlate."""

    bare: ClassVar[tuple[str, ...]] = ("floor",)
    step: Literal["mahalanobis"] = "mahalanobis"
    floor: float = Field(
        default=1e-3,
        gt=0,
        le=1,
        description="Least variance along any direction, as a share of the largest; to 1",
    )

    def prepared(self, features: np.ndarray) -> np.ndarray:
        flat = features.reshape(len(features), -1)
        covariance = np.atleast_2d(np.cov(flat, bias=True))
        variances, axes = np.linalg.eigh(covariance)
        if variances[-1] <= _TINY:
            return features
        scales = 1 / np.sqrt(np.maximum(variances, self.floor * variances[-1]))
        whitening = (axes * scales).T.astype(np.float32)
        return (whitening @ flat).reshape(features.shape)

    def distance(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.sqrt(((one - other) ** 2).sum(axis=0))


class Cosine(Similarity):
    """1 - the cosine of the angle between them: 0 to 2, whatever their lengths.

    Two vectors of length 0 are equal; one of length 0 is at 1 to all others.
    """

    step: Literal["cosine"] = "cosine"

    def distance(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        squares, others = (one * one).sum(axis=0), (other * other).sum(axis=0)
        product = np.sqrt(squares * others)
        cosine = (one * other).sum(axis=0) / np.where(product > _TINY, product, 1)
        both_zero = (squares <= _TINY) & (others <= _TINY)
        return np.where(both_zero, 0, np.clip(1 - cosine, 0, 2))


class Correlation(Cosine):
    """1 - Pearson's correlation of the values: 0 to 2, whatever their mean and their scale."""

    step: Literal["correlation"] = "correlation"  # pyright: ignore[reportIncompatibleVariableOverride]

    def distance(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return super().distance(one - one.mean(axis=0), other - other.mean(axis=0))


class _Shares(Similarity):
    """Features as shares of a whole: each from its least value in the picture, their sum 1."""

    def prepared(self, features: np.ndarray) -> np.ndarray:
        above = features - np.minimum(features.min(axis=(1, 2), keepdims=True), 0)
        total = above.sum(axis=0)
        return np.where(total > _TINY, above / np.where(total > _TINY, total, 1), 1 / len(above))


class ChiSquared(_Shares):
    """Half the sum of (a - b)² / (a + b) of shares: 0 to 1; for histograms.

    Features below 0 are taken from their least value in the picture, then all add up to 1.
    """

    step: Literal["chi_squared"] = "chi_squared"

    def distance(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        total = one + other
        return 0.5 * ((one - other) ** 2 / np.where(total > 0, total, 1)).sum(axis=0)


class Intersection(_Shares):
    """1 - the sum of the smaller of each two shares: 0 to 1; for histograms, as `chi_squared`."""

    step: Literal["intersection"] = "intersection"

    def distance(self, one: np.ndarray, other: np.ndarray) -> np.ndarray:
        return np.maximum(0, 1 - np.minimum(one, other).sum(axis=0))


SIMILARITIES: Mapping[str, type[Similarity]] = {
    "euclidean": Euclidean,
    "mahalanobis": Mahalanobis,
    "cosine": Cosine,
    "correlation": Correlation,
    "chi_squared": ChiSquared,
    "intersection": Intersection,
}
