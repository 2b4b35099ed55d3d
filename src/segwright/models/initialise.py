"""How new weights start."""

from __future__ import annotations

import math

import torch
from torch import nn


def initialise_he(module: nn.Module) -> None:
    """Draws all convolution weights in `module` for unit gain through ReLU; biases become 0.

    The variance is 2 over the number of inputs that meet in one output pixel; a transposed
    convolution with stride s spreads its kernel over s × s output pixels, so each of them sees
    only 1/s² of it (He et al. 2015, "Delving deep into rectifiers", section 2.2).
    """
    for layer in module.modules():
        if not isinstance(layer, nn.Conv2d | nn.ConvTranspose2d):
            continue
        inputs = layer.in_channels // layer.groups * math.prod(layer.kernel_size)
        if isinstance(layer, nn.ConvTranspose2d):
            inputs /= math.prod(layer.stride)
        nn.init.normal_(layer.weight, std=math.sqrt(2.0 / inputs))
        if layer.bias is not None:
            nn.init.zeros_(layer.bias)


@torch.no_grad()
def initialise_bilinear(layer: nn.ConvTranspose2d) -> None:
    """Makes a transposed convolution the bilinear upsampling of each channel on its own.

    Args:
        layer: As many outputs as inputs, kernel twice its stride, not grouped.
    """
    size = layer.kernel_size[0]
    centre = (size - 1) / 2
    ramp = 1 - (torch.arange(size) - centre).abs() / layer.stride[0]
    channel = torch.arange(layer.in_channels)
    layer.weight.zero_()
    layer.weight[channel, channel] = (ramp[:, None] * ramp).to(layer.weight)


def score_layer(in_channels: int, num_classes: int) -> nn.Conv2d:
    """The last layer of a network: a 1×1 convolution to K logits, He weights, zero bias."""
    layer = nn.Conv2d(in_channels, num_classes, kernel_size=1)
    initialise_he(layer)
    return layer
