"""What every model of the catalogue promises, on narrow variants."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch
from torch import nn
from torch.nn import functional

from segwright.models import CATALOG, SemanticOutput, architecture, build_model
from segwright.models.output import resize_logits
from segwright.plan import OptimiserSettings
from segwright.training.optimisers import Optimiser

# The first variant of a model has the parts of its default settings.
NARROW: dict[str, list[dict[str, Any]]] = {
    "fast": [{"widths": (8, 8, 8), "depths": (1, 1, 2), "dropout": 0.2}],
    "unet": [
        {"base_width": 4, "depth": 3},
        {"base_width": 4, "depth": 2, "up": "bilinear", "batch_norm": False, "dropout": 0.3},
        {"base_width": 2, "encoder": "test_resnet"},
        {"base_width": 2, "encoder": "test_convnext"},
    ],
    "fcn": [
        {"variant": "8s", "encoder": "test_resnet", "hidden_width": 8},
        {"variant": "dilated", "encoder": "test_resnet", "auxiliary": True},
    ],
}
VARIANTS = [
    pytest.param(name, settings, id="-".join([name, *map(str, settings.values())]))
    for name, variants in NARROW.items()
    for settings in variants
]
every_variant = pytest.mark.parametrize(("name", "settings"), VARIANTS)


@pytest.fixture(autouse=True)
def _one_thread() -> Any:
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def build(
    name: str, settings: dict[str, Any], *, num_classes: int = 3, channels: int = 3, seed: int = 0
) -> nn.Module:
    torch.manual_seed(seed)
    return build_model(name, num_classes=num_classes, in_channels=channels, **settings)


def woken(net: nn.Module) -> nn.Module:
    """Moves every parameter and statistic off its special starting value (0 or 1).

    In float64, so that what must be equal can be asked to be equal.
    """
    generator = torch.Generator().manual_seed(1)
    with torch.no_grad():
        for tensor in (*net.parameters(), *net.buffers()):
            if tensor.is_floating_point():
                tensor.add_(0.05 * torch.randn(tensor.shape, generator=generator))
    return net.double()


def picture(*shape: int, seed: int = 2, dtype: torch.dtype = torch.float64) -> torch.Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def test_every_model_is_under_contract() -> None:
    assert set(NARROW) == set(CATALOG)


@pytest.mark.parametrize("name", [name for name in CATALOG if CATALOG[name].lighter])
def test_lighter_nets_are_lighter(name: str) -> None:
    """The lightest first, and all of them below the default."""
    weights = []
    for settings in (*CATALOG[name].lighter, {}):
        net = build_model(name, num_classes=2, **settings)
        weights.append(sum(parameter.numel() for parameter in net.parameters()))
    assert weights == sorted(set(weights))


@every_variant
@pytest.mark.parametrize(
    ("channels", "num_classes", "size_hw"),
    [(3, 2, (17, 33)), (1, 1, (1, 1)), (5, 7, (64, 32)), (3, 3, (1, 70))],
)
def test_any_size_channels_and_classes(
    name: str,
    settings: dict[str, Any],
    channels: int,
    num_classes: int,
    size_hw: tuple[int, int],
) -> None:
    net = build(name, settings, num_classes=num_classes, channels=channels).eval()
    with torch.no_grad():
        output = net(picture(2, channels, *size_hw, dtype=torch.float32))
    assert isinstance(output, SemanticOutput)
    stride = CATALOG[name].output_stride
    expected = (2, num_classes, *(math.ceil(side / stride) for side in size_hw))
    assert all(logits.shape == expected for logits in (output.logits, *output.auxiliary))
    assert all(torch.isfinite(logits).all() for logits in (output.logits, *output.auxiliary))


@every_variant
def test_the_mode_changes_nothing_about_the_structure(name: str, settings: dict[str, Any]) -> None:
    net, x = build(name, settings).double(), picture(2, 3, 33, 49)
    in_training = net.train()(x)
    in_use = net.eval()(x)
    assert type(in_training) is type(in_use) is SemanticOutput
    assert in_training.logits.shape == in_use.logits.shape
    assert [a.shape for a in in_training.auxiliary] == [a.shape for a in in_use.auxiliary]
    assert len(in_use.auxiliary) == int(settings.get("auxiliary", False))


@every_variant
def test_gradients_reach_every_parameter(name: str, settings: dict[str, Any]) -> None:
    net = woken(build(name, settings)).train()
    output = net(picture(2, 3, 33, 49))
    sum(logits.square().mean() for logits in (output.logits, *output.auxiliary)).backward()
    unreached = [n for n, p in net.named_parameters() if p.grad is None or not p.grad.any()]
    assert unreached == []


@every_variant
def test_weights_make_the_network_again(name: str, settings: dict[str, Any]) -> None:
    net = woken(build(name, settings)).eval()
    again = build(name, architecture(name, **settings), seed=5).double().eval()
    x = picture(1, 3, 17, 33)
    with torch.no_grad():
        assert not torch.equal(again(x).logits, net(x).logits)
        again.load_state_dict(net.state_dict())
        assert torch.equal(again(x).logits, net(x).logits)


@every_variant
def test_a_picture_is_scored_the_same_alone_and_in_a_batch(
    name: str, settings: dict[str, Any]
) -> None:
    net, x = woken(build(name, settings)).eval(), picture(3, 3, 17, 33)
    with torch.no_grad():
        together, alone = net(x).logits[1:2], net(x[1:2]).logits
    torch.testing.assert_close(together, alone)


@every_variant
def test_the_memory_layout_does_not_matter(name: str, settings: dict[str, Any]) -> None:
    net, x = woken(build(name, settings)).eval(), picture(2, 3, 33, 49)
    with torch.no_grad():
        expected = net(x).logits
        net = net.to(memory_format=torch.channels_last)  # pyright: ignore[reportCallIssue]
        found = net(x.contiguous(memory_format=torch.channels_last)).logits
    torch.testing.assert_close(found, expected)


@every_variant
def test_the_seed_decides_the_weights(name: str, settings: dict[str, Any]) -> None:
    first, same, other = (build(name, settings, seed=seed).state_dict() for seed in (3, 3, 4))
    assert all(torch.equal(first[key], same[key]) for key in first)
    assert any(not torch.equal(first[key], other[key]) for key in first)


@every_variant
def test_the_last_bias_starts_at_zero(name: str, settings: dict[str, Any]) -> None:
    net = build(name, settings, num_classes=6)
    biases = [
        part.bias
        for part in net.modules()
        if isinstance(part, nn.Conv2d) and part.out_channels == 6 and part.bias is not None
    ]
    assert biases and not any(bias.any() for bias in biases)


@every_variant
def test_the_graph_does_not_depend_on_the_pixels(name: str, settings: dict[str, Any]) -> None:
    net = woken(build(name, settings)).eval()
    exported = torch.export.export(net, (picture(2, 3, 33, 49),), strict=False).module()
    other = picture(2, 3, 33, 49, seed=9) * 7 + 2
    with torch.no_grad():
        torch.testing.assert_close(exported(other).logits, net(other).logits)


@pytest.mark.parametrize("name", [n for n in CATALOG if CATALOG[n].exportable])
def test_one_exported_graph_serves_all_sizes(name: str) -> None:
    net = woken(build(name, NARROW[name][0])).eval()
    free = dict.fromkeys((0, 2, 3), torch.export.Dim.AUTO)
    exported = torch.export.export(
        net, (picture(2, 3, 65, 97),), dynamic_shapes=(free,), strict=False
    ).module()
    other = picture(3, 3, 50, 123)
    with torch.no_grad():
        torch.testing.assert_close(exported(other).logits, net(other).logits)


@pytest.mark.parametrize("name", CATALOG)
def test_the_receptive_field_is_as_stated(name: str) -> None:
    net = woken(build(name, NARROW[name][0])).eval()
    x = picture(1, 3, 16, 2048)
    changed = x.clone()
    changed[..., 0] += 50
    with torch.no_grad():
        before, after = net(x).logits, net(changed).logits
    assert not torch.equal(before[..., 0], after[..., 0])
    assert torch.equal(before[..., -1], after[..., -1]) == CATALOG[name].finite_receptive_field


@pytest.mark.parametrize("name", CATALOG)
def test_a_multiple_of_the_stated_size_needs_no_padding(name: str) -> None:
    with torch.device("meta"):
        net = build_model(name, num_classes=2)
    multiple = getattr(net, "size_multiple", CATALOG[name].size_multiple)
    assert multiple == CATALOG[name].size_multiple


@every_variant
@pytest.mark.parametrize("optimiser", ["muon", "adamw", "sgd"])
def test_steps_on_one_batch_reduce_its_loss(
    name: str, settings: dict[str, Any], optimiser: str
) -> None:
    net = build(name, {**settings, "dropout": 0.0} if "dropout" in settings else settings)
    moved = Optimiser(
        net,
        OptimiserSettings(
            name=optimiser,  # pyright: ignore[reportArgumentType]
            lr=3e-3,
            vector_lr=1e-3,
            momentum=0.9,
            weight_decay=0.0,
            l1=0.0,
            clip_norm=0.0,
        ),
    )
    images = picture(4, 3, 32, 48, dtype=torch.float32)
    truth = images.mean(1).gt(0).long()

    def loss() -> torch.Tensor:
        logits = resize_logits(net.train()(images).logits, (32, 48))
        return functional.cross_entropy(logits, truth)

    before = loss()
    for _ in range(5):
        moved.clear()
        loss().backward()
        moved.step(1.0)
    assert loss() < before
