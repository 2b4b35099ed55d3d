from __future__ import annotations

import pytest
import torch
from torch import nn

from segwright.errors import UsageError
from segwright.models.unet import ExpandingPath, build_unet


def parameters(net: nn.Module) -> int:
    return sum(parameter.numel() for parameter in net.parameters())


def test_as_large_as_the_papers() -> None:
    """31,037,698 is the count of the widely used PyTorch port (3 channels, 2 classes, norm)."""
    with torch.device("meta"):
        assert parameters(build_unet(num_classes=2)) == 31_037_698


def test_as_large_as_counted_by_hand() -> None:
    def twice(a: int, b: int) -> int:
        return (9 * a * b + b) + (9 * b * b + b)

    expected = twice(1, 4) + twice(4, 8) + twice(8, 16)  # down
    expected += (4 * 16 * 8 + 8) + twice(16, 8) + (4 * 8 * 4 + 4) + twice(8, 4)  # up
    expected += 4 * 3 + 3  # scores
    net = build_unet(num_classes=3, in_channels=1, base_width=4, depth=2, batch_norm=False)
    assert parameters(net) == expected


def test_bilinear_replaces_the_transposed_convolutions() -> None:
    kinds = {
        up: {type(part) for part in build_unet(num_classes=2, base_width=2, up=up).modules()}
        for up in ("transposed", "bilinear")
    }
    assert nn.ConvTranspose2d in kinds["transposed"] and nn.Upsample not in kinds["transposed"]
    assert nn.ConvTranspose2d not in kinds["bilinear"] and nn.Upsample in kinds["bilinear"]


def test_batch_norm_can_be_left_out() -> None:
    def norms(**settings: bool) -> int:
        net = build_unet(num_classes=2, base_width=2, depth=2, **settings)
        return sum(isinstance(part, nn.BatchNorm2d) for part in net.modules())

    assert norms() == 2 * (3 + 2)
    assert norms(batch_norm=False) == 0


def test_dropout_works_in_training_only() -> None:
    net = build_unet(num_classes=2, base_width=2, depth=2, batch_norm=False, dropout=0.5)
    x = torch.randn(1, 3, 32, 32)
    with torch.no_grad():
        net.train()
        assert not torch.equal(net(x).logits, net(x).logits)
        net.eval()
        assert torch.equal(net(x).logits, net(x).logits)


def test_every_skip_is_joined() -> None:
    """Strides 4, 8, 16, 32 (a patchifying encoder): skips at 4, 8, 16 and none at 2 and 1."""
    decoder = ExpandingPath((3, 5, 7, 9), (4, 8, 16, 32), base_width=2)
    joined = [part[0].in_channels for part in decoder.convolutions]
    assert joined == [2 * 16 + 7, 2 * 8 + 5, 2 * 4 + 3, 2 * 2, 2 * 1]
    shapes = ((3, 8), (5, 4), (7, 2), (9, 1))
    features = [torch.randn(2, c, s, s, requires_grad=True) for c, s in shapes]
    out = decoder(features)
    assert out.shape == (2, 2, 32, 32)
    out.square().sum().backward()
    assert all(f.grad is not None and f.grad.any() for f in features)


def test_moving_the_picture_moves_the_logits() -> None:
    net = build_unet(num_classes=2, base_width=2, depth=2).double().eval()
    x = torch.zeros(1, 3, 96, 96, dtype=torch.float64)
    x[..., 44:52, 44:52] = torch.randn(1, 3, 8, 8, dtype=torch.float64)
    with torch.no_grad():
        still, moved = net(x).logits, net(x.roll((8, -12), (2, 3))).logits
    torch.testing.assert_close(
        moved.roll((-8, 12), (2, 3))[..., 30:66, 30:66], still[..., 30:66, 30:66]
    )


def test_depth_over_an_encoder_ends_at_one_of_its_strides() -> None:
    assert build_unet(num_classes=2, encoder="test_resnet", depth=3).size_multiple == 8
    with pytest.raises(UsageError, match="none at 2"):
        build_unet(num_classes=2, encoder="test_convnext", depth=1)


def test_it_learns_a_fine_pattern() -> None:
    """A checkerboard of 2-pixel fields cannot be told from stride 4: the skips must carry it."""
    torch.manual_seed(0)
    net = build_unet(num_classes=2, in_channels=1, base_width=4, depth=2)
    rows, columns = torch.meshgrid(torch.arange(32) // 2, torch.arange(32) // 2, indexing="ij")
    target = ((rows + columns) % 2)[None]
    x = target[:, None].float() - 0.5
    optimiser = torch.optim.Adam(net.parameters(), lr=0.02)
    for _ in range(30):
        optimiser.zero_grad()
        nn.functional.cross_entropy(net(x).logits, target).backward()
        optimiser.step()
    assert (net(x).logits.argmax(1) == target).float().mean() > 0.99
