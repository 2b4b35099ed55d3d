"""What all losses share: the checks, the precision, the ignored pixels, the class weights."""

from __future__ import annotations

from abc import ABC, abstractmethod

import torch
from torch import Tensor, nn

from segwright.errors import UsageError
from segwright.losses.spread import Spread


class PixelLoss(nn.Module, ABC):
    """A loss between logits and a label map; subclasses say `compute`.

    Args:
        num_classes: Channels of the logits, at least 1; 1 stands for two classes (see the
            package's rules).
        ignore_index: The id of pixels that take no part.
        class_weights: (K,) finite, not negative, at least one above 0 ((2,) where num_classes is
            1); None for equal weights.

    Raises:
        UsageError: `num_classes` or `class_weights` do not fit, or, when called, the tensors.
    """

    class_weights: Tensor | None
    spread = Spread()
    """Where the batch lies; `build_loss` sets another."""

    def __init__(
        self, *, num_classes: int, ignore_index: int, class_weights: Tensor | None = None
    ) -> None:
        super().__init__()
        if num_classes < 1:
            raise UsageError(
                f"num_classes is {num_classes}; accepted is 1 or more", where="num_classes"
            )
        self.num_channels = num_classes
        self.num_classes = max(num_classes, 2)
        self.ignore_index = ignore_index
        if class_weights is not None:
            _check_weights(class_weights, self.num_classes)
            class_weights = class_weights.detach().clone()
        self.register_buffer("class_weights", class_weights, persistent=False)

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Returns the loss, a scalar of float32 (float64 where the logits are).

        Args:
            logits: (B, K, Y, X) of any float dtype.
            target: (B, Y, X) int64.
        """
        self._check(logits, target)
        with torch.autocast(logits.device.type, enabled=False):
            if logits.dtype in (torch.float16, torch.bfloat16):
                logits = logits.float()
            if self.num_channels == 1:
                logits = torch.cat((torch.zeros_like(logits), logits), dim=1)
            return self.compute(logits, target)

    @abstractmethod
    def compute(self, logits: Tensor, target: Tensor) -> Tensor:
        """The loss itself, on at least two channels of float32 or float64."""

    def split_target(self, target: Tensor) -> tuple[Tensor, Tensor]:
        """Ids with 0 where ignored, for indexing, and the mask of pixels that take part."""
        valid = target != self.ignore_index
        return torch.where(valid, target, 0), valid

    def weights_like(self, logits: Tensor) -> Tensor:
        """(K,) class weights, or ones, in the dtype of `logits`."""
        if self.class_weights is None:
            return logits.new_ones(self.num_classes)
        return self.class_weights.to(logits)

    def _check(self, logits: Tensor, target: Tensor) -> None:
        if logits.ndim != 4 or logits.shape[1] != self.num_channels:
            raise UsageError(
                f"logits have shape {tuple(logits.shape)}; accepted is "
                f"(B, {self.num_channels}, Y, X)"
            )
        expected = (logits.shape[0], *logits.shape[2:])
        if target.shape != expected or target.dtype != torch.int64:
            raise UsageError(
                f"target is {target.dtype} of shape {tuple(target.shape)}; accepted for these "
                f"logits is torch.int64 of shape {expected}",
                remedy="Resize the logits to the target first",
            )


def divide(total: Tensor, count: Tensor) -> Tensor:
    """`total / count`, where nothing counted means 0 (with its gradient graph), not NaN."""
    return total / torch.where(count > 0, count, 1)


def _check_weights(class_weights: Tensor, num_classes: int) -> None:
    usable = bool(
        torch.isfinite(class_weights).all() and (class_weights >= 0).all() and class_weights.any()
    )
    if class_weights.shape != (num_classes,) or not usable:
        raise UsageError(
            f"class_weights are {class_weights.tolist()}; accepted are {num_classes} finite "
            "numbers of at least 0, not all of them 0",
            where="class_weights",
        )
