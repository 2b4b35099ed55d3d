"""The averaged weights, by hand."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from segwright.training.average import WeightAverage


def net_of(value: float) -> nn.Module:
    net = nn.Sequential(nn.Linear(1, 1, bias=False), nn.BatchNorm1d(1))
    set_all(net, value)
    return net


@torch.no_grad()
def set_all(net: nn.Module, value: float) -> None:
    for tensor in (*net.parameters(), *net.buffers()):
        tensor.fill_(value)


def test_the_decay_rises_with_the_step() -> None:
    net = net_of(1.0)
    average = WeightAverage(net, decay=0.99)
    expected = 1.0
    for step, value in ((1, 4.0), (2, -2.0), (3, 7.0)):
        set_all(net, value)
        average.update(step)
        decay = (1 + step) / (10 + step)
        expected = decay * expected + (1 - decay) * value
        for name in ("0.weight", "1.running_mean", "1.running_var"):
            assert average.mean[name].item() == pytest.approx(expected)


def test_the_decay_stops_at_its_setting() -> None:
    net = net_of(0.0)
    average = WeightAverage(net, decay=0.5)
    set_all(net, 1.0)
    average.update(10_000)
    assert average.mean["0.weight"].item() == 0.5


def test_decay_zero_follows_exactly() -> None:
    net = net_of(0.1)
    average = WeightAverage(net, decay=0.0)
    set_all(net, 0.3)
    average.update(1)
    assert torch.equal(average.mean["0.weight"], net[0].weight)  # pyright: ignore[reportIndexIssue]


def test_counters_are_not_averaged_and_the_net_is_left_alone() -> None:
    net = net_of(1.0)
    average = WeightAverage(net, decay=0.9)
    assert "1.num_batches_tracked" not in average.mean
    set_all(net, 3.0)
    average.update(1)
    assert all((tensor == 3).all() for tensor in net.state_dict().values())


def test_kept_and_written_back() -> None:
    net = net_of(1.0)
    average = WeightAverage(net, decay=0.9)
    set_all(net, 3.0)
    average.update(1)
    kept = {name: tensor.clone() for name, tensor in average.mean.items()}
    average.follow()
    assert average.mean["0.weight"].item() == 3.0
    average.restore(kept)
    other = net_of(0.0)
    average.copy_to(other)
    for name, tensor in other.state_dict().items():
        if tensor.is_floating_point():
            assert torch.equal(tensor, kept[name])
