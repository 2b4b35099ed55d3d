"""Stride to dilation: a finer output from the same weights.

A convolution with stride 2 is made dense (stride 1), and everything that follows it looks at
every second pixel of the denser map (dilation 2), as it did before. Where the old network had an
output the new one has the same value, and new values lie between them ("à trous"; Chen et al.
2015, "Semantic image segmentation with deep convolutional nets and fully connected CRFs", section
3.1). The numbers agree with torchvision's `replace_stride_with_dilation`.

It holds where a stage is a chain of blocks whose only strided parts are convolutions and 2×2
average pools: the ResNet family. Channel attention (SE, ECA) pools over the denser map, so there
the old values are kept only approximately.
"""

from __future__ import annotations

from collections.abc import Iterable

import torch
from torch import nn
from torch.nn import functional


def can_dilate(stages: Iterable[nn.Module]) -> bool:
    """Whether all these stages are made of plain ResNet blocks."""
    from timm.models.resnet import BasicBlock, Bottleneck

    blocks = [block for stage in stages for block in stage.children()]
    return bool(blocks) and all(
        type(block) in (BasicBlock, Bottleneck) and isinstance(block.aa, nn.Identity)
        for block in blocks
    )


def dilate(stages: Iterable[nn.Module]) -> None:
    """Makes consecutive stages dense, in place.

    Args:
        stages: For which `can_dilate` holds, in the order in which they run.
    """
    rate = 1
    for stage in stages:
        for block in stage.children():
            rate = _dilate_block(block, rate)


def _dilate_block(block: nn.Module, rate: int) -> int:
    """Makes one residual block dense; returns the rate for what follows it."""
    shortcut = getattr(block, "downsample", None)
    if isinstance(shortcut, nn.Module):
        _dilate_chain(shortcut, rate)
    return _dilate_chain(block, rate, skip=shortcut)


def _dilate_chain(chain: nn.Module, rate: int, *, skip: nn.Module | None = None) -> int:
    for name, part in list(chain.named_children()):
        if part is skip:
            continue
        if isinstance(part, nn.AvgPool2d):
            setattr(chain, name, DilatedMean(rate))
            rate *= 2
        elif isinstance(part, nn.Conv2d):
            height, width = part.kernel_size
            part.dilation = (rate, rate)
            part.padding = (rate * (height // 2), rate * (width // 2))
            rate *= part.stride[0]
            part.stride = (1, 1)
    return rate


class DilatedMean(nn.Module):
    """The mean of 2×2 pixels that lie `rate` apart; edges are repeated."""

    def __init__(self, rate: int) -> None:
        super().__init__()
        self.rate = rate

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """(B, C, Y, X) -> (B, C, Y, X)."""
        x = functional.pad(x, (0, self.rate, 0, self.rate), mode="replicate")
        rows = x[..., : -self.rate, :] + x[..., self.rate :, :]
        return (rows[..., : -self.rate] + rows[..., self.rate :]) / 4
