"""U-Net: a contracting path, an expanding path, and skips between them at every resolution.

Source: Ronneberger, Fischer and Brox 2015, "U-Net: convolutional networks for biomedical image
segmentation" (arXiv:1505.04597), figure 1. Written from the paper. Two changes: convolutions are
padded, so that the output is as large as the input, and batch normalisation is on by default.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from segwright.models.configs import UnetConfig
from segwright.models.encoders import TimmEncoder
from segwright.models.initialise import initialise_he, score_layer
from segwright.models.semantic_net import Encoder, SemanticNet

_PAPER_WIDTH, _PAPER_DEPTH = 64, 4
# over a ready encoder the decoder is the smaller part: 16 … 256 channels, as is usual there
_WIDTH_OVER_ENCODER = 16


def build_unet(*, num_classes: int, in_channels: int = 3, **settings: Any) -> SemanticNet:
    """Builds a U-Net.

    Args:
        num_classes: K, channels of the logits.
        in_channels: Channels of the image.
        **settings: See `UnetConfig`.

    Returns:
        A network with logits at full resolution.

    Raises:
        UsageError: A setting is unknown or cannot be used.
    """
    config = UnetConfig.of(settings, where="model 'unet'")
    encoder: Encoder
    if config.encoder is None:
        base_width = config.base_width or _PAPER_WIDTH
        depth = config.depth or _PAPER_DEPTH
        encoder = ContractingPath(in_channels, base_width, depth, batch_norm=config.batch_norm)
    else:
        base_width = config.base_width or _WIDTH_OVER_ENCODER
        encoder = TimmEncoder(
            config.encoder,
            in_channels=in_channels,
            deepest_stride=None if config.depth is None else 2**config.depth,
            pretrained=config.pretrained,
            pretrained_file=config.pretrained_file,
        )
    decoder = ExpandingPath(
        encoder.channels,
        encoder.strides,
        base_width,
        up=config.up,
        batch_norm=config.batch_norm,
        dropout=config.dropout,
    )
    return SemanticNet(encoder, decoder, score_layer(base_width, num_classes))


class ContractingPath(Encoder):
    """The paper's encoder: two 3×3 convolutions a level, 2×2 max pooling between levels."""

    def __init__(
        self, in_channels: int, base_width: int, depth: int, *, batch_norm: bool = True
    ) -> None:
        super().__init__()
        self.strides = tuple(2**level for level in range(depth + 1))
        self.channels = tuple(base_width * stride for stride in self.strides)
        self.levels = nn.ModuleList(
            double_convolution(before, width, batch_norm=batch_norm)
            for before, width in zip((in_channels, *self.channels), self.channels, strict=False)
        )
        initialise_he(self)

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        """Features of (B, C, Y, X), shallow to deep, each (B, width·s, Y/s, X/s)."""
        features: list[torch.Tensor] = []
        for level in self.levels:
            x = level(functional.max_pool2d(x, kernel_size=2) if features else x)
            features.append(x)
        return features


class ExpandingPath(nn.Module):
    """The paper's decoder, over any encoder.

    From the deepest level each step doubles the resolution, joins the encoder's features of that
    resolution where it has some, and convolves twice; at stride s there are `base_width` · s
    channels, at the end `base_width` at full resolution.

    Args:
        channels: Channels of the encoder's levels, shallow to deep.
        strides: Strides of the encoder's levels.
        base_width: Channels at full resolution.
        up: "transposed" or "bilinear".
        batch_norm: After every convolution.
        dropout: At the end of the contracting path, as in section 3.1 of the paper.
    """

    def __init__(
        self,
        channels: Sequence[int],
        strides: Sequence[int],
        base_width: int,
        *,
        up: str = "transposed",
        batch_norm: bool = True,
        dropout: float = 0.0,
    ) -> None:
        super().__init__()
        self.dropout = nn.Dropout(dropout)
        skip_channels = dict(zip(strides[:-1], channels[:-1], strict=True))
        self.ups, self.convolutions = nn.ModuleList(), nn.ModuleList()
        self._has_skip: list[bool] = []
        before, stride = channels[-1], strides[-1]
        while stride > 1:
            stride //= 2
            width, skip = base_width * stride, skip_channels.get(stride, 0)
            self.ups.append(_doubling(before, width, up))
            self.convolutions.append(double_convolution(width + skip, width, batch_norm=batch_norm))
            self._has_skip.append(skip > 0)
            before = width
        initialise_he(self)

    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        """Features at all strides -> (B, base_width, Y, X)."""
        *skips, deepest = features
        x = self.dropout(deepest)
        for up, convolve, has_skip in zip(self.ups, self.convolutions, self._has_skip, strict=True):
            x = up(x)
            x = convolve(torch.cat((skips.pop(), x), dim=1) if has_skip else x)
        return x


def double_convolution(in_channels: int, width: int, *, batch_norm: bool) -> nn.Sequential:
    """Twice: 3×3 convolution, batch normalisation at will, ReLU."""
    layers: list[nn.Module] = []
    for channels in (in_channels, width):
        layers.append(nn.Conv2d(channels, width, 3, padding=1, bias=not batch_norm))
        if batch_norm:
            layers.append(nn.BatchNorm2d(width))
        layers.append(nn.ReLU(inplace=True))
    return nn.Sequential(*layers)


def _doubling(in_channels: int, out_channels: int, up: str) -> nn.Module:
    if up == "transposed":
        return nn.ConvTranspose2d(in_channels, out_channels, kernel_size=2, stride=2)
    # a 1×1 convolution and an interpolation commute; this order is four times cheaper
    return nn.Sequential(
        nn.Conv2d(in_channels, out_channels, kernel_size=1),
        nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
    )
