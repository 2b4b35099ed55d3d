"""The exponential moving average of the weights: smoother, and better on unseen images."""

from __future__ import annotations

import torch
from torch import nn


class WeightAverage:
    """A running mean of a network's weights and normalisation statistics.

    The decay rises from 0 with the step, (1 + n) / (10 + n), up to its setting, so that a short
    run is not averaged with its random start (as in TensorFlow's ExponentialMovingAverage).

    Args:
        network: Followed in place; its copy keeps the same layout.
        decay: Share of the old mean kept at each step; 0 follows the weights exactly.
    """

    def __init__(self, network: nn.Module, decay: float) -> None:
        self._decay = decay
        self._current = _floating(network)
        self.mean = {name: tensor.clone() for name, tensor in self._current.items()}

    @torch.no_grad()
    def update(self, step: int) -> None:
        """Takes in the weights after step number `step` (from 1)."""
        decay = min(self._decay, (1 + step) / (10 + step)) if self._decay else 0.0
        # One call for all tensors, as torch's own averaging does; its stubs leave the name out.
        torch._foreach_lerp_(  # pyright: ignore[reportPrivateImportUsage]
            list(self.mean.values()), list(self._current.values()), 1.0 - decay
        )

    @torch.no_grad()
    def follow(self) -> None:
        """Starts anew from the weights as they are now."""
        for name, tensor in self.mean.items():
            tensor.copy_(self._current[name])

    @torch.no_grad()
    def copy_to(self, network: nn.Module) -> None:
        """Writes the mean into `network`."""
        for name, tensor in _floating(network).items():
            tensor.copy_(self.mean[name])

    @torch.no_grad()
    def restore(self, tensors: dict[str, torch.Tensor]) -> None:
        """Takes over a mean that was kept."""
        for name, tensor in self.mean.items():
            tensor.copy_(tensors[name])


def _floating(network: nn.Module) -> dict[str, torch.Tensor]:
    state = {**dict(network.named_parameters()), **dict(network.named_buffers())}
    return {name: tensor.detach() for name, tensor in state.items() if tensor.is_floating_point()}
