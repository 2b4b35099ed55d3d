"""The frame of every encoder–decoder network: encoder × context × decoder × head."""

from __future__ import annotations

from collections.abc import Mapping

import torch
from torch import nn
from torch.nn import functional

from segwright.models.output import SemanticOutput, resize_logits


class Encoder(nn.Module):
    """A network that returns features at several resolutions.

    `forward` takes (B, C, Y, X) with Y and X multiples of the deepest stride and returns one
    (B, channels[i], Y/strides[i], X/strides[i]) per level, shallow to deep.

    Attributes:
        channels: Channels of each level.
        strides: Pixels of the input per pixel of each level, strictly increasing powers of 2.
    """

    channels: tuple[int, ...]
    strides: tuple[int, ...]


class SemanticNet(nn.Module):
    """A semantic network made of injected parts.

    Size is never an error: the input is padded below and to the right by repeating its last row
    and column up to the next multiple of the encoder's deepest stride, and the logits are cropped
    back, so that logit (y, x) belongs to pixel (y, x). Where the decoder ends at a coarser stride
    the logits are brought to full resolution by fixed bilinear interpolation. One limit is batch
    normalisation's own: in training, a batch of one image that is a single pixel at the deepest
    stride has no variance, and torch raises ValueError.

    Args:
        encoder: Features, shallow to deep.
        decoder: Takes the list of features and returns one map.
        head: Turns that map into K logits; left out where the decoder ends in logits.
        context: Replaces the deepest features by ones that have seen more of the image.
        auxiliary: Side heads by the index of the encoder level they read, strongest supervision
            first; each returns K logits. They read the features before the context.
    """

    def __init__(
        self,
        encoder: Encoder,
        decoder: nn.Module,
        head: nn.Module | None = None,
        *,
        context: nn.Module | None = None,
        auxiliary: Mapping[int, nn.Module] | None = None,
    ) -> None:
        super().__init__()
        self.encoder = encoder
        self.context = nn.Identity() if context is None else context
        self.decoder = decoder
        self.head = nn.Identity() if head is None else head
        self._auxiliary_levels = tuple(auxiliary or ())
        self.auxiliary_heads = nn.ModuleList((auxiliary or {}).values())

    @property
    def size_multiple(self) -> int:
        """Inputs whose sides are multiples of this many pixels need no padding."""
        return self.encoder.strides[-1]

    def forward(self, x: torch.Tensor) -> SemanticOutput:
        """Scores every pixel of (B, C, Y, X); all logits are (B, K, Y, X)."""
        padded = pad_to_multiple(x, self.size_multiple)
        features = self.encoder(padded)
        side = [
            head(features[level])
            for level, head in zip(self._auxiliary_levels, self.auxiliary_heads, strict=True)
        ]
        features = [*features[:-1], self.context(features[-1])]
        main = self.head(self.decoder(features))
        padded_hw = padded.shape[-2], padded.shape[-1]
        logits, *auxiliary = (
            resize_logits(scores, padded_hw)[..., : x.shape[-2], : x.shape[-1]]
            for scores in (main, *side)
        )
        return SemanticOutput(logits, tuple(auxiliary))


def pad_to_multiple(x: torch.Tensor, multiple: int) -> torch.Tensor:
    """Repeats the last row and column of (B, C, Y, X) until both sides are multiples."""
    below, right = -x.shape[-2] % multiple, -x.shape[-1] % multiple
    return functional.pad(x, (0, right, 0, below), mode="replicate")
