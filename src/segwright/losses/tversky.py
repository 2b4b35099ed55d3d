"""Tversky loss, the family of Dice and Jaccard: overlap of soft prediction and target."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch import Tensor

from segwright.errors import UsageError
from segwright.losses.pixel_loss import PixelLoss, divide


class SoftCounts(NamedTuple):
    """Counts of the batch's valid pixels per class, with probabilities for hard decisions.

    Attributes:
        true_positive: (K,) sum of p_k over the pixels of class k.
        false_positive: (K,) sum of p_k over the pixels of other classes.
        false_negative: (K,) sum of 1 - p_k over the pixels of class k.
    """

    true_positive: Tensor
    false_positive: Tensor
    false_negative: Tensor


class TverskyLoss(PixelLoss):
    """1 - TP / (TP + false_positive * FP + false_negative * FN), mean over the classes present.

    Salehi et al., "Tversky loss function for image segmentation using 3D fully convolutional deep
    networks" (arXiv:1706.05721), equation 4. TP, FP and FN are sums over the whole batch. No
    smoothing constant is needed: only classes with pixels count, so no denominator is 0.

    Args:
        num_classes: See `PixelLoss`.
        ignore_index: See `PixelLoss`.
        class_weights: See `PixelLoss`.
        false_positive: Price of a false alarm, 0 or more; the paper's alpha and its best value.
        false_negative: Price of a miss, above 0; the paper's beta and its best value.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        ignore_index: int,
        class_weights: Tensor | None = None,
        false_positive: float = 0.3,
        false_negative: float = 0.7,
    ) -> None:
        super().__init__(
            num_classes=num_classes, ignore_index=ignore_index, class_weights=class_weights
        )
        if not (0 <= false_positive <= 100 and 0 < false_negative <= 100):
            raise UsageError(
                f"false_positive is {false_positive!r} and false_negative {false_negative!r}; "
                "accepted are 0 … 100, and above 0 for false_negative"
            )
        self.false_positive = false_positive
        self.false_negative = false_negative

    def compute(self, logits: Tensor, target: Tensor) -> Tensor:
        hit, alarm, miss = self.count(torch.softmax(logits, dim=1), target)
        present = hit + miss > 0
        union = hit + self.false_positive * alarm + self.false_negative * miss
        # An absent class must not divide by 0: its NaN would survive a weight of 0.
        loss = 1 - hit / torch.where(present, union, 1)
        weights = self.weights_like(logits) * present
        return divide((loss * weights).sum(), weights.sum())

    def count(self, probabilities: Tensor, target: Tensor) -> SoftCounts:
        """Soft counts of (B, K, Y, X) probabilities against the target."""
        ids, valid = self.split_target(target)
        num_images, num_classes = probabilities.shape[:2]
        true = (probabilities.gather(1, ids[:, None])[:, 0] * valid).flatten(1)  # (B, Y*X)
        ids, valid = ids.flatten(1), valid.to(true).flatten(1)
        # Per image first: one float32 sum over a large batch would stop growing at 2**24 pixels.
        zeros = true.new_zeros(num_images, num_classes)
        hit = zeros.scatter_add(1, ids, true)
        area = zeros.scatter_add(1, ids, valid)
        claimed = (probabilities.flatten(2) * valid[:, None]).sum(dim=2)
        here = hit.sum(0), (claimed - hit).sum(0), (area - hit).sum(0)
        return SoftCounts(*self.spread.sum(*here))
