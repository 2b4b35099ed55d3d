"""Samples in memory, as far as there is room."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.dataset import Dataset, Sample
from segwright.training.material import Material
from segwright.training.store import SampleStore

BYTES = 48 * 64 * (3 + 1)  # of one sample


class Counting:
    """Stands for a data set and counts what is read."""

    def __init__(self, dataset: Dataset) -> None:
        self.dataset = dataset
        self.reads: list[int] = []

    def __len__(self) -> int:
        return len(self.dataset)

    def __getitem__(self, index: int) -> Sample:
        self.reads.append(index)
        return self.dataset[index]


@pytest.mark.parametrize(("room", "kept"), [(0, 0), (BYTES - 1, 0), (2 * BYTES, 2), (10**9, 6)])
def test_what_fits_is_read_once(material: Material, room: int, kept: int) -> None:
    dataset = Counting(material.train.dataset)
    store = SampleStore(dataset, room)  # pyright: ignore[reportArgumentType]
    keys = [sample.key for sample in store.read_all()]
    assert keys == list(material.train.dataset.keys)
    dataset.reads.clear()
    for index in range(len(store)):
        expected = material.train.dataset[index]
        assert store[index].key == expected.key
        assert np.array_equal(store[index].image.pixels, expected.image.pixels)
    assert dataset.reads == [i for i in range(kept, len(store)) for _ in range(2)]


@pytest.mark.parametrize("count", [1, 3, 4, 5])
def test_any_number_of_samples_comes_in_order(material: Material, count: int) -> None:
    store = SampleStore(material.train.dataset.subset(range(count)))
    assert [sample.key for sample in store.read_all()] == list(store.dataset.keys)


def test_reading_may_be_left_early(material: Material) -> None:
    reading = SampleStore(material.train.dataset).read_all()
    assert next(reading).key == material.train.dataset.keys[0]
    reading.close()
