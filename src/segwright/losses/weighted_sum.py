"""Several losses as one."""

from __future__ import annotations

from collections.abc import Mapping

from torch import Tensor, nn

from segwright.losses.pixel_loss import PixelLoss


class WeightedSum(nn.Module):
    """The sum of some losses, each multiplied by its weight.

    Args:
        losses: The losses by name.
        weights: One number per name.
    """

    def __init__(self, losses: Mapping[str, PixelLoss], weights: Mapping[str, float]) -> None:
        super().__init__()
        self.losses = nn.ModuleDict(losses)
        self.weights = {name: float(weights[name]) for name in losses}

    def terms(self, logits: Tensor, target: Tensor) -> dict[str, Tensor]:
        """Each loss times its weight, by name; they add up to what a call returns."""
        return {
            name: weight * self.losses[name](logits, target)
            for name, weight in self.weights.items()
        }

    def forward(self, logits: Tensor, target: Tensor) -> Tensor:
        """Returns the sum, a scalar; for shapes see `PixelLoss`."""
        total = logits.new_zeros(())
        for term in self.terms(logits, target).values():
            total = total + term
        return total
