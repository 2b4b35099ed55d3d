"""What networks return: one typed raw output per family, in training and in use alike."""

from __future__ import annotations

from typing import NamedTuple

import torch
from torch.nn import functional


class SemanticOutput(NamedTuple):
    """Raw output of a semantic network.

    Attributes:
        logits: (B, K, Y/s, X/s) unnormalised class scores at the network's own output stride s.
        auxiliary: Logits of side heads, strongest supervision first; empty for most networks.
    """

    logits: torch.Tensor
    auxiliary: tuple[torch.Tensor, ...] = ()


def resize_logits(logits: torch.Tensor, size_hw: tuple[int, int]) -> torch.Tensor:
    """Bilinear resize of (B, K, y, x) logits to `size_hw`; the same tensor if already there."""
    if logits.shape[-2:] == size_hw:
        return logits
    return functional.interpolate(logits, size=size_hw, mode="bilinear", align_corners=False)
