"""Lovász-softmax: the convex surrogate of the Jaccard index."""

from __future__ import annotations

import torch
from torch import Tensor

from segwright.losses.pixel_loss import PixelLoss, divide


class LovaszLoss(PixelLoss):
    """Lovász extension of the Jaccard loss, mean over the classes present in the batch.

    Berman et al., "The Lovász-Softmax loss" (arXiv:1705.08790), equations 8 and 9 and algorithm 1.

    Args:
        num_classes: See `PixelLoss`.
        ignore_index: See `PixelLoss`.
        class_weights: See `PixelLoss`.
    """

    def compute(self, logits: Tensor, target: Tensor) -> Tensor:
        _, valid = self.split_target(target)
        probabilities = torch.softmax(logits, dim=1)
        every_target, here = self.spread.gather(target.flatten())
        losses, present = [], []
        for class_id in range(self.num_classes):
            inside, every_inside = target == class_id, every_target == class_id
            # An ignored pixel has error 0: it is sorted last and adds nothing.
            errors = (inside.to(logits) - probabilities[:, class_id]).abs() * valid
            every_error, _ = self.spread.gather(errors.flatten())
            slopes = _jaccard_slopes(every_error, every_inside)[here]
            # Piecewise linear in the errors: value and gradient need no sort in the graph.
            losses.append(errors.flatten() @ slopes)
            present.append(every_inside.any())
        weights = self.weights_like(logits) * torch.stack(present)
        (total,) = self.spread.sum(torch.stack(losses))
        return divide((total * weights).sum(), weights.sum())


def _jaccard_slopes(errors: Tensor, inside: Tensor) -> Tensor:
    """Growth of the Jaccard loss as pixels become wrong in the order of their errors.

    Args:
        errors: (N,) how wrong each pixel is.
        inside: (N,) bool, whether it belongs to the class.

    Returns:
        (N,) the slope of each pixel, in the order given; all 0 where no pixel is inside.
    """
    order = errors.argsort(descending=True)
    hits = inside[order].to(errors)
    total = hits.sum()
    intersection = total - hits.cumsum(0)
    union = total + (1 - hits).cumsum(0)
    jaccard = 1 - intersection / union.clamp_min(1)
    growth = torch.diff(jaccard, prepend=jaccard.new_zeros(1))
    return torch.empty_like(growth).scatter_(0, order, growth * (total > 0))
