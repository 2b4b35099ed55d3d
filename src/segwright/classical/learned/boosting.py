"""Gradient-boosted decision trees over the features of pixels."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, ClassVar

from pydantic import Field

from segwright.classical.learned.pixels import PixelClassifier
from segwright.classical.learned.sampling import PixelSample
from segwright.classical.method import Arrays
from segwright.classical.trees import Boosting as Trees
from segwright.packages import package


class Boosting(PixelClassifier):
    """Small trees, each of which corrects those before it.

    Source: Friedman, "Greedy function approximation: a gradient boosting machine", Annals of
    Statistics 29 (2001); on histograms as Ke et al., "LightGBM", NeurIPS 2017. Grown by
    scikit-learn (BSD-3-Clause), walked by our own code.
    """

    name: ClassVar[str] = "boosting"
    search: ClassVar[Mapping[str, Sequence[Any]]] = {
        "balance": (0.5, 0.25, 0.75),
        "leaves": (31, 63),
    }

    rounds: int = Field(
        default=100, ge=1, le=2000, description="Trees for each class (one for two classes)"
    )
    rate: float = Field(
        default=0.1, gt=0, le=1, description="How much of a correction each round makes"
    )
    leaves: int = Field(default=31, ge=2, le=1024, description="Most leaves of a tree")
    min_leaf: int = Field(default=20, ge=1, le=10_000, description="Fewest pixels in a leaf")

    def _grown(self, sample: PixelSample, num_classes: int) -> Trees:
        ensemble = package("sklearn.ensemble", purpose="boosting trees")
        if (sample.ids == sample.ids[0]).all():
            return Trees.of_one_class(int(sample.ids[0]), num_classes=num_classes)
        boosting = ensemble.HistGradientBoostingClassifier(
            max_iter=self.rounds,
            learning_rate=self.rate,
            max_leaf_nodes=self.leaves,
            min_samples_leaf=self.min_leaf,
            early_stopping=False,
            random_state=self.random_state,
        )
        boosting.fit(sample.values, sample.ids, sample_weight=sample.weights)
        return Trees.from_sklearn(boosting, num_classes=num_classes)

    def _stored(self, arrays: Arrays) -> Trees:
        return Trees.of_arrays(arrays)
