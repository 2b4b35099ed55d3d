from __future__ import annotations

import pytest
import torch
from torch.nn import functional
from torchvision.models.segmentation import fcn_resnet50

from segwright.models.fcn import SummedScores, build_fcn
from segwright.models.output import resize_logits


def from_torchvision(key: str) -> str:
    """torchvision's parameter name in ours."""
    for theirs, ours in (
        ("backbone.", "encoder.net."),
        ("aux_classifier.", "auxiliary_heads.0."),
        ("classifier.4.", "head."),
        ("classifier.", "decoder.layers."),
    ):
        if key.startswith(theirs):
            return ours + key.removeprefix(theirs)
    raise AssertionError(key)


def test_the_dilated_variant_is_torchvisions() -> None:
    torch.manual_seed(0)
    theirs = fcn_resnet50(weights=None, weights_backbone=None, num_classes=4, aux_loss=True).eval()
    for name, tensor in (*theirs.named_parameters(), *theirs.named_buffers()):
        if tensor.ndim == 1 and "num_batches" not in name:
            tensor.data.add_(0.1 * torch.rand_like(tensor))
    ours = build_fcn(num_classes=4, variant="dilated", encoder="resnet50", auxiliary=True).eval()
    ours.load_state_dict({from_torchvision(k): v for k, v in theirs.state_dict().items()})
    x = torch.randn(1, 3, 48, 64)
    with torch.no_grad():
        expected, found = theirs(x), ours(x)
    scale = expected["out"].abs().max()
    torch.testing.assert_close(found.logits / scale, expected["out"] / scale, rtol=0, atol=1e-5)
    scale = expected["aux"].abs().max()
    torch.testing.assert_close(
        found.auxiliary[0] / scale, expected["aux"] / scale, rtol=0, atol=1e-5
    )


def test_finer_variants_start_as_the_coarse_one() -> None:
    """Zero skip scores and bilinear doublings: only the border knows the difference."""
    features = [torch.randn(1, c, s, s) for c, s in ((5, 32), (6, 16), (7, 8))]
    coarse = SummedScores(7, {}, 3)
    fine = SummedScores(7, {1: 6, 0: 5}, 3)
    fine.score.load_state_dict(coarse.score.state_dict())
    with torch.no_grad():
        expected = coarse(features)
        for size in (16, 32):
            expected = resize_logits(expected, (size, size))
        found = fine(features)
    torch.testing.assert_close(found[..., 4:-4, 4:-4], expected[..., 4:-4, 4:-4])


def test_scores_are_summed_from_deep_to_shallow() -> None:
    decoder = SummedScores(1, {1: 1, 0: 1}, 2)
    layers = (decoder.score, *decoder.skip_scores)
    for layer, value in zip(layers, (1.0, 10.0, 100.0), strict=True):
        torch.nn.init.constant_(layer.weight, value)
    features = [torch.full((1, 1, s, s), v) for s, v in ((16, 3.0), (8, 2.0), (4, 1.0))]
    with torch.no_grad():
        centre = decoder(features)[0, :, 8, 8]
    assert centre.tolist() == [1 * 1 + 10 * 2 + 100 * 3] * 2


@pytest.mark.parametrize(("variant", "skips"), [("32s", 0), ("16s", 1), ("8s", 2)])
def test_the_variants_score_as_many_levels_as_they_say(variant: str, skips: int) -> None:
    net = build_fcn(num_classes=3, variant=variant, encoder="test_resnet", hidden_width=4)
    assert isinstance(net.decoder, SummedScores)
    assert len(net.decoder.skip_scores) == skips
    assert [net.encoder.strides[level] for level in net.decoder.skip_levels] == [16, 8][:skips]


def test_the_papers_head_has_the_papers_size() -> None:
    with torch.device("meta"):
        net = build_fcn(num_classes=21, hidden_width=4096)
    fc6, fc7 = 7 * 7 * 512 * 4096 + 4096, 4096 * 4096 + 4096
    assert sum(p.numel() for p in net.context.parameters()) == fc6 + fc7


def test_dilated_output_stride_is_heeded() -> None:
    settings = {"variant": "dilated", "encoder": "test_resnet", "hidden_width": 4}
    assert build_fcn(num_classes=2, **settings).size_multiple == 8
    assert build_fcn(num_classes=2, output_stride=16, **settings).size_multiple == 16


def test_full_resolution_is_bilinear() -> None:
    net = build_fcn(num_classes=2, variant="32s", encoder="test_resnet", hidden_width=4).eval()
    x = torch.randn(1, 3, 64, 96)
    with torch.no_grad():
        features = net.encoder(x)
        scores = net.decoder([*features[:-1], net.context(features[-1])])
        expected = functional.interpolate(scores, scale_factor=32, mode="bilinear")
        torch.testing.assert_close(net(x).logits, expected)
