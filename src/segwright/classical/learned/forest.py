"""A forest of decision trees over the features of pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar, Literal

from pydantic import Field

from segwright.classical.learned.pixels import PixelClassifier
from segwright.classical.learned.sampling import PixelSample
from segwright.classical.method import Arrays
from segwright.classical.trees import Forest as Trees
from segwright.packages import package


class Forest(PixelClassifier):
    """Trees that vote on every pixel, each grown from a part of the pixels and features.

    Source: Breiman, "Random forests", Machine Learning 45 (2001); Geurts, Ernst and Wehenkel,
    "Extremely randomized trees", Machine Learning 63 (2006), which are as good here and grown much
    sooner. Grown by scikit-learn (BSD-3-Clause), walked by our own code.
    """

    name: ClassVar[str] = "forest"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "balance": (0.5, 0.25, 0.75),
        "min_leaf": (5, 2, 20),
    }

    trees: int = Field(default=60, ge=1, le=1000, description="How many trees vote")
    kind: Literal["extra", "random"] = Field(
        default="extra",
        description="'extra': thresholds drawn at random, the best of them taken; 'random': the"
        " best threshold searched for, which takes several times as long",
    )
    depth: int = Field(default=24, ge=1, le=64, description="Most steps from root to leaf")
    min_leaf: int = Field(default=5, ge=1, le=10_000, description="Fewest pixels in a leaf")
    share: float = Field(
        default=0.35, gt=0, le=1, description="Share of the features that a node chooses from"
    )

    def _grown(self, sample: PixelSample, num_classes: int) -> Trees:
        ensemble = package("sklearn.ensemble", purpose="growing a forest")
        grow = {
            "extra": ensemble.ExtraTreesClassifier,
            "random": ensemble.RandomForestClassifier,
        }[self.kind]
        forest = grow(
            n_estimators=self.trees,
            max_depth=self.depth,
            min_samples_leaf=self.min_leaf,
            max_features=self.share,
            n_jobs=-1,
            random_state=self.random_state,
        )
        forest.fit(sample.values, sample.ids, sample_weight=sample.weights)
        return Trees.from_sklearn(forest, num_classes=num_classes)

    def _stored(self, arrays: Arrays) -> Trees:
        return Trees.of_arrays(arrays)
