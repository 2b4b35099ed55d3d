"""How well two ways to cut an image into regions agree, whatever the regions are called.

Sources: adapted Rand error: Arganda-Carreras et al., "Crowdsourcing the creation of image
segmentation algorithms for connectomics", Frontiers in Neuroanatomy 9:142 (2015). Variation of
information: Meilă, "Comparing clusterings", Journal of Multivariate Analysis 98 (2007).
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segwright.errors import LabelError


@dataclass(frozen=True, eq=False)
class Contingency:
    """How many pixels each pair of a true and a predicted region shares; pairs without are absent.

    Attributes:
        joint: (P,) float64 judged pixels of each pair that occurs.
        truth: (A,) float64 judged pixels of each true region.
        predicted: (B,) float64 judged pixels of each predicted region.
    """

    joint: np.ndarray
    truth: np.ndarray
    predicted: np.ndarray

    @classmethod
    def of(
        cls, truth: np.ndarray, predicted: np.ndarray, judged: np.ndarray | None = None
    ) -> Contingency | None:
        """Counts two region maps.

        Args:
            truth: (Y, X) integer number of the true region of each pixel.
            predicted: (Y, X) integer number of the predicted region.
            judged: (Y, X) bool, the pixels that count; None for all.

        Returns:
            None where no pixel counts.

        Raises:
            LabelError: The maps differ in shape.
        """
        if truth.shape != predicted.shape:
            raise LabelError(
                f"truth has shape {truth.shape} but the prediction {predicted.shape}; accepted is "
                "the same for both"
            )
        if judged is not None:
            truth, predicted = truth[judged], predicted[judged]
        if truth.size == 0:
            return None
        _, a = np.unique(truth.ravel(), return_inverse=True)
        _, b = np.unique(predicted.ravel(), return_inverse=True)
        width = int(b.max()) + 1
        _, joint = np.unique(a.astype(np.int64) * width + b, return_counts=True)
        return cls(*(n.astype(np.float64) for n in (joint, np.bincount(a), np.bincount(b))))

    def adapted_rand_error(self) -> float:
        """1 - F score of pairs of different pixels that lie in one region: 0 (equal) … 1.

        Customarily only pixels count that are foreground in the truth.
        """
        both, true, said = map(_pairs, (self.joint, self.truth, self.predicted))
        return 1 - 2 * both / (true + said) if true + said else 0.0

    def variation_of_information(self) -> tuple[float, float]:
        """Bits that are needed to know one cut from the other; (0, 0) where they are equal.

        Returns:
            What false splits cost: entropy of the prediction where the truth is known; and what
            false merges cost: entropy of the truth where the prediction is known.
        """
        joint = _entropy(self.joint)
        # Rounding may leave -1e-16.
        return max(0.0, joint - _entropy(self.truth)), max(0.0, joint - _entropy(self.predicted))


def _pairs(pixels: np.ndarray) -> float:
    """Twice the pairs of different pixels that lie in one region."""
    return float(np.sum(pixels * (pixels - 1)))


def _entropy(pixels: np.ndarray) -> float:
    shares = pixels / pixels.sum()
    return float(-np.sum(shares * np.log2(shares)))
