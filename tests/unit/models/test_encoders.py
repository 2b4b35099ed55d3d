from __future__ import annotations

from pathlib import Path

import pytest
import timm
import torch
from safetensors.torch import save_file

from segwright.errors import SegwrightError, UnknownNameError, UsageError
from segwright.models.encoders import TimmEncoder


@pytest.fixture
def weights(tmp_path: Path) -> tuple[Path, dict[str, torch.Tensor]]:
    """A small file of pretrained weights, as timm publishes them."""
    torch.manual_seed(11)
    state = timm.create_model("test_resnet").state_dict()
    path = tmp_path / "test_resnet.safetensors"
    save_file(state, path)
    return path, state


@pytest.mark.parametrize(
    ("name", "channels", "strides"),
    [
        ("resnet10t", (64, 64, 128, 256, 512), (2, 4, 8, 16, 32)),
        ("vgg16_bn", (64, 128, 256, 512, 512, 512), (1, 2, 4, 8, 16, 32)),
        ("convnext_atto", (40, 80, 160, 320), (4, 8, 16, 32)),
        ("mobilenetv3_small_050", (16, 8, 16, 24, 288), (2, 4, 8, 16, 32)),
    ],
)
def test_features_are_as_declared(
    name: str, channels: tuple[int, ...], strides: tuple[int, ...]
) -> None:
    encoder = TimmEncoder(name, in_channels=2).eval()
    assert (encoder.channels, encoder.strides) == (channels, strides)
    with torch.no_grad():
        features = encoder(torch.zeros(1, 2, 64, 96))
    assert [tuple(f.shape) for f in features] == [
        (1, c, 64 // s, 96 // s) for c, s in zip(channels, strides, strict=True)
    ]


def test_channels_last_features_are_turned() -> None:
    encoder = TimmEncoder("swin_tiny_patch4_window7_224", deepest_stride=8).eval()
    assert (encoder.channels, encoder.strides) == ((96, 192), (4, 8))
    x = torch.randn(1, 3, 64, 32)
    with torch.no_grad():
        for raw, turned in zip(encoder.net(x), encoder(x), strict=True):
            assert torch.equal(raw[0, 3, 1], turned[0, :, 3, 1])


def test_levels_beyond_the_deepest_stride_are_not_built() -> None:
    encoder = TimmEncoder("resnet10t", deepest_stride=8)
    assert encoder.strides == (2, 4, 8)
    assert not [n for n, _ in encoder.named_parameters() if "layer3" in n or "layer4" in n]


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("vit_tiny_patch16_224", r"strides \[16, 16, 16\]"),
        ("maxvit_pico_rw_256", "refuses a 32×96 image"),
    ],
)
def test_what_does_not_fit_is_refused(name: str, said: str) -> None:
    with pytest.raises(UsageError, match=said):
        TimmEncoder(name)


@pytest.mark.parametrize(
    ("name", "said"),
    [("resnt18", "'resnet18'"), ("hf-hub:someone/something", "resnet34"), ("!", "resnet34")],
)
def test_unknown_names_are_answered_with_known_ones(name: str, said: str) -> None:
    with pytest.raises(UnknownNameError, match=said):
        TimmEncoder(name)


@pytest.mark.parametrize(
    "name", ["swin_tiny_patch4_window7_224", "vgg16_bn", "mobilenetv3_small_050", "resnetblur50"]
)
def test_dilation_is_refused_where_it_does_not_hold(name: str) -> None:
    with pytest.raises(UsageError, match=r"output_stride 8.*ResNet family"):
        TimmEncoder(name, output_stride=8)


def test_a_stride_without_features_is_refused() -> None:
    with pytest.raises(UsageError, match=r"\[4, 8, 16, 32\], none at 2"):
        TimmEncoder("convnext_atto", deepest_stride=2)


def test_checking_leaves_no_trace() -> None:
    encoder = TimmEncoder("test_resnet")
    assert encoder.training
    statistics = {n: b for n, b in encoder.named_buffers() if n.endswith("running_mean")}
    assert statistics and not any(b.any() for b in statistics.values())


def test_pretrained_weights_come_from_a_file(weights: tuple[Path, dict[str, torch.Tensor]]) -> None:
    path, state = weights
    encoder = TimmEncoder("test_resnet", pretrained_file=path)
    loaded = encoder.net.state_dict()
    assert loaded and all(torch.equal(tensor, state[key]) for key, tensor in loaded.items())


def test_pretrained_first_layer_is_adapted_to_grey(
    weights: tuple[Path, dict[str, torch.Tensor]],
) -> None:
    path, _ = weights
    colour = TimmEncoder("test_resnet", pretrained_file=path).eval()
    grey = TimmEncoder("test_resnet", in_channels=1, pretrained_file=path).eval()
    x = torch.randn(1, 1, 32, 32)
    with torch.no_grad():  # a grey picture seen as three equal channels
        for a, b in zip(grey(x), colour(x.expand(1, 3, 32, 32)), strict=True):
            torch.testing.assert_close(a, b)


def test_no_network_says_what_was_tried_and_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    constants = pytest.importorskip("huggingface_hub").constants
    monkeypatch.setattr(constants, "HF_HUB_OFFLINE", True)
    monkeypatch.setattr(constants, "HF_HUB_CACHE", str(tmp_path))
    with pytest.raises(SegwrightError) as caught:
        TimmEncoder("resnet18", pretrained=True)
    message = str(caught.value)
    assert "'resnet18'" in message and "huggingface.co/timm/resnet18" in message
    assert "pretrained=false" in message and "pretrained_file" in message


def test_a_damaged_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "broken.safetensors"
    path.write_bytes(b"\x10\x00\x00\x00\x00\x00\x00\x00not a header")
    with pytest.raises(SegwrightError, match=r"broken\.safetensors"):
        TimmEncoder("test_resnet", pretrained_file=path)


@pytest.mark.parametrize("file", ["missing.safetensors", "weights.pth"])
def test_only_existing_safetensors_are_accepted(tmp_path: Path, file: str) -> None:
    (tmp_path / "weights.pth").write_bytes(b"anything")
    with pytest.raises(UsageError, match=r"existing \.safetensors"):
        TimmEncoder("test_resnet", pretrained_file=tmp_path / file)


def test_a_network_without_published_weights_is_refused_before_fetching() -> None:
    without = next(
        name for name in timm.list_models("resnet*") if not timm.is_model_pretrained(name)
    )
    with pytest.raises(UsageError, match="no pretrained weights"):
        TimmEncoder(without, pretrained=True)
