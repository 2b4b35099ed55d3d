"""Softmax cross-entropy: each pixel belongs to exactly one class."""

from __future__ import annotations

from torch import Tensor
from torch.nn import functional

from segwright.losses.pixel_loss import PixelLoss, divide


class CrossEntropyLoss(PixelLoss):
    """Mean negative log-probability of the true class.

    Label smoothing moves a share of each pixel's target to all classes evenly: Szegedy et al.,
    "Rethinking the Inception Architecture" (arXiv:1512.00567), section 7; with class weights as
    in `torch.nn.CrossEntropyLoss`.

    Args:
        num_classes: See `PixelLoss`.
        ignore_index: See `PixelLoss`.
        class_weights: See `PixelLoss`.
        label_smoothing: Share of the target spread over all classes, 0 … 1.
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
        weights = None if self.class_weights is None else self.weights_like(logits)
        # Not reduction="mean", which is 0 / 0 where all pixels are ignored.
        total = functional.cross_entropy(
            logits,
            target,
            weight=weights,
            ignore_index=self.ignore_index,
            reduction="sum",
            label_smoothing=self.label_smoothing,
        )
        ids, valid = self.split_target(target)
        count = valid if weights is None else weights[ids] * valid
        return divide(*self.spread.sum(total, count.sum().to(total.dtype)))
