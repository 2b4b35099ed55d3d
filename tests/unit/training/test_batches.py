"""Batches are a function of the step alone."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import closing
from itertools import islice

import pytest
import torch

from segwright.plan import Plan
from segwright.training.batches import Batch
from segwright.training.material import Material

MakePlan = Callable[..., Plan]


def batches(material: Material, plan: Plan, *, start: int = 0, count: int = 9) -> list[Batch]:
    with closing(material.batches(plan).starting_at(start)) as stream:
        return list(islice(stream, count))


def assert_equal(one: list[Batch], other: list[Batch]) -> None:
    assert len(one) == len(other)
    for a, b in zip(one, other, strict=True):
        assert a.keys == b.keys
        assert torch.equal(a.images, b.images) and torch.equal(a.targets, b.targets)


@pytest.mark.parametrize("workers", [1, 2, 3])
def test_workers_change_nothing(material: Material, make_plan: MakePlan, workers: int) -> None:
    alone = batches(material, make_plan(workers=0))
    assert_equal(alone, batches(material, make_plan(workers=workers)))


@pytest.mark.parametrize("workers", [0, 2])
@pytest.mark.parametrize("start", [1, 4, 7])
def test_starting_later_is_skipping(
    material: Material, make_plan: MakePlan, start: int, workers: int
) -> None:
    plan = make_plan(workers=workers)
    assert_equal(batches(material, plan, start=start, count=2), batches(material, plan)[start:][:2])


def test_every_epoch_is_another_permutation(material: Material, make_plan: MakePlan) -> None:
    count = len(material.train)
    found = batches(material, make_plan(batch_size=1), count=3 * count)
    keys = [batch.keys[0] for batch in found]
    epochs = [keys[at : at + count] for at in range(0, 3 * count, count)]
    assert all(sorted(epoch) == sorted(material.train.dataset.keys) for epoch in epochs)
    assert len(set(map(tuple, epochs))) > 1


def test_the_seed_and_the_step_change_what_is_seen(material: Material, make_plan: MakePlan) -> None:
    first, *others = batches(material, make_plan())
    other_seed = batches(material, make_plan(seed=1), count=1)[0]
    assert not any(torch.equal(first.images, other.images) for other in [other_seed, *others])


def test_shapes_layout_and_ids(material: Material, make_plan: MakePlan) -> None:
    batch = batches(material, make_plan(input__loss_stride=2, batch_size=3), count=1)[0]
    assert batch.images.shape == (3, 3, 32, 32) and batch.images.dtype == torch.float32
    assert batch.images.is_contiguous(memory_format=torch.channels_last)
    assert batch.targets.shape == (3, 16, 16) and batch.targets.dtype == torch.int64
    assert set(batch.targets.unique().tolist()) <= {0, 1, 255}


@pytest.mark.parametrize("stride", [2, 3])
def test_thinned_labels_come_from_every_place_and_from_the_same_crops(
    material: Material, make_plan: MakePlan, stride: int
) -> None:
    every = batches(material, make_plan(input__loss_stride=1), count=12)
    thin = batches(material, make_plan(input__loss_stride=stride), count=12)
    corners = []
    for whole, part in zip(every, thin, strict=True):
        assert torch.equal(whole.images, part.images)
        for ids, few in zip(whole.targets, part.targets, strict=True):
            assert len(few) == 32 // stride
            fitting = [
                (top, left)
                for top in range(stride)
                for left in range(stride)
                if torch.equal(ids[top::stride, left::stride][: len(few), : len(few)], few)
            ]
            assert fitting
            corners += fitting if len(fitting) == 1 else []
    assert {top for top, _ in corners} == {left for _, left in corners} == set(range(stride))


def test_images_are_normalised(material: Material, make_plan: MakePlan) -> None:
    images = torch.cat([batch.images for batch in batches(material, make_plan(), count=40)])
    assert images.mean().abs() < 0.5
    assert 0.5 < images.std() < 2


@pytest.mark.parametrize(("count", "sizes"), [(1, [5]), (2, [3, 2]), (3, [2, 2, 1]), (9, [1] * 5)])
def test_parts_cover_the_batch_in_order(count: int, sizes: list[int]) -> None:
    whole = Batch(torch.arange(5.0)[:, None], torch.arange(5), tuple("abcde"))
    parts = list(whole.parts(count))
    assert [len(part.keys) for part in parts] == sizes
    assert torch.equal(torch.cat([part.images for part in parts]), whole.images)
    assert "".join("".join(part.keys) for part in parts) == "abcde"


def test_closing_stops_the_threads(material: Material, make_plan: MakePlan) -> None:
    import threading

    batches(material, make_plan(workers=2), count=2)
    assert not [t for t in threading.enumerate() if t.name.startswith("sample")]
