from __future__ import annotations

import pytest
import torch
from torch import nn
from torch.nn import functional

from segwright.models.initialise import initialise_bilinear, initialise_he, score_layer


@pytest.mark.parametrize(
    "layer",
    [
        nn.Conv2d(64, 64, 3, padding=1),
        nn.Conv2d(64, 64, 3, padding=1, groups=4),
        nn.ConvTranspose2d(64, 32, 2, stride=2),
        nn.ConvTranspose2d(64, 64, 4, stride=2, padding=1),
    ],
)
def test_he_doubles_the_power_that_relu_halves(layer: nn.Module) -> None:
    torch.manual_seed(0)
    initialise_he(layer)
    with torch.no_grad():
        out = layer(torch.randn(4, 64, 32, 32))[..., 4:-4, 4:-4]
    assert float(out.square().mean()) == pytest.approx(2.0, rel=0.1)


def test_biases_start_at_zero() -> None:
    layer = score_layer(8, 3)
    assert layer.bias is not None and not layer.bias.any()
    assert layer.weight.shape == (3, 8, 1, 1)


@pytest.mark.parametrize("stride", [2, 4, 8])
def test_bilinear_start_is_bilinear_interpolation(stride: int) -> None:
    layer = nn.ConvTranspose2d(3, 3, 2 * stride, stride, stride // 2, bias=False)
    initialise_bilinear(layer)
    x = torch.randn(1, 3, 6, 7)
    expected = functional.interpolate(x, scale_factor=stride, mode="bilinear")
    inner = slice(stride, -stride)  # the layer takes what lies outside for zero
    torch.testing.assert_close(layer(x)[..., inner, inner], expected[..., inner, inner])
