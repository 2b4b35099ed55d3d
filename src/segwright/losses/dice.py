"""Dice loss: twice the overlap over the sum of the two areas."""

from __future__ import annotations

from torch import Tensor

from segwright.losses.tversky import TverskyLoss


class DiceLoss(TverskyLoss):
    """1 - 2 TP / (2 TP + FP + FN), mean over the classes present: Tversky with 1/2 and 1/2.

    After Milletari et al., "V-Net" (arXiv:1606.04797), section 3, with plain instead of squared
    probabilities in the denominator, and one term per class.

    Args:
        num_classes: See `PixelLoss`.
        ignore_index: See `PixelLoss`.
        class_weights: See `PixelLoss`.
    """

    def __init__(
        self, *, num_classes: int, ignore_index: int, class_weights: Tensor | None = None
    ) -> None:
        super().__init__(
            num_classes=num_classes,
            ignore_index=ignore_index,
            class_weights=class_weights,
            false_positive=0.5,
            false_negative=0.5,
        )
