"""Classifiers of pixels: what a forest and boosting have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Iterator, Mapping, Sequence
from typing import ClassVar, Protocol

import numpy as np
from pydantic import Field, PrivateAttr

from segwright.classical.learned.sampling import (
    PixelSample,
    in_scale,
    require_channels,
    sampled_pixels,
)
from segwright.classical.method import Arrays, Finds, Method
from segwright.classical.planes import require_picture
from segwright.errors import DataError
from segwright.features import FeatureStack
from segwright.images.image import Image
from segwright.labels.label_map import LabelMap
from segwright.result.result import Result

CHANNELS = "num_channels"

STACK = FeatureStack.of(
    [
        {"colour": ["rgb", "lab"]},
        {"gaussian": [0.7, 1.4, 2.8, 5.6]},
        "gradient",
        "hessian",
        {"structure": [0.7, 1.4, 2.8]},
    ]
)
"""Colour, brightness, edges, lines and texture at four scales, as interactive tools offer them."""


class Trained(Protocol):
    """Trees that give probabilities."""

    @property
    def num_classes(self) -> int: ...

    @property
    def num_features(self) -> int: ...

    def predict(self, features: np.ndarray) -> np.ndarray: ...

    def arrays(self) -> dict[str, np.ndarray]: ...


class PixelClassifier(Method):
    """Describes every pixel by features and asks trees for its class."""

    finds: ClassVar[Finds] = "classes"

    features: FeatureStack = Field(
        default=STACK,
        description="What a pixel is described by, like [colour, {gaussian: [1, 2, 4]}, hessian]",
    )
    samples: int = Field(
        default=100_000, ge=100, le=10_000_000, description="Pixels that are learned from, at most"
    )
    balance: float = Field(
        default=0.5,
        ge=0,
        le=1,
        description="0: a class counts as often as it occurs; 1: all classes count the same",
    )
    random_state: int = Field(default=0, ge=0, description="Seed of all that is drawn")

    _trained: Trained | None = PrivateAttr(None)
    _num_channels: int = PrivateAttr(0)

    @abstractmethod
    def _grown(self, sample: PixelSample, num_classes: int) -> Trained:
        """Learns from pixels."""

    @abstractmethod
    def _stored(self, arrays: Arrays) -> Trained:
        """Takes back what was stored of the trees; untrusted."""

    def parts(self, image: Image) -> np.ndarray:
        """(Y, X) the class of each pixel."""
        return self._classified(image, keep=False)[0]

    def scores(self, image: Image) -> np.ndarray:
        """(K, Y, X) float32 probabilities of a prepared image."""
        found = self._classified(image, keep=True)[2]
        assert found is not None
        return found

    def segment(self, image: Image, *, probabilities: bool = False) -> Result:
        """As every method; a large image is described and classified in bands."""
        require_picture(image)
        ids, sure, scores = self._classified(self.prepare.apply(image), keep=probabilities)
        return self._result(image, ids, sure, scores)

    def _classified(
        self, image: Image, *, keep: bool
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray | None]:
        """(Y, X) ids, (Y, X) float32 probability of them, and (K, Y, X) of all if they are kept."""
        classes = self.classes
        ids = np.empty(image.size_hw, classes.dtype)
        sure = np.empty(image.size_hw, np.float32)
        scores = np.empty((len(classes), *image.size_hw), np.float32) if keep else None
        for rows, found in self._bands(image):
            ids[rows] = found.argmax(0)
            sure[rows] = found.max(0)
            if scores is not None:
                scores[:, rows] = found
        return ids, sure, scores

    def _bands(self, image: Image) -> Iterator[tuple[slice, np.ndarray]]:
        """Rows and their (K, rows, X) float32 probabilities."""
        trained = self._trained
        if trained is None or self._fitted is None:
            raise self._unfitted()
        if trained.num_classes != len(self.classes):
            raise DataError(
                f"the trees know {trained.num_classes} classes, the segmenter {len(self.classes)}",
                where=f"method {self.name!r}",
                remedy="Restore its folder from a copy",
            )
        require_channels(image, self._num_channels)
        for rows, values in self.features.in_tiles(in_scale(image)):
            found = trained.predict(values.reshape(len(values), -1))
            yield rows, found.reshape(len(found), *values.shape[1:])

    def _learn(self, images: Sequence[Image], labels: Sequence[LabelMap] | None) -> None:
        assert labels is not None  # `fit` has seen to it
        sample = sampled_pixels(
            images,
            labels,
            self.features,
            most=self.samples,
            balance=self.balance,
            seed=self.random_state,
        )
        self._trained = self._grown(sample, len(labels[0].classes))
        self._num_channels = sample.num_channels

    def _arrays(self) -> Arrays:
        if self._trained is None:
            return {}
        return {**self._trained.arrays(), CHANNELS: np.array([self._num_channels], np.int32)}

    def _restore(self, arrays: Arrays) -> None:
        if not arrays:
            return
        self._num_channels = _one_number(arrays, CHANNELS)
        self._trained = self._stored(arrays)
        needed = len(self.features.names(self._num_channels))
        if self._trained.num_features > needed:
            raise DataError(f"the trees compare more than the {needed} features of a pixel")


def _one_number(arrays: Mapping[str, np.ndarray], name: str) -> int:
    """A whole number from 1 that is stored as an array.

    Raises:
        DataError: It is not there, or not one.
    """
    found = arrays.get(name)
    if found is None or found.shape != (1,) or found.dtype != np.int32 or found[0] < 1:
        raise DataError(f"{name!r} is not stored as one number from 1")
    return int(found[0])
