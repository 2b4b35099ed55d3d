from __future__ import annotations

import torch
from torch import nn
from torch.nn import functional

from segwright.models.semantic_net import Encoder, SemanticNet, pad_to_multiple


class Pyramid(Encoder):
    """Means over 2×2 and 4×4 pixels; notes the size it was given."""

    strides = (2, 4)
    channels = (1, 1)

    def __init__(self) -> None:
        super().__init__()
        self.seen: list[tuple[int, ...]] = []

    def forward(self, x: torch.Tensor) -> list[torch.Tensor]:
        self.seen.append(tuple(x.shape[-2:]))
        return [functional.avg_pool2d(x, stride) for stride in self.strides]


class Take(nn.Module):
    def __init__(self, level: int) -> None:
        super().__init__()
        self.level = level

    def forward(self, features: list[torch.Tensor]) -> torch.Tensor:
        return features[self.level]


class Times(nn.Module):
    def __init__(self, factor: float) -> None:
        super().__init__()
        self.factor = factor

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        return x * self.factor


def test_padding_repeats_the_last_row_and_column() -> None:
    x = torch.arange(6.0).reshape(1, 1, 2, 3)
    padded = pad_to_multiple(x, 4)[0, 0]
    assert padded.tolist() == [[0, 1, 2, 2], [3, 4, 5, 5], [3, 4, 5, 5], [3, 4, 5, 5]]
    assert torch.equal(pad_to_multiple(padded[None, None], 4)[0, 0], padded)


def test_logits_lie_where_their_pixels_lie() -> None:
    """A ramp survives pooling and bilinear enlargement exactly, away from the border."""
    net = SemanticNet(Pyramid(), Take(-1))
    rows, columns = torch.meshgrid(torch.arange(21.0), torch.arange(30.0), indexing="ij")
    ramp = (3 * rows + columns)[None, None]
    logits = net(ramp).logits
    assert logits.shape == ramp.shape
    torch.testing.assert_close(logits[..., 2:18, 2:26], ramp[..., 2:18, 2:26])
    assert net.encoder.seen == [(24, 32)]


def test_the_parts_are_used_in_order() -> None:
    net = SemanticNet(Pyramid(), Take(-1), Times(3.0), context=Times(5.0))
    assert net(torch.full((1, 1, 8, 8), 2.0)).logits.unique().tolist() == [30.0]


def test_shallow_levels_pass_by_the_context() -> None:
    net = SemanticNet(Pyramid(), Take(0), context=Times(5.0))
    assert net(torch.full((1, 1, 8, 8), 2.0)).logits.unique().tolist() == [2.0]


def test_auxiliary_heads_keep_their_order_and_level() -> None:
    net = SemanticNet(Pyramid(), Take(-1), auxiliary={1: Times(7.0), 0: Times(11.0)})
    output = net(torch.ones(1, 1, 5, 6))
    assert [a.unique().tolist() for a in output.auxiliary] == [[7.0], [11.0]]
    assert all(a.shape == (1, 1, 5, 6) for a in output.auxiliary)
