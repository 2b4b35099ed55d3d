"""The optimisers, against torch's own linear algebra and sums done by hand."""

from __future__ import annotations

import copy
from typing import Any

import pytest
import torch
from torch import nn

from segwright.plan import OptimiserSettings
from segwright.training.optimisers import AdamW, Muon, Optimiser, Rule, Sgd, orthogonalise


def settings(name: str, **changes: Any) -> OptimiserSettings:
    known: dict[str, Any] = {
        "name": name,
        "lr": 0.05,
        "vector_lr": 0.01,
        "momentum": 0.9,
        "weight_decay": 0.0,
        "l1": 0.0,
        "clip_norm": 0.0,
    }
    return OptimiserSettings(**{**known, **changes})


def small_net() -> nn.Module:
    torch.manual_seed(0)
    return nn.Sequential(
        nn.Conv2d(3, 8, 3), nn.BatchNorm2d(8), nn.Conv2d(8, 6, 3), nn.Conv2d(6, 2, 1)
    )


def fill_gradients(net: nn.Module, seed: int) -> None:
    generator = torch.Generator().manual_seed(seed)
    for parameter in net.parameters():
        parameter.grad = torch.randn(parameter.shape, generator=generator)


@pytest.mark.parametrize("shape", [(16, 144), (64, 64), (144, 16), (1, 9), (9, 1), (5, 7)])
def test_singular_values_come_near_one_and_directions_stay(shape: tuple[int, int]) -> None:
    matrix = torch.randn(shape, generator=torch.Generator().manual_seed(1))
    found = orthogonalise(matrix)
    assert found.shape == matrix.shape
    values = torch.linalg.svdvals(found)
    u, s, vh = torch.linalg.svd(matrix, full_matrices=False)
    strong = s > 0.05 * s.max()  # what is nearly absent from the gradient may stay small
    assert values.max() < 1.3
    assert values[strong].min() > 0.6
    # The exact answer has the same singular vectors: the product of both is nearly diagonal.
    aligned = u.mT @ found @ vh.mT
    assert (aligned - torch.diag(aligned.diagonal())).abs().max() < 1e-3
    assert (aligned.diagonal()[strong] > 0.6).all()


def test_orthogonalising_does_not_depend_on_scale_and_takes_zero() -> None:
    matrix = torch.randn(6, 20, generator=torch.Generator().manual_seed(2))
    torch.testing.assert_close(orthogonalise(matrix), orthogonalise(1000 * matrix))
    assert torch.equal(orthogonalise(torch.zeros(3, 5)), torch.zeros(3, 5))


def test_one_step_of_muon_by_hand() -> None:
    weight = nn.Parameter(torch.randn(8, 2, 1, 1, generator=torch.Generator().manual_seed(3)))
    before, gradient = weight.detach().clone(), torch.ones_like(weight)
    weight.grad = gradient
    muon = Muon(momentum=0.5)
    with torch.no_grad():
        muon.move(weight, gradient, muon.start(weight), lr=0.1, weight_decay=0.2)
    # From rest the Nesterov gradient is 1.5 times the gradient; scale does not matter.
    towards = orthogonalise(gradient.reshape(8, 2)).view_as(weight) * (8 / 2) ** 0.5
    torch.testing.assert_close(weight.detach(), before * (1 - 0.1 * 0.2) - 0.1 * towards)


@pytest.mark.parametrize(
    ("rule", "oracle"),
    [
        (AdamW((0.9, 0.99)), lambda w: torch.optim.AdamW(w, 0.1, (0.9, 0.99), weight_decay=0.2)),
        (Sgd(0.8), lambda w: torch.optim.SGD(w, 0.1, 0.8, weight_decay=0.2, nesterov=True)),
        (Sgd(0.0), lambda w: torch.optim.SGD(w, 0.1, weight_decay=0.2)),
    ],
)
def test_rules_move_as_torchs_own_optimisers_do(rule: Rule, oracle: Any) -> None:
    generator = torch.Generator().manual_seed(4)
    ours = torch.randn(5, 3, generator=generator, dtype=torch.float64)
    theirs = nn.Parameter(ours.clone())
    memory, torchs = rule.start(ours), oracle([theirs])
    for _ in range(6):
        gradient = torch.randn(5, 3, generator=generator, dtype=torch.float64)
        rule.move(ours, gradient, memory, lr=0.1, weight_decay=0.2)
        theirs.grad = gradient
        torchs.step()
        torch.testing.assert_close(ours, theirs.detach(), rtol=1e-12, atol=1e-12)


