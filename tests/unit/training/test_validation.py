"""Scoring while training says what the evaluation room says."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest
import torch
from torch.nn import functional

from segwright.errors import NonFiniteError
from segwright.evaluation import evaluate_parts
from segwright.plan import Plan
from segwright.training.material import Material
from segwright.training.planning import make_learner
from segwright.training.validation import Validation, as_segmenter

MakePlan = Callable[..., Plan]


def test_the_score_is_the_evaluation_of_the_averaged_weights(
    material: Material, make_plan: MakePlan
) -> None:
    plan = make_plan(validation__images=100)
    learner = make_learner(plan, material)
    batches = material.batches(plan).starting_at(0)
    for number in range(10):
        learner.step(next(batches), number=number, lr_scale=1.0)
    weights = {name: tensor.clone() for name, tensor in learner.network.state_dict().items()}
    score = Validation(learner, material, plan)()
    # Scoring has not touched the network that learns.
    now = learner.network.state_dict()
    assert all(torch.equal(now[name], weights[name]) for name in weights)

    learner.average.copy_to(learner.network)
    segmenter = as_segmenter(learner.network, material, plan)
    evaluation = evaluate_parts([(segmenter, material.val)])
    assert score.images == len(material.val)
    assert score.mean_iou == pytest.approx(evaluation.mean_iou.value)
    losses = []
    for index in range(len(material.val)):
        sample = material.val[index]
        output = segmenter.segment(sample.image, probabilities=True).probabilities
        assert output is not None
        truth = torch.from_numpy(sample.labels.ids.astype(np.int64))
        logs = torch.from_numpy(output).log()
        losses.append(functional.nll_loss(logs[None], truth[None], ignore_index=255).item())
    assert score.loss == pytest.approx(float(np.mean(losses)), rel=1e-4)


def test_a_part_of_the_images_is_the_same_every_time(
    material: Material, make_plan: MakePlan
) -> None:
    plan = make_plan(validation__images=1)
    validation = Validation(make_learner(plan, material), material, plan)
    assert validation() == validation()
    assert validation().images == 1


def test_weights_that_are_not_finite_end_the_run_with_a_remedy_for_it(
    material: Material, make_plan: MakePlan, monkeypatch: pytest.MonkeyPatch
) -> None:
    learner = make_learner(plan := make_plan(), material)

    def spoil(network: torch.nn.Module) -> None:
        for parameter in network.parameters():
            parameter.data.fill_(float("nan"))

    monkeypatch.setattr(learner.average, "copy_to", spoil)
    with pytest.raises(NonFiniteError, match=r"in validation on \w+; .*optimiser\.lr"):
        Validation(learner, material, plan)()
