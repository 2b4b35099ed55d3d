"""Losses by name."""

from __future__ import annotations

from collections.abc import Mapping
from math import isfinite

from torch import Tensor, nn

from segwright.errors import UnknownNameError, UsageError
from segwright.losses.cross_entropy import CrossEntropyLoss
from segwright.losses.dice import DiceLoss
from segwright.losses.focal import FocalLoss
from segwright.losses.jaccard import JaccardLoss
from segwright.losses.lovasz import LovaszLoss
from segwright.losses.pixel_loss import PixelLoss
from segwright.losses.sigmoid_cross_entropy import SigmoidCrossEntropyLoss
from segwright.losses.spread import Spread
from segwright.losses.tversky import TverskyLoss
from segwright.losses.weighted_sum import WeightedSum

LOSSES: dict[str, type[PixelLoss]] = {
    "cross_entropy": CrossEntropyLoss,
    "sigmoid_cross_entropy": SigmoidCrossEntropyLoss,
    "dice": DiceLoss,
    "jaccard": JaccardLoss,
    "focal": FocalLoss,
    "tversky": TverskyLoss,
    "lovasz": LovaszLoss,
}
_SMOOTHED = ("cross_entropy", "sigmoid_cross_entropy")


def build_loss(
    spec: str | Mapping[str, float],
    *,
    num_classes: int,
    ignore_index: int,
    class_weights: Tensor | None = None,
    label_smoothing: float = 0.0,
    spread: Spread | None = None,
) -> nn.Module:
    """Builds a loss, or a weighted sum of several.

    Args:
        spec: Names joined by "+" ("cross_entropy+dice", each with weight 1), or a weight above 0
            for each name. The names are those of `LOSSES`.
        num_classes: Channels of the logits; 1 stands for two classes.
        ignore_index: The id of pixels that take no part.
        class_weights: (K,) weights for all of the losses; None for equal ones.
        label_smoothing: 0 … 1, for those losses of the sum that define it (both cross-entropies).
        spread: Where the batch lies; None for all of it in one place.

    Returns:
        A module: logits (B, K, Y, X), target (B, Y, X) → scalar.

    Raises:
        UnknownNameError: A name that is not in `LOSSES`.
        UsageError: No name, a name twice, a weight that is not a finite number above 0, or label
            smoothing where no loss defines it.

    Example:
        >>> import torch
        >>> loss = build_loss("cross_entropy+jaccard", num_classes=2, ignore_index=255)
        >>> bool(loss(torch.zeros(1, 2, 4, 4), torch.full((1, 4, 4), 255)) == 0)
        True
    """
    weights = _parse(spec)
    smoothed = [name for name in weights if name in _SMOOTHED]
    if not 0 <= label_smoothing <= 1 or (label_smoothing and not smoothed):
        raise UsageError(
            f"label_smoothing is {label_smoothing!r} with the loss {'+'.join(weights)!r}; accepted "
            f"is 0 … 1, and only 0 without {' or '.join(_SMOOTHED)}",
            where="label_smoothing",
        )
    losses = {}
    for name in weights:
        extra = {"label_smoothing": label_smoothing} if name in smoothed else {}
        losses[name] = LOSSES[name](
            num_classes=num_classes,
            ignore_index=ignore_index,
            class_weights=class_weights,
            **extra,
        )
        losses[name].spread = spread or Spread()
    if list(weights.values()) == [1.0]:
        return next(iter(losses.values()))
    return WeightedSum(losses, weights)


def _parse(spec: str | Mapping[str, float]) -> dict[str, float]:
    """Weight of each loss by name."""
    if isinstance(spec, str):
        names = [name.strip() for name in spec.split("+")]
        if len(set(names)) < len(names):
            raise UsageError(
                f"the loss {spec!r} names one loss twice",
                where="loss",
                remedy='Give its weight instead, as in {"cross_entropy": 1.0, "dice": 2.0}',
            )
        weights = dict.fromkeys(names, 1.0)
    else:
        weights = {name: float(weight) for name, weight in spec.items()}
    if not weights:
        raise UsageError("the loss is empty", where="loss", remedy="Name at least one")
    for name, weight in weights.items():
        if name not in LOSSES:
            raise UnknownNameError("loss", name, LOSSES, where="loss")
        if not (isfinite(weight) and weight > 0):
            raise UsageError(
                f"the weight of {name!r} is {weight!r}; accepted is a finite number above 0",
                where="loss",
            )
    return weights
