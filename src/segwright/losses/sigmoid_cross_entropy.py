"""Sigmoid cross-entropy: one question per class, asked of every pixel."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from segwright.losses.pixel_loss import PixelLoss, divide


class SigmoidCrossEntropyLoss(PixelLoss):
    """Mean over pixels and classes of the binary cross-entropy of "is this class k?".

    With K channels the true class is to be answered yes and each other one no, independently
    (one-vs-rest), as in the classification branch of Lin et al., "Focal Loss" (arXiv:1708.02002).
    With one channel this is binary cross-entropy, which equals the softmax form. Class weights
    multiply the terms of a class's channel (with one channel: those of a class's pixels).

    Args:
        num_classes: See `PixelLoss`.
        ignore_index: See `PixelLoss`.
        class_weights: See `PixelLoss`.
        label_smoothing: 0 … 1; yes becomes 1 - s/2 and no becomes s/2.
    """

    def __init__(
        self,
        *,
        num_classes: int,
        ignore_index: int,
        class_weights: Tensor | None = None,
        label_smoothing: float = 0.0,
    ) -> None:
        super().__init__(
            num_classes=num_classes, ignore_index=ignore_index, class_weights=class_weights
        )
        self.label_smoothing = label_smoothing

    def compute(self, logits: Tensor, target: Tensor) -> Tensor:
        ids, valid = self.split_target(target)
        if self.num_channels == 1:
            return self._binary(logits[:, 1], ids, valid)
        # The cross-entropy of logit x with answer y is softplus(x) - x * y; y is 1 in one channel
        # only, so no one-hot target is needed.
        smoothing = self.label_smoothing
        weights = self.weights_like(logits)
        terms = functional.softplus(logits)
        if smoothing:
            terms = terms - smoothing / 2 * logits
        rest = (terms * weights[:, None, None]).sum(dim=1)  # (B, Y, X)
        true = logits.gather(1, ids[:, None])[:, 0] * weights[ids]
        total = ((rest - (1 - smoothing) * true) * valid).sum()
        count = (valid.sum() * weights.sum()).to(total.dtype)
        return divide(*self.spread.sum(total, count))

    def _binary(self, log_odds: Tensor, ids: Tensor, valid: Tensor) -> Tensor:
        answers = ids * (1 - self.label_smoothing) + self.label_smoothing / 2
        terms = functional.softplus(log_odds) - log_odds * answers
        weights = self.weights_like(log_odds)[ids] * valid
        return divide(*self.spread.sum((terms * weights).sum(), weights.sum()))
