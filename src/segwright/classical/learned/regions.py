"""Regions read as classes: segment, describe, classify."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Self

import numpy as np
from pydantic import JsonValue

from segwright.classical.grid import on_grid
from segwright.classical.learned.sampling import in_scale, require_channels
from segwright.classical.reading import Divide, Scores
from segwright.classical.trees import Forest
from segwright.errors import DataError, UsageError
from segwright.features.regions import RegionFeatures
from segwright.images.image import Image
from segwright.labels.label_map import LabelMap
from segwright.packages import package

_KIND = "regions"
_MOST_REGIONS = 60_000
_TREES, _LEAST_IN_LEAF, _SHARE = 100, 2, 0.2
_BALANCE = 0.5


@dataclass(frozen=True, eq=False)
class RegionClassifier:
    """A forest that knows regions by their shape, colour, texture and neighbours.

    It is a `Reading` for methods that find regions, so that each of them can be trained.

    Attributes:
        features: What a region is described by.
        forest: What tells its class from that.
        num_channels: Of the images that were learned from.
    """

    features: RegionFeatures
    forest: Forest
    num_channels: int

    @classmethod
    def learned(cls, divide: Divide, images: Sequence[Image], labels: Sequence[LabelMap]) -> Self:
        """Learns from the regions of labelled images, one image at a time.

        A region counts for each class as much as it has pixels of it; classes count by the root of
        how much of the images they fill, so that rare ones are heard. Of many regions a part is
        learned from, drawn evenly from all images.

        Raises:
            UsageError: No pixel has a class.
            ImageError: Images differ in their number of channels.
        """
        features = RegionFeatures()
        num_classes = len(labels[0].classes)
        num_channels = images[0].num_channels
        tables, ids, weights = [], [], []
        for index in range(len(images)):
            image = images[index]
            require_channels(image, num_channels)
            regions = divide(image)
            counts = _class_counts(regions, on_grid(labels[index].ids, _size(regions)), num_classes)
            picked = _drawn(counts, max(1, _MOST_REGIONS // len(images)), index)
            row, of_class = np.nonzero(counts[picked])
            if len(row):
                tables.append(features.describe(regions, in_scale(image))[picked][row])
                ids.append(of_class)
                weights.append(counts[picked][row, of_class])
        if not ids:
            raise UsageError(
                "all pixels of the labels are ignored: there is nothing to learn from",
                remedy="Check which ids are ignored: segwright check DATA",
            )
        forest = _grown(np.concatenate(tables), np.concatenate(ids), np.concatenate(weights),
                        num_classes)  # fmt: skip
        return cls(features, forest, num_channels)

    @classmethod
    def stored(
        cls,
        settings: Mapping[str, JsonValue],
        arrays: Mapping[str, np.ndarray],
        *,
        num_classes: int,
    ) -> Self:
        """Reads `settings` and `arrays` back; untrusted.

        Raises:
            DataError: They do not fit each other, or the number of classes.
        """
        num_channels = settings.get("num_channels")
        given = settings.get("features")
        if type(num_channels) is not int or num_channels < 1 or not isinstance(given, dict):
            raise DataError("the classifier of regions has no features or no number of channels")
        features = RegionFeatures.of(given, where="the classifier of regions")
        forest = Forest.of_arrays(arrays)
        if forest.num_classes != num_classes:
            raise DataError(
                f"the classifier of regions knows {forest.num_classes} classes, not {num_classes}"
            )
        if forest.num_features > len(features.names(num_channels)):
            raise DataError("the classifier of regions compares more features than there are")
        return cls(features, forest, num_channels)

    def classes_of(
        self, image: Image, parts: np.ndarray
    ) -> tuple[np.ndarray, np.ndarray | None, Scores | None]:
        """The class of each pixel's region, how sure it is, and what makes all probabilities.

        Raises:
            ImageError: The image has another number of channels than those learned from.
        """
        require_channels(image, self.num_channels)
        table = self.features.describe(parts, in_scale(image))
        shares = self.forest.predict(table.T)
        return shares.argmax(0)[parts], shares.max(0)[parts], lambda: shares[:, parts]

    def settings(self) -> dict[str, JsonValue]:
        """What is stored as JSON."""
        return {
            "kind": _KIND,
            "num_channels": self.num_channels,
            "features": self.features.model_dump(mode="json"),
        }

    def arrays(self) -> Mapping[str, np.ndarray]:
        """What is stored as arrays."""
        return self.forest.arrays()


def _size(regions: np.ndarray) -> tuple[int, int]:
    return regions.shape[0], regions.shape[1]


def _class_counts(regions: np.ndarray, ids: np.ndarray, num_classes: int) -> np.ndarray:
    """(R, K) int64 labelled pixels of each region and class."""
    number = int(regions.max()) + 1
    known = ids < num_classes
    pairs = regions[known].astype(np.int64) * num_classes + ids[known]
    return np.bincount(pairs, minlength=number * num_classes).reshape(number, num_classes)


def _drawn(counts: np.ndarray, most: int, index: int) -> np.ndarray:
    """Numbers of at most so many regions that have labelled pixels; by the image's number alone."""
    labelled = np.flatnonzero(counts.any(1))
    if len(labelled) <= most:
        return labelled
    return np.sort(np.random.default_rng((0, index)).choice(labelled, most, replace=False))


def _grown(table: np.ndarray, ids: np.ndarray, pixels: np.ndarray, num_classes: int) -> Forest:
    ensemble = package("sklearn.ensemble", purpose="classifying regions")
    area_px = np.bincount(ids, pixels, num_classes)
    weights = pixels * (np.maximum(area_px, 1) ** -_BALANCE)[ids]
    forest = ensemble.ExtraTreesClassifier(
        n_estimators=_TREES,
        # A few large regions may be all there is: then each of them counts.
        min_samples_leaf=min(_LEAST_IN_LEAF, max(1, len(ids) // 20)),
        max_features=_SHARE,
        n_jobs=-1,
        random_state=0,
    )
    forest.fit(table, ids, sample_weight=weights / weights.mean())
    return Forest.from_sklearn(forest, num_classes=num_classes)
