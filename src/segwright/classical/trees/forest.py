"""Trees that vote: random forests and extremely randomised trees."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from segwright.classical.trees.arrays import Trees
from segwright.errors import DataError

if TYPE_CHECKING:
    from sklearn.ensemble import ExtraTreesClassifier, RandomForestClassifier


@dataclass(frozen=True, eq=False)
class Forest:
    """A forest of decision trees (Breiman 2001; Geurts, Ernst & Wehenkel 2006).

    Attributes:
        trees: T trees; the value of a leaf is the share of each class among what ended there in
            training, (L, K), 0 … 1.

    Raises:
        DataError: The values of the trees are no shares.
    """

    trees: Trees

    def __post_init__(self) -> None:
        shares = self.trees.value
        if self.trees.column.any() or shares.min() < 0 or np.abs(shares.sum(1) - 1).max() > 1e-3:
            raise DataError("the leaves of the forest do not hold shares of classes")

    @classmethod
    def from_sklearn(
        cls, forest: RandomForestClassifier | ExtraTreesClassifier, *, num_classes: int
    ) -> Self:
        """Takes over a fitted forest of scikit-learn.

        Args:
            forest: Fitted to class ids as labels, 0 … K-1; some may not occur.
            num_classes: K.
        """
        ids = np.asarray(forest.classes_, np.intp)
        trees = []
        for one in forest.estimators_:
            grown = one.tree_
            counts = np.zeros((grown.node_count, num_classes))
            counts[:, ids] = grown.value[:, 0, :]
            trees.append(
                Trees.of_tree(
                    grown.children_left,
                    grown.children_right,
                    grown.feature,
                    grown.threshold,
                    counts / counts.sum(1, keepdims=True),
                )
            )
        return cls(Trees.joined(trees))

    @property
    def num_classes(self) -> int:
        return self.trees.value.shape[1]

    @property
    def num_features(self) -> int:
        """How many features the trees need at least."""
        return self.trees.num_features

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The probability of each class: the mean of what the trees say.

        Args:
            features: (F, N) float32, finite.

        Returns:
            (K, N) float32, 0 … 1; sums over K are 1 within rounding.

        Raises:
            UsageError: There are fewer features than the trees compare.
        """
        from segwright.classical.trees.walk import leaf_sums

        shares = leaf_sums(self.trees, features, self.num_classes)
        shares *= np.float32(1 / len(self.trees.roots))
        return shares

    def arrays(self) -> dict[str, np.ndarray]:
        """What is stored."""
        return self.trees.arrays()

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Takes back what `arrays` gave; untrusted.

        Raises:
            DataError: They are not those of a forest.
        """
        return cls(Trees.of_arrays(arrays))
