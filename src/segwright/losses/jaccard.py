"""Jaccard loss: overlap over union, the measure that results are judged by, made soft."""

from __future__ import annotations

from torch import Tensor

from segwright.losses.tversky import TverskyLoss


class JaccardLoss(TverskyLoss):
    """1 - TP / (TP + FP + FN), mean over the classes present: Tversky with 1 and 1.

    After Rahman and Wang, "Optimizing Intersection-Over-Union in Deep Neural Networks for Image
    Segmentation" (ISVC 2016), equations 3 to 5, with one term per class.

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
            false_positive=1.0,
            false_negative=1.0,
        )
