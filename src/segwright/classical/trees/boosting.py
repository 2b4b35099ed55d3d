"""Trees whose answers are summed: gradient boosting."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Self

import numpy as np

from segwright.classical.trees.arrays import Trees
from segwright.errors import DataError

if TYPE_CHECKING:
    from sklearn.ensemble import HistGradientBoostingClassifier


@dataclass(frozen=True, eq=False)
class Boosting:
    """Gradient-boosted trees (Friedman 2001; on histograms as Ke et al. 2017).

    Attributes:
        trees: T trees of one value a leaf; `column` is the score that a tree adds to.
        baseline: (S,) float32, the scores before any tree.
        class_of: (K',) int32, rising: the classes that scores are of. S is K', or 1 if K' is 2:
            the score of the second against the first.
        num_classes: K, of the answer; classes without a score have probability 0.

    Raises:
        DataError: These contradict each other.
    """

    trees: Trees
    baseline: np.ndarray
    class_of: np.ndarray
    num_classes: int

    def __post_init__(self) -> None:
        scores, known = len(self.baseline), len(self.class_of)
        if self.baseline.dtype != np.float32 or not np.isfinite(self.baseline).all():
            raise DataError("the baseline of the boosting is not finite float32")
        if self.trees.value.shape[1] != 1 or self.trees.column.max() >= scores:
            raise DataError(f"the trees of the boosting do not add to {scores} scores")
        if not known or scores != (1 if known == 2 else known):
            raise DataError(f"the boosting has {scores} scores for {known} classes")
        ids = self.class_of
        if ids.dtype != np.int32 or ids[0] < 0 or ids[-1] >= self.num_classes:
            raise DataError(f"the boosting knows classes outside 0 … {self.num_classes - 1}")
        if (np.diff(ids) <= 0).any():
            raise DataError("the classes of the boosting do not rise")

    @classmethod
    def from_sklearn(cls, boosting: HistGradientBoostingClassifier, *, num_classes: int) -> Self:
        """Takes over a fitted booster of scikit-learn without categorical features.

        Args:
            boosting: Fitted to class ids as labels, 0 … K-1; some may not occur.
            num_classes: K.
        """
        rounds = boosting._predictors  # pyright: ignore[reportAttributeAccessIssue]
        trees = [
            _tree(predictor.nodes, column)
            for of_round in rounds
            for column, predictor in enumerate(of_round)
        ]
        return cls(
            Trees.joined(trees),
            np.ravel(boosting._baseline_prediction).astype(np.float32),
            np.asarray(boosting.classes_).astype(np.int32),
            num_classes,
        )

    @classmethod
    def of_one_class(cls, class_id: int, *, num_classes: int) -> Self:
        """What always says the same class, for labels in which there is but one."""
        leaf = np.full(1, -1)
        tree = Trees.of_tree(leaf, leaf, leaf, np.zeros(1), np.zeros((1, 1)))
        known = np.array([class_id], np.int32)
        return cls(tree, np.zeros(1, np.float32), known, num_classes)

    @property
    def num_features(self) -> int:
        """How many features the trees need at least."""
        return self.trees.num_features

    def predict(self, features: np.ndarray) -> np.ndarray:
        """The probability of each class: the softmax of the summed scores.

        Args:
            features: (F, N) float32, finite.

        Returns:
            (K, N) float32, 0 … 1; sums over K are 1 within rounding.

        Raises:
            UsageError: There are fewer features than the trees compare.
        """
        from segwright.classical.trees.walk import leaf_sums

        scores = leaf_sums(self.trees, features, len(self.baseline))
        scores += self.baseline[:, None]
        if len(self.class_of) == 2:
            scores = np.concatenate([np.zeros_like(scores), scores])
        scores -= scores.max(0)
        shares = np.exp(scores, out=scores)
        shares /= shares.sum(0)
        if len(self.class_of) == self.num_classes:
            return shares
        found = np.zeros((self.num_classes, features.shape[1]), np.float32)
        found[self.class_of] = shares
        return found

    def arrays(self) -> dict[str, np.ndarray]:
        """What is stored."""
        known = np.zeros(self.num_classes, np.uint8)
        known[self.class_of] = 1
        return {**self.trees.arrays(), "baseline": self.baseline, "known": known}

    @classmethod
    def of_arrays(cls, arrays: Mapping[str, np.ndarray]) -> Self:
        """Takes back what `arrays` gave; untrusted.

        Raises:
            DataError: They are not those of a booster.
        """
        for name in ("baseline", "known"):
            if name not in arrays or arrays[name].ndim != 1:
                raise DataError(f"the boosting has no row {name!r}")
        known = arrays["known"]
        class_of = np.flatnonzero(known).astype(np.int32)
        return cls(Trees.of_arrays(arrays), arrays["baseline"], class_of, len(known))


def _tree(nodes: np.ndarray, column: int) -> Trees:
    inner = nodes["is_leaf"] == 0
    return Trees.of_tree(
        np.where(inner, nodes["left"].astype(np.int64), -1),
        np.where(inner, nodes["right"].astype(np.int64), -1),
        nodes["feature_idx"].astype(np.int64),
        nodes["num_threshold"],
        nodes["value"][:, None],
        column=column,
    )
