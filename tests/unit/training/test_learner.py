"""One step: exact, in parts, and without a trace where it fails."""

from __future__ import annotations

import math
from collections.abc import Callable

import pytest
import torch
from torch import nn

from segwright.errors import NonFiniteError
from segwright.losses import build_loss
from segwright.models.output import SemanticOutput
from segwright.plan import Plan
from segwright.training.batches import Batch
from segwright.training.learner import Learner

MakePlan = Callable[..., Plan]


class Plain(nn.Module):
    """Two convolutions; with `norm`, what they give depends on the whole batch."""

    def __init__(self, *, norm: bool = False) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            nn.Conv2d(3, 6, 3, padding=1),
            nn.BatchNorm2d(6) if norm else nn.Identity(),
            nn.ReLU(),
            nn.Conv2d(6, 2, 1),
        )

    def forward(self, images: torch.Tensor) -> SemanticOutput:
        return SemanticOutput(self.layers(images))


def learner(plan: Plan, *, norm: bool = False) -> Learner:
    torch.manual_seed(0)
    loss = build_loss("cross_entropy", num_classes=2, ignore_index=255)
    return Learner(Plain(norm=norm), loss, plan)


def batch(samples: int = 4, seed: int = 1) -> Batch:
    generator = torch.Generator().manual_seed(seed)
    images = torch.randn(samples, 3, 8, 8, generator=generator)
    targets = (images.mean(1) > 0).long()
    return Batch(images, targets, tuple(f"image-{i}" for i in range(samples)))


def everything(made: Learner) -> dict[str, torch.Tensor]:
    return {
        f"{part}.{name}": tensor.clone()
        for part, tensors in made.tensors().items()
        for name, tensor in tensors.items()
    }


def assert_unmoved(made: Learner, before: dict[str, torch.Tensor]) -> None:
    after = everything(made)
    assert after.keys() == before.keys()
    assert [name for name in before if not torch.equal(before[name], after[name])] == []


@pytest.mark.parametrize("parts", [2, 3, 4, 9])
def test_parts_give_the_gradient_of_the_whole(make_plan: MakePlan, parts: int) -> None:
    plan = make_plan(optimiser__clip_norm=0)
    whole, pieces = learner(plan), learner(plan)
    one = whole.step(batch(), number=0, lr_scale=0.0)
    other = pieces.step(batch(), number=0, lr_scale=0.0, parts=parts)
    assert other.loss == pytest.approx(one.loss, rel=1e-5)
    assert other.grad_norm == pytest.approx(one.grad_norm, rel=1e-5)
    for a, b in zip(whole.network.parameters(), pieces.network.parameters(), strict=True):
        torch.testing.assert_close(a.grad, b.grad)


def test_steps_learn(make_plan: MakePlan) -> None:
    made = learner(make_plan())
    losses = [made.step(batch(), number=i, lr_scale=1.0).loss for i in range(30)]
    assert losses[-1] < 0.9 * losses[0]


def test_gradients_are_clipped_and_the_norm_told_unclipped(make_plan: MakePlan) -> None:
    made = learner(make_plan(optimiser__clip_norm=0.01))
    norm = made.step(batch(), number=0, lr_scale=0.0).grad_norm
    gradients = [p.grad for p in made.network.parameters() if p.grad is not None]
    clipped = math.sqrt(sum(float(g.square().sum()) for g in gradients))
    assert norm > 0.01
    assert clipped == pytest.approx(0.01, rel=1e-3)


@pytest.mark.parametrize("name", ["muon", "adamw", "sgd"])
def test_a_restored_learner_goes_on_identically(make_plan: MakePlan, name: str) -> None:
    plan = make_plan(optimiser__name=name)
    made, again = learner(plan, norm=True), learner(plan, norm=True)
    for number in range(3):
        made.step(batch(seed=number), number=number, lr_scale=0.7)
    kept = {part: dict(tensors) for part, tensors in made.tensors().items()}
    again.restore({part: {n: t.clone() for n, t in ts.items()} for part, ts in kept.items()})
    for number in range(3, 6):
        results = [
            each.step(batch(seed=number), number=number, lr_scale=0.5) for each in (made, again)
        ]
        assert results[0] == results[1]
    assert_unmoved(again, everything(made))


@pytest.mark.parametrize("parts", [1, 2])
def test_a_loss_that_is_not_finite_moves_nothing(make_plan: MakePlan, parts: int) -> None:
    made = learner(make_plan(), norm=True)
    made.step(batch(), number=0, lr_scale=1.0)
    before = everything(made)
    bad = batch()
    bad.images[3, 0, 2, 2] = math.nan
    with pytest.raises(NonFiniteError, match=r"loss is nan at step 2.*image-3") as caught:
        made.step(bad, number=1, lr_scale=1.0, parts=parts)
    assert ("image-0" in str(caught.value)) == (parts == 1)
    assert_unmoved(made, before)


def test_a_gradient_that_is_not_finite_moves_nothing(make_plan: MakePlan) -> None:
    made = learner(make_plan(), norm=True)
    made.step(batch(), number=0, lr_scale=1.0)
    before = everything(made)
    weight = next(made.network.parameters())
    hook = weight.register_hook(lambda gradient: gradient * math.inf)
    with pytest.raises(NonFiniteError, match=r"gradient norm is (inf|nan) at step 2.*image-0"):
        made.step(batch(), number=1, lr_scale=1.0)
    hook.remove()
    assert_unmoved(made, before)


def test_after_a_failure_the_next_step_is_as_if_nothing_had_been(make_plan: MakePlan) -> None:
    made, undisturbed = (learner(make_plan(), norm=True) for _ in range(2))
    bad = batch()
    bad.images.fill_(math.inf)
    with pytest.raises(NonFiniteError):
        made.step(bad, number=0, lr_scale=1.0)
    for each in (made, undisturbed):
        each.step(batch(), number=0, lr_scale=1.0)
    assert_unmoved(made, everything(undisturbed))
