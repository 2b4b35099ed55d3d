"""Regions between contours as people draw them."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any, ClassVar, Self

import numpy as np
from pydantic import Field, PrivateAttr

from segwright.classical.contours.detector import ContourDetector
from segwright.classical.contours.forest import ContourForest
from segwright.classical.contours.hierarchy import Hierarchy
from segwright.classical.method import Arrays, Finds, Method
from segwright.classical.planes import grey, planes
from segwright.classical.regions.colours import steepness
from segwright.errors import LabelError
from segwright.images.image import Image
from segwright.labels.components import components
from segwright.labels.label_map import LabelMap
from segwright.labels.ultrametric import UltrametricMap

_MOST_PX = 64_000_000  # of all images together, that are looked at while trees grow
_GAIN = 2  # half of the leaves around a pixel hardly ever show a contour in the same place
_SIDE_PX = 1_000  # of a window of a larger image


class LearnedContours(Method):
    """A forest that draws contours, and the regions between them joined across the weakest.

    Trained on labels, it learns the contours of their regions. `learn_contours` learns them from
    several people's divisions of the same images. Before it has learned, a contour is where the
    picture is steep.

    Source: Dollár and Zitnick 2015: Fast edge detection using structured forests; Arbeláez, Maire,
    Fowlkes, Malik 2011: Contour detection and hierarchical image segmentation.
    """

    name: ClassVar[str] = "contour_forest"
    finds: ClassVar[Finds] = "regions"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {"level": (0.1, 0.2, 0.3, 0.4, 0.5)}
    scale_param: ClassVar[str] = "level"
    scales: ClassVar[tuple[float, ...]] = tuple(np.arange(1, 33) / 33)

    level: float = Field(
        0.3, ge=0, le=1, description="How strong the contours are between regions: more for fewer"
    )
    trees: int = Field(8, ge=1, le=64, description="Trees that are grown")
    samples: int = Field(
        1_200_000,
        ge=100,
        le=100_000_000,
        description="Places in all images that are learned from; fewer in few or small ones",
    )
    random_state: int = Field(0, ge=0, description="Seed of everything random")

    _forest: ContourForest | None = PrivateAttr(None)

    def parts(self, image: Image) -> np.ndarray:
        return self.hierarchy(image).labels(self.level)

    def at_scales(self, image: Image) -> Iterator[np.ndarray]:
        found = self.hierarchy(image).nested(self.scales)
        return (found[scale] for scale in range(len(self.scales)))

    def contours(self, image: Image) -> np.ndarray:
        """(Y, X) float32, 0 … 1: how strong the contour is at each pixel of a picture."""
        if self._forest is None:
            return np.minimum(steepness(image, sigma_px=1.5) * np.float32(4), np.float32(1))
        found = ContourDetector(self._forest).contours(_colours(image))
        return np.minimum(found * np.float32(_GAIN), np.float32(1))

    def hierarchy(self, image: Image) -> UltrametricMap:
        """The regions of a picture at every level."""
        return Hierarchy().of(self.contours(image), _colours(image))

    def learn_contours(
        self, images: Sequence[Image], divisions: Sequence[Sequence[np.ndarray]]
    ) -> Self:
        """Learns from images that people divided into regions.

        Args:
            images: Pictures.
            divisions: For each, (Y, X) integer region labels of one or more people; below 0 where
                nothing is known.

        Raises:
            UsageError: There are no images.
            LabelError: A division has another size than its image.
        """
        each = max(1, self.samples // max(1, len(images)))
        self._forest = ContourDetector.learned(
            self._windows(images, divisions), each=each, trees=self.trees, seed=self.random_state
        ).forest
        return self

    def _learn(self, images: Sequence[Image], labels: Sequence[LabelMap] | None) -> None:
        if labels is not None:
            self.learn_contours(images, _Divisions(labels))

    def _windows(
        self, images: Sequence[Image], divisions: Sequence[Sequence[np.ndarray]]
    ) -> Iterator[tuple[np.ndarray, Sequence[np.ndarray]]]:
        """Images in random order, a window of large ones, until there are enough pixels."""
        rng = np.random.default_rng(self.random_state)
        left = _MOST_PX
        for index in rng.permutation(len(images)):
            colours, people = _colours(images[int(index)]), divisions[int(index)]
            if any(labels.shape != colours.shape[:2] for labels in people):
                raise LabelError(
                    f"divisions of shapes {[labels.shape for labels in people]} for an image of "
                    f"{colours.shape[:2]}; accepted is the image's shape"
                )
            y, x = (int(rng.integers(max(1, side - _SIDE_PX + 1))) for side in colours.shape[:2])
            window = np.s_[y : y + _SIDE_PX, x : x + _SIDE_PX]
            yield colours[window], [labels[window] for labels in people]
            left -= colours[window].shape[0] * colours[window].shape[1]
            if left < 0:
                return

    def _arrays(self) -> Arrays:
        return {} if self._forest is None else self._forest.arrays()

    def _restore(self, arrays: Arrays) -> None:
        if arrays:
            self._forest = ContourForest.of_arrays(arrays)


class _Divisions(Sequence[Sequence[np.ndarray]]):
    """The connected regions of label maps, worked out when they are asked for."""

    def __init__(self, labels: Sequence[LabelMap]) -> None:
        self._labels = labels

    def __len__(self) -> int:
        return len(self._labels)

    def __getitem__(self, index: Any) -> Any:
        labels = self._labels[index]
        ignored = labels.ids == labels.classes.ignore_index
        return [np.where(ignored, -1, components(labels.ids)[0])]


def _colours(image: Image) -> np.ndarray:
    """(Y, X, 3) float32 RGB, 0 … 1; grey for images with other channels."""
    if image.num_channels == 3:
        return planes(image)
    return np.repeat(grey(image)[..., None], 3, axis=2)
