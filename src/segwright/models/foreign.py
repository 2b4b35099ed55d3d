"""A network of the user's own, made to speak the house's output type."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn

from segwright.errors import UsageError
from segwright.models.output import SemanticOutput


class _Adapted(nn.Module):
    def __init__(self, module: nn.Module) -> None:
        super().__init__()
        self.module = module

    def forward(self, x: torch.Tensor) -> SemanticOutput:
        """Scores (B, C, Y, X) with the wrapped network."""
        return _as_output(self.module(x))


def adapt(module: nn.Module) -> nn.Module:
    """Wraps any network so that it can be trained, measured and saved like one of the catalogue.

    Args:
        module: Takes (B, C, Y, X) float and returns logits (B, K, Y/s, X/s) as a tensor, as a
            SemanticOutput, or as torchvision's mapping with "out" and, at will, "aux".

    Returns:
        A network returning SemanticOutput. It raises UsageError when it is called and the wrapped
        network has returned something else.

    Example:
        >>> net = adapt(nn.Conv2d(3, 5, kernel_size=1))
        >>> net(torch.zeros(1, 3, 8, 8)).logits.shape
        torch.Size([1, 5, 8, 8])
    """
    return _Adapted(module)


def _as_output(returned: object) -> SemanticOutput:
    if isinstance(returned, SemanticOutput):
        return returned
    if isinstance(returned, Mapping) and "out" in returned:
        side = returned.get("aux")
        return SemanticOutput(_as_logits(returned["out"]), () if side is None else (side,))
    return SemanticOutput(_as_logits(returned))


def _as_logits(returned: object) -> torch.Tensor:
    if isinstance(returned, torch.Tensor) and returned.ndim == 4:
        return returned
    given = (
        f"a tensor with {returned.ndim} axes"
        if isinstance(returned, torch.Tensor)
        else type(returned).__name__
    )
    raise UsageError(
        f"the network returned {given}; accepted are a tensor of logits (B, K, Y, X), a"
        " SemanticOutput, or a mapping with 'out'",
        where="adapt",
        remedy="Return the logits from the network's forward",
    )