@pytest.mark.parametrize("name", ["muon", "adamw", "sgd"])
def test_vectors_are_not_decayed_and_weights_are(name: str) -> None:
    net = small_net()
    before = copy.deepcopy(net)
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter)
    Optimiser(net, settings(name, weight_decay=0.5)).step(1.0)
    for (key, now), then in zip(net.named_parameters(), before.parameters(), strict=True):
        if now.ndim > 1:
            assert now.norm() < then.norm(), key
        else:
            assert torch.equal(now, then), key


@pytest.mark.parametrize("name", ["muon", "adamw", "sgd"])
def test_every_parameter_moves_and_none_at_rate_zero(name: str) -> None:
    net = small_net()
    before = copy.deepcopy(net)
    optimiser = Optimiser(net, settings(name, l1=1e-3))
    fill_gradients(net, 1)
    optimiser.step(0.0)
    assert all(map(torch.equal, net.parameters(), before.parameters()))
    optimiser.step(1.0)
    pairs = zip(net.parameters(), before.parameters(), strict=True)
    assert not any(torch.equal(a, b) for a, b in pairs)


@pytest.mark.parametrize("name", ["muon", "adamw", "sgd"])
def test_a_restored_state_takes_identical_steps(name: str) -> None:
    net = small_net()
    optimiser = Optimiser(net, settings(name, weight_decay=0.01, l1=1e-4))
    for step in range(3):
        fill_gradients(net, step)
        optimiser.step(1.0 / (step + 1))
    other = copy.deepcopy(net)
    again = Optimiser(other, settings(name, weight_decay=0.01, l1=1e-4))
    again.restore({key: value.clone() for key, value in optimiser.tensors().items()})
    for each, mover in ((net, optimiser), (other, again)):
        for step in range(3, 5):
            fill_gradients(each, step)
            mover.step(0.3)
    assert all(map(torch.equal, net.parameters(), other.parameters()))


def test_without_the_state_the_next_step_differs() -> None:
    net = small_net()
    optimiser = Optimiser(net, settings("adamw"))
    fill_gradients(net, 0)
    optimiser.step(1.0)
    other = copy.deepcopy(net)
    for each, mover in ((net, optimiser), (other, Optimiser(other, settings("adamw")))):
        fill_gradients(each, 1)
        mover.step(1.0)
    assert not all(map(torch.equal, net.parameters(), other.parameters()))


def test_l1_is_a_soft_threshold_on_weights_alone() -> None:
    net = nn.Sequential(nn.Linear(3, 1))
    layer = net[0]
    assert isinstance(layer, nn.Linear)
    with torch.no_grad():
        layer.weight.copy_(torch.tensor([[0.5, -0.03, -0.5]]))
        layer.bias.fill_(0.03)
    for parameter in net.parameters():
        parameter.grad = torch.zeros_like(parameter)
    Optimiser(net, settings("sgd", lr=0.1, l1=0.8)).step(0.5)  # threshold 0.1 · 0.5 · 0.8
    torch.testing.assert_close(layer.weight.detach(), torch.tensor([[0.46, 0.0, -0.46]]))
    assert layer.bias.item() == pytest.approx(0.03)


def test_frozen_parameters_are_left_alone() -> None:
    net = small_net()
    frozen = next(net.parameters()).requires_grad_(False)
    optimiser = Optimiser(net, settings("muon"))
    assert not any(parameter is frozen for parameter in optimiser.parameters)
