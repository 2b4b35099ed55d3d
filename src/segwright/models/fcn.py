"""Fully convolutional networks: class scores at coarse strides, summed and brought up.

Sources: Shelhamer, Long and Darrell 2015, "Fully convolutional networks for semantic
segmentation" (arXiv:1411.4038), figure 3, for 32s, 16s and 8s; torchvision 0.29
`models.segmentation.fcn_resnet50` (BSD-3-Clause) for the dilated variant, whose numbers ours
equals. Written from them. Where the paper scores pool4 and pool3 we score the last features of
strides 16 and 8 of any encoder (for VGG: the convolutions before the next pooling).
"""

from __future__ import annotations

from typing import Any

import torch
from torch import nn

from segwright.models.configs import FcnConfig
from segwright.models.encoders import TimmEncoder
from segwright.models.initialise import initialise_bilinear, initialise_he, score_layer
from segwright.models.semantic_net import SemanticNet

_SKIP_STRIDES = {"32s": (), "16s": (16,), "8s": (16, 8)}


def build_fcn(*, num_classes: int, in_channels: int = 3, **settings: Any) -> SemanticNet:
    """Builds a fully convolutional network.

    Args:
        num_classes: K, channels of the logits.
        in_channels: Channels of the image.
        **settings: See `FcnConfig`.

    Returns:
        A network with logits at full resolution, and auxiliary ones if the settings ask for them.

    Raises:
        UsageError: A setting is unknown or cannot be used.
    """
    config = FcnConfig.of(settings, where="model 'fcn'")
    if config.variant == "dilated":
        return _build_dilated(config, num_classes, in_channels)
    return _build_skipping(config, num_classes, in_channels)


def _build_skipping(config: FcnConfig, num_classes: int, in_channels: int) -> SemanticNet:
    encoder = TimmEncoder(
        config.encoder or "vgg16_bn",
        in_channels=in_channels,
        deepest_stride=32,
        pretrained=config.pretrained,
        pretrained_file=config.pretrained_file,
    )
    hidden_width = config.hidden_width or 512
    dropout = 0.5 if config.dropout is None else config.dropout
    levels = [encoder.strides.index(stride) for stride in _SKIP_STRIDES[config.variant]]
    return SemanticNet(
        encoder,
        SummedScores(
            hidden_width, {level: encoder.channels[level] for level in levels}, num_classes
        ),
        context=hidden_layers(encoder.channels[-1], hidden_width, dropout),
    )


def _build_dilated(config: FcnConfig, num_classes: int, in_channels: int) -> SemanticNet:
    encoder = TimmEncoder(
        config.encoder or "resnet50",
        in_channels=in_channels,
        output_stride=config.output_stride or 8,
        pretrained=config.pretrained,
        pretrained_file=config.pretrained_file,
    )
    dropout = 0.1 if config.dropout is None else config.dropout
    width = config.hidden_width or encoder.channels[-1] // 4
    auxiliary = {}
    if config.auxiliary:
        before = encoder.channels[-2]
        side = dilated_head(before, before // 4, dropout)
        side.append(score_layer(before // 4, num_classes))
        auxiliary[len(encoder.channels) - 2] = side
    return SemanticNet(
        encoder,
        Deepest(dilated_head(encoder.channels[-1], width, dropout)),
        score_layer(width, num_classes),
        auxiliary=auxiliary,
    )


def hidden_layers(in_channels: int, width: int, dropout: float) -> nn.Sequential:
    """VGG's first two fully connected layers as convolutions (the paper's fc6 and fc7)."""
    layers = nn.Sequential(
        nn.Conv2d(in_channels, width, kernel_size=7, padding=3),
        nn.ReLU(inplace=True),
        nn.Dropout(dropout),
        nn.Conv2d(width, width, kernel_size=1),
        nn.ReLU(inplace=True),
        nn.Dropout(dropout),
    )
    initialise_he(layers)
    return layers


def dilated_head(in_channels: int, width: int, dropout: float) -> nn.Sequential:
    """torchvision's FCN head up to its score layer."""
    layers = nn.Sequential(
        nn.Conv2d(in_channels, width, kernel_size=3, padding=1, bias=False),
        nn.BatchNorm2d(width),
        nn.ReLU(inplace=True),
        nn.Dropout(dropout),
    )
    initialise_he(layers)
    return layers


class Deepest(nn.Module):
    """A decoder that uses the deepest features alone."""

    def __init__(self, layers: nn.Module) -> None:
        super().__init__()
        self.layers = layers

    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        """Features at all strides -> the map that `layers` makes of the last."""
        return self.layers(features[-1])


class SummedScores(nn.Module):
    """Scores of the deepest features, doubled in resolution and added to those of shallower ones.

    The doublings are learned transposed convolutions that start as bilinear interpolation. The
    scores of the skips start at zero, so that 16s starts as 32s and 8s as 16s (section 4.2). The
    last step to full resolution is fixed bilinear interpolation, as in the paper, and is the
    business of `SemanticNet`.

    Args:
        deepest_channels: Channels of the deepest features.
        skip_channels: Channels of the levels to add, by their index, from deep to shallow, each
            at twice the resolution of the one before.
        num_classes: K.
    """

    def __init__(
        self, deepest_channels: int, skip_channels: dict[int, int], num_classes: int
    ) -> None:
        super().__init__()
        self.score = score_layer(deepest_channels, num_classes)
        self.skip_levels = tuple(skip_channels)
        self.skip_scores, self.doublings = nn.ModuleList(), nn.ModuleList()
        for channels in skip_channels.values():
            skip_score = score_layer(channels, num_classes)
            nn.init.zeros_(skip_score.weight)
            doubling = nn.ConvTranspose2d(num_classes, num_classes, 4, 2, 1, bias=False)
            initialise_bilinear(doubling)
            self.skip_scores.append(skip_score)
            self.doublings.append(doubling)

    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        """Features at all strides -> (B, K, Y/s, X/s), s the stride of the last skip or 32."""
        scores = self.score(features[-1])
        for level, skip_score, doubling in zip(
            self.skip_levels, self.skip_scores, self.doublings, strict=True
        ):
            scores = doubling(scores) + skip_score(features[level])
        return scores
