"""What methods that find a known number of clusters share."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, ClassVar, Protocol

import numpy as np
from pydantic import Field, PrivateAttr

from segwright.classical.clustering.points import POSITION_MEANING, TEXTURE_MEANING, PixelPoints
from segwright.classical.method import Arrays, Finds, Method
from segwright.errors import DataError, ImageError
from segwright.images.image import Image
from segwright.labels.label_map import LabelMap


class Model(Protocol):
    """Where the clusters lie."""

    def __len__(self) -> int:
        """The number of clusters."""
        ...

    def assign(self, points: np.ndarray) -> np.ndarray:
        """(n,) uint8 clusters of points (F, n) float32."""
        ...

    def arrays(self) -> dict[str, np.ndarray]:
        """What `Clusters._stored` reads back."""
        ...


@dataclass(frozen=True)
class _Learned:
    """Clusters of a set of images, with the space they lie in."""

    model: Model
    points: PixelPoints
    num_channels: int


class Clusters(Method):
    """A method that gathers the pixels of an image in a known number of clusters.

    Each image has clusters of its own until the method is fitted; then all images share those that
    were learned from a sample of the pixels of all images. Parameters of a fitted method count when
    it is fitted again, as in scikit-learn. Clusters are numbered from dark to bright.

    Subclasses define `_model_of` and `_stored`.
    """

    finds: ClassVar[Finds] = "clusters"

    clusters: int = Field(4, ge=2, le=256, description="Number of clusters; 2 to 256")
    texture: float = Field(0.0, ge=0, le=100, description=TEXTURE_MEANING)
    position: float = Field(0.0, ge=0, le=100, description=POSITION_MEANING)
    sample_px: int = Field(
        65536,
        ge=256,
        le=10_000_000,
        description="Pixels that clusters are learned from, drawn at random; 256 to 10 million",
    )
    random_state: int = Field(0, ge=0, description="Seed of what is drawn at random; 0 or more")

    _learned: _Learned | None = PrivateAttr(None)

    @abstractmethod
    def _model_of(self, points: np.ndarray, rng: np.random.Generator) -> Model:
        """Clusters of points (F, n) float32."""
        raise NotImplementedError

    @abstractmethod
    def _stored(self, arrays: Arrays, size: int) -> Model:
        """Reads `Model.arrays` back; raises DataError, KeyError or ValueError where it cannot."""
        raise NotImplementedError

    @property
    def part_names(self) -> tuple[str, ...]:
        count = self.clusters if self._learned is None else len(self._learned.model)
        return tuple(f"cluster {one + 1}" for one in range(count))

    def parts(self, image: Image) -> np.ndarray:
        learned = self._learned_for(image)
        found = np.empty(image.size_hw, np.uint8)
        for rows, points in learned.points.bands(image):
            flat = points.reshape(len(points), -1)
            found[rows] = learned.model.assign(flat).reshape(points.shape[1:])
        return found

    def _learn(self, images: Sequence[Image], labels: Sequence[LabelMap] | None) -> None:
        self._learned = self._learned_of(images, max(64, self.sample_px // len(images)))

    def _learned_for(self, image: Image) -> _Learned:
        """The clusters that an image is divided by: those learned, else its own."""
        learned = self._learned or self._learned_of([image], self.sample_px)
        if image.num_channels != learned.num_channels:
            raise ImageError(
                f"the image has {image.num_channels} channels; the clusters were learned from "
                f"images with {learned.num_channels}",
                where=image.source,
                remedy="Give images of the same kind, or fit the method to these",
            )
        return learned

    def _learned_of(self, images: Sequence[Image], sample_px: int) -> _Learned:
        """Clusters of `sample_px` pixels of each image."""
        rng = np.random.default_rng(self.random_state)
        points = PixelPoints(self.texture, self.position)
        samples: list[np.ndarray] = []
        num_channels = 0
        for image in images:
            num_channels = num_channels or image.num_channels
            if image.num_channels != num_channels:
                raise ImageError(
                    f"the image has {image.num_channels} channels, those before it {num_channels}; "
                    "accepted are images of one kind",
                    where=image.source,
                    remedy="Bring them to the same channels first: prepare [{channels: grey}]",
                )
            samples.append(points.sample(image, sample_px, rng))
        model = self._model_of(np.concatenate(samples, axis=1), rng)
        return _Learned(model, points, num_channels)

    def _arrays(self) -> Arrays:
        if self._learned is None:
            return {}
        points = self._learned.points
        return {
            "space": np.array([self._learned.num_channels, points.texture, points.position]),
            **self._learned.model.arrays(),
        }

    def _restore(self, arrays: Arrays) -> None:
        if not arrays:
            self._learned = None
            return
        try:
            self._learned = self._read_back(arrays)
        except (KeyError, ValueError, TypeError) as error:
            raise DataError(f"the clusters cannot be read back ({error})") from error

    def _read_back(self, arrays: Mapping[str, Any]) -> _Learned:
        num_channels, texture, position = map(float, arrays["space"])
        if not (1 <= num_channels <= 65535 and 0 <= texture <= 100 and 0 <= position <= 100):
            raise ValueError("their space is out of range")
        points = PixelPoints(texture, position)
        size = points.size(int(num_channels))
        return _Learned(self._stored(arrays, size), points, int(num_channels))


def checked(array: np.ndarray, shape: tuple[int | None, ...]) -> np.ndarray:
    """A stored array of finite numbers with the shape expected; None is any length to 256.

    Raises:
        ValueError: It is something else.
    """
    fits = array.ndim == len(shape) and array.dtype.kind == "f"
    if not fits or any(
        not 1 <= got <= 256 if want is None else got != want
        for got, want in zip(array.shape, shape, strict=True)
    ):
        raise ValueError(f"{array.dtype} of shape {array.shape}")
    if not np.isfinite(array).all():
        raise ValueError("values that are not finite")
    return array
