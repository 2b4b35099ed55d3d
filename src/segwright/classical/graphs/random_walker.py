"""The random walker, with seeds that it finds itself."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

import numpy as np
from pydantic import Field, PrivateAttr

from segwright.classical.clustering.gaussian_mixture import GaussianMixture
from segwright.classical.method import Arrays, Finds, Method
from segwright.classical.planes import grey
from segwright.classical.regions.colours import colours
from segwright.classical.thresholds.levels import histogram
from segwright.classical.thresholds.otsu import otsu_thresholds
from segwright.images.image import Image
from segwright.labels.label_map import LabelMap

_LEAST_WEIGHT = 1e-6  # so that every pixel is connected with some seed
_TOLERANCE = 1e-4


class RandomWalker(Method):
    """Gives doubtful pixels the cluster that a random walk from them comes to first.

    A first division, by brightness or by colour, is trusted where it is sure: those pixels are
    seeds. From the others a walk steps to a 4-neighbour, the less likely the more the colours
    differ; the cluster whose seeds it most likely meets first has the pixel.

    Source: Grady 2006: Random walks for image segmentation.
    """

    name: ClassVar[str] = "random_walker"
    finds: ClassVar[Finds] = "clusters"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "clusters": (2, 3, 4, 8),
        "seeds": ("brightness", "colour"),
        "sure": (0.5, 0.8, 0.9),
    }

    clusters: int = Field(2, ge=2, le=16, description="Number of clusters; 2 to 16")
    seeds: Literal["brightness", "colour"] = Field(
        "brightness",
        description="What divides first. brightness: Otsu's levels of each image, numbered from"
        " dark to bright; colour: a Gaussian mixture, shared by all images once it is fitted",
    )
    sure: float = Field(
        0.8,
        gt=0,
        le=1,
        description="Share of each cluster that becomes seeds: those furthest from the threshold,"
        " or the most likely ones",
    )
    beta: float = Field(
        90.0,
        ge=0,
        le=1e6,
        description="How much edges stop the walk: a step across the strongest edge of the image is"
        " exp(-beta) as likely as one without",
    )
    random_state: int = Field(0, ge=0, description="Seed of the mixture's sample; 0 or more")

    _mixture: GaussianMixture | None = PrivateAttr(None)

    @property
    def part_names(self) -> tuple[str, ...]:
        return tuple(f"cluster {one + 1}" for one in range(self.clusters))

    def parts(self, image: Image) -> np.ndarray:
        first, margin = self._by_brightness(image)
        if self.seeds == "colour":
            first, margin = self._by_colour(image)
        seeds = np.where(self._is_sure(first, margin), first, np.int32(-1))
        chances = walked(edge_weights(colours(image), self.beta), seeds, labels=self.clusters)
        return chances.argmax(0).astype(np.uint8)

    def _by_brightness(self, image: Image) -> tuple[np.ndarray, np.ndarray]:
        """(Y, X) int32 levels, and how far each pixel is from the next threshold."""
        values = grey(image)
        found = np.zeros(image.size_hw, np.int32)
        if values.min() == values.max():
            return found, np.ones(image.size_hw, np.float32)
        margin = np.full(image.size_hw, np.inf, np.float32)
        for bound in otsu_thresholds(*histogram(values), levels=self.clusters):
            found += values > np.float32(bound)
            np.minimum(margin, np.abs(values - np.float32(bound)), out=margin)
        return found, margin

    def _by_colour(self, image: Image) -> tuple[np.ndarray, np.ndarray]:
        """(Y, X) int32 clusters, and how much likelier each is than the next."""
        mixture = self._mixture or self._new_mixture()
        ordered = mixture.log_densities(image)
        found = ordered.argmax(0).astype(np.int32)
        ordered.sort(axis=0)
        return found, ordered[-1] - ordered[-2]

    def _is_sure(self, first: np.ndarray, margin: np.ndarray) -> np.ndarray:
        """(Y, X) bool: the pixels that are the `sure` share of their cluster."""
        found = np.zeros(first.shape, bool)
        for cluster in range(self.clusters):
            own = first == cluster
            if own.any():
                found |= own & (margin >= np.quantile(margin[own], 1 - self.sure))
        return found

    def _new_mixture(self) -> GaussianMixture:
        shared: dict[str, Any] = self.model_dump(include={"clusters", "random_state"})
        return GaussianMixture(**shared)

    def _learn(self, images: Sequence[Image], labels: Sequence[LabelMap] | None) -> None:
        self._mixture = self._new_mixture().fit(images) if self.seeds == "colour" else None

    def _arrays(self) -> Arrays:
        return {} if self._mixture is None else self._mixture._arrays()

    def _restore(self, arrays: Arrays) -> None:
        self._mixture = self._new_mixture() if arrays else None
        if self._mixture is not None:
            self._mixture._restore(arrays)


def edge_weights(pixels: np.ndarray, beta: float) -> np.ndarray:
    """How easily a walk steps to the pixels right and below: exp(-beta d² / max d²).

    Args:
        pixels: (Y, X, C) float32 colours, of which d is the distance.
        beta: ≥ 0.

    Returns:
        (Y, X, 2) float64; 0 outside.
    """
    apart = np.zeros((*pixels.shape[:2], 2))
    for direction, steps in enumerate((np.diff(pixels, axis=1), np.diff(pixels, axis=0))):
        height, width = steps.shape[:2]
        apart[:height, :width, direction] = np.einsum("yxc,yxc->yx", steps, steps)
    weights = np.exp(apart * (-beta / (apart.max() or 1.0))) + _LEAST_WEIGHT
    weights[:, -1, 0] = 0
    weights[-1, :, 1] = 0
    return weights


def walked(weights: np.ndarray, seeds: np.ndarray, *, labels: int) -> np.ndarray:
    """How likely a walk from each pixel comes to the seeds of each label first.

    Args:
        weights: (Y, X, 2) float64 > 0, of the edges right and below; 0 outside.
        seeds: (Y, X) int32, labels of seeds, and -1; at least one seed.
        labels: How many there are, K; those without seeds are never come to.

    Returns:
        (K, Y, X) float32, sum 1.
    """
    from segwright.classical.graphs.walking_kernels import walk
    from segwright.kernels import in_shares

    numbers, places = np.unique(seeds[seeds >= 0], return_inverse=True)
    dense = np.full(seeds.shape, -1, np.int32)
    dense[seeds >= 0] = places
    chances = np.empty((len(numbers), *seeds.shape), np.float32)
    in_shares(walk, len(numbers) - 1, weights, dense, _TOLERANCE, chances)
    np.clip(chances, 0, 1, out=chances)
    chances[-1] = np.clip(1 - chances[:-1].sum(0), 0, 1)  # the rest needs no solving
    found = np.zeros((labels, *seeds.shape), np.float32)
    found[numbers] = chances / chances.sum(0)
    return found
