"""Focal loss: cross-entropy that cares less about what is already right."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn import functional

from segwright.errors import UsageError
from segwright.losses.pixel_loss import PixelLoss, divide


class FocalLoss(PixelLoss):
    """Mean of (1 - p) ** gamma * -log(p), with p the softmax probability of the true class.

    Lin et al., "Focal Loss for Dense Object Detection" (arXiv:1708.02002), equation 4, in softmax
    form; with one channel it is the paper's own. Normalised like cross-entropy, which it equals
    for gamma = 0.

    Args:
        num_classes: See `PixelLoss`.
        ignore_index: See `PixelLoss`.
        class_weights: See `PixelLoss`; the paper's alpha.
        gamma: How much well-classified pixels are discounted, 0 … 10; the paper's best is 2.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        ignore_index: int,
        class_weights: Tensor | None = None,
        gamma: float = 2.0,
    ) -> None:
        super().__init__(
            num_classes=num_classes, ignore_index=ignore_index, class_weights=class_weights
        )
        if not 0 <= gamma <= 10:
            raise UsageError(f"gamma is {gamma!r}; accepted is 0 … 10", where="gamma")
        self.gamma = gamma

    def compute(self, logits: Tensor, target: Tensor) -> Tensor:
        ids, valid = self.split_target(target)
        log_p = -functional.nll_loss(
            functional.log_softmax(logits, dim=1), ids, reduction="none"
        )  # (B, Y, X)
        # The floor keeps the slope of the power finite at p = 1 where gamma < 1.
        wrong = (-torch.expm1(log_p)).clamp_min(1e-12)
        weights = self.weights_like(logits)[ids] * valid
        total = (wrong**self.gamma * -log_p * weights).sum()
        return divide(*self.spread.sum(total, weights.sum()))
