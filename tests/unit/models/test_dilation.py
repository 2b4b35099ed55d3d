from __future__ import annotations

import pytest
import timm
import torch
from torch import nn

from segwright.models.dilation import DilatedMean
from segwright.models.encoders import TimmEncoder


def settled(encoder: TimmEncoder) -> TimmEncoder:
    """In use, in float64, with normalisation that is not the identity."""
    generator = torch.Generator().manual_seed(0)
    for name, buffer in encoder.named_buffers():
        if name.endswith(("running_mean", "running_var")):
            buffer.add_(0.2 * torch.rand(buffer.shape, generator=generator))
    for parameter in encoder.parameters():
        if parameter.ndim == 1:
            parameter.data.add_(0.3 * torch.rand(parameter.shape, generator=generator))
    return encoder.double().eval()


# basic blocks with average-pooled shortcuts · basic blocks and bottlenecks
@pytest.mark.parametrize("name", ["resnet10t", "test_resnet"])
@pytest.mark.parametrize("output_stride", [8, 16])
def test_old_outputs_are_kept_and_new_ones_lie_between(name: str, output_stride: int) -> None:
    strided = settled(TimmEncoder(name))
    dilated = TimmEncoder(name, output_stride=output_stride).double().eval()
    dilated.load_state_dict(strided.state_dict())
    x = torch.randn(1, 3, 64, 96, dtype=torch.float64, generator=torch.Generator().manual_seed(1))
    with torch.no_grad():
        for coarse, fine in zip(strided(x), dilated(x), strict=True):
            step = fine.shape[-1] // coarse.shape[-1]
            torch.testing.assert_close(fine[..., ::step, ::step], coarse)
    assert dilated.strides == tuple(min(s, output_stride) for s in strided.strides)


def test_agrees_with_timms_own_dilation() -> None:
    ours = settled(TimmEncoder("resnet18", output_stride=8))
    theirs = timm.create_model("resnet18", features_only=True, output_stride=8)
    theirs.double().eval()
    theirs.load_state_dict(ours.net.state_dict())
    x = torch.randn(1, 3, 40, 56, dtype=torch.float64)
    with torch.no_grad():
        for mine, their in zip(ours(x), theirs(x), strict=True):
            torch.testing.assert_close(mine, their)


def test_dilated_mean_by_hand() -> None:
    x = torch.tensor([[0.0, 1.0, 2.0], [10.0, 20.0, 30.0], [4.0, 5.0, 6.0]])[None, None]
    # rate 2: pixel (0, 0) averages the corners 0, 2, 4, 6; beyond the edge it is repeated
    mean = DilatedMean(2)(x)[0, 0]
    assert mean[0, 0] == 3.0
    assert mean[2, 2] == 6.0
    assert mean[0, 1] == (1 + 2 + 5 + 6) / 4
    assert mean.shape == (3, 3)


def test_first_rate_of_mean_is_the_pool_it_replaces() -> None:
    x = torch.randn(1, 2, 6, 8)
    torch.testing.assert_close(DilatedMean(1)(x)[..., ::2, ::2], nn.AvgPool2d(2)(x))
