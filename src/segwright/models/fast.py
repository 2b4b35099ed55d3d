"""`fast`: a compact semantic network for CPUs and real time, from scratch.

Ours, designed by measurement (benchmarks/fast_layout.py). On CPUs a dense 3×3 convolution at 1/8 or
1/16 of the resolution runs near the peak of the arithmetic units, in training too, while
depthwise convolutions and anything at full resolution wait for memory. So the picture is folded
to 1/4 by two strided steps with few channels, nearly all work is dense 3×3 at 1/8 and 1/16 with
some dilation for context, and one convolution a level leads back to 1/4.

Parts follow known nets: residual blocks (He et al. 2016, CVPR), dilation (Yu and Koltun 2016,
ICLR), global context by pooling (Liu et al. 2015, "ParseNet"), lateral 1×1 and top-down sum (Lin
et al. 2017, CVPR, feature pyramid).
"""

from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from segwright.models.output import SemanticOutput

# Dilations of the blocks of a stage, repeated as often as the stage is deep.
_DILATIONS_8 = (1, 2)
_DILATIONS_16 = (1, 2, 4)


class ConvNormAct(nn.Sequential):
    """k×k convolution, batch norm, ReLU; (B, C, Y, X) → (B, C', Y/stride, X/stride)."""

    def __init__(self, inputs: int, outputs: int, *, kernel: int = 3, stride: int = 1) -> None:
        super().__init__(
            nn.Conv2d(inputs, outputs, kernel, stride, kernel // 2, bias=False),
            nn.BatchNorm2d(outputs),
            nn.ReLU(inplace=True),
        )


class Block(nn.Module):
    """x + ReLU(norm(dilated 3×3 convolution of x)), shape kept."""

    def __init__(self, width: int, dilation: int) -> None:
        super().__init__()
        self.conv = nn.Conv2d(width, width, 3, 1, dilation, dilation, bias=False)
        self.norm = nn.BatchNorm2d(width)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x + functional.relu(self.norm(self.conv(x)))


class GlobalContext(nn.Module):
    """Adds to every place what the whole picture says: pool, two 1×1 layers, sum."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.squeeze = nn.Conv2d(width, width, 1)
        self.excite = nn.Conv2d(width, width, 1)

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        pooled = x.mean(dim=(2, 3), keepdim=True)
        return x + self.excite(functional.relu(self.squeeze(pooled)))


class Fast(nn.Module):
    """The whole net; logits come at 1/4 of the resolution.

    Args:
        num_classes: K.
        in_channels: C of the images.
        widths: Channels at 1/4, 1/8 and 1/16.
        depths: Residual blocks at 1/4, 1/8 and 1/16.
        dropout: Share of channels dropped before the last layer.
    """

    def __init__(
        self,
        num_classes: int,
        in_channels: int,
        *,
        widths: tuple[int, int, int],
        depths: tuple[int, int, int],
        dropout: float,
    ) -> None:
        super().__init__()
        self.size_multiple = 16
        w4, w8, w16 = widths
        self.stem = nn.Sequential(
            nn.PixelUnshuffle(2),
            ConvNormAct(4 * in_channels, max(8, w4 // 2), stride=2),
            ConvNormAct(max(8, w4 // 2), w4),
        )
        self.stage4 = _stage(w4, depths[0], (1,))
        self.down8 = ConvNormAct(w4, w8, stride=2)
        self.stage8 = _stage(w8, depths[1], _DILATIONS_8)
        self.down16 = ConvNormAct(w8, w16, stride=2)
        self.stage16 = _stage(w16, depths[2], _DILATIONS_16)
        self.context = GlobalContext(w16)
        self.lateral16 = nn.Conv2d(w16, w8, 1, bias=False)
        self.fuse8 = ConvNormAct(w8, w8)
        self.lateral8 = nn.Conv2d(w8, w4, 1, bias=False)
        self.fuse4 = ConvNormAct(w4, w4)
        self.dropout = nn.Dropout2d(dropout)
        self.head = nn.Conv2d(w4, num_classes, 1)
        _initialise(self)

    def forward(self, images: torch.Tensor) -> SemanticOutput:
        """(B, C, Y, X) float, any size → logits (B, K, ⌈Y/4⌉, ⌈X/4⌉)."""
        x4 = self.stage4(self.stem(_padded(images)))
        x8 = self.stage8(self.down8(x4))
        x16 = self.context(self.stage16(self.down16(x8)))
        y8 = self.fuse8(x8 + _enlarged(self.lateral16(x16), x8))
        y4 = self.fuse4(x4 + _enlarged(self.lateral8(y8), x4))
        return SemanticOutput(self.head(self.dropout(y4)))


def build_fast(
    *,
    num_classes: int,
    in_channels: int = 3,
    widths: tuple[int, int, int] = (64, 128, 128),
    depths: tuple[int, int, int] = (1, 3, 6),
    dropout: float = 0.0,
) -> Fast:
    """Builds `Fast`; see there for the arguments."""
    return Fast(num_classes, in_channels, widths=widths, depths=depths, dropout=dropout)


def _stage(width: int, depth: int, dilations: tuple[int, ...]) -> nn.Sequential:
    return nn.Sequential(*(Block(width, dilations[i % len(dilations)]) for i in range(depth)))


def _padded(images: torch.Tensor) -> torch.Tensor:
    """Repeats the last row and column up to a multiple of 4, so that the grid divides evenly."""
    right, below = -images.shape[-1] % 4, -images.shape[-2] % 4
    if not right and not below:
        return images
    return functional.pad(images, (0, right, 0, below), mode="replicate")


def _enlarged(x: torch.Tensor, like: torch.Tensor) -> torch.Tensor:
    return functional.interpolate(x, size=like.shape[-2:], mode="bilinear", align_corners=False)


def _initialise(network: nn.Module) -> None:
    """He initialisation (fan out) for convolutions, zero for biases."""
    for module in network.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.kaiming_normal_(module.weight, mode="fan_out", nonlinearity="relu")
            if module.bias is not None:
                nn.init.zeros_(module.bias)
