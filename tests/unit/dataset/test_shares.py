"""Units go where a hash says, and then where every class has its share."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from segwright.dataset.shares import Targets, assign_blocks, assign_units

THREE = Targets((0.7, 0.15, 0.15), seed=0)


def _held(features: np.ndarray, splits: list[int], number: int = 3) -> np.ndarray:
    shares = features / features.sum(axis=0)
    return np.array([shares[np.array(splits) == split].sum(axis=0) for split in range(number)])


def _units(count: int, classes: int = 4, seed: int = 0) -> tuple[list[str], np.ndarray]:
    rng = np.random.default_rng(seed)
    areas = rng.gamma(0.5, 1000, (count, classes)).round() * (rng.random((count, classes)) < 0.5)
    return [f"unit {i}" for i in range(count)], np.column_stack((np.ones(count), areas))


def test_shares_are_near_their_targets() -> None:
    names, features = _units(400)
    held = _held(features, assign_units(names, features, THREE))
    assert np.abs(held - np.array([[0.7], [0.15], [0.15]])).max() < 0.03


def test_a_rare_class_is_divided_where_a_hash_would_leave_it_together() -> None:
    features = np.ones((60, 2))
    features[:, 1] = 0
    features[[3, 30, 50], 1] = 1  # of three units with the class, every split gets one
    names = [f"{i}" for i in range(60)]
    thirds = Targets((1 / 3, 1 / 3, 1 / 3), seed=1)
    splits = assign_units(names, features, thirds)
    assert {splits[3], splits[30], splits[50]} == {0, 1, 2}
    assert all(17 <= splits.count(one) <= 23 for one in range(3))


@settings(max_examples=40)
@given(count=st.integers(3, 40), seed=st.integers(0, 5), shuffled=st.randoms())
def test_the_order_of_units_changes_nothing_and_no_split_is_empty(
    count: int, seed: int, shuffled: object
) -> None:
    names, features = _units(count, seed=seed)
    targets = Targets((0.7, 0.15, 0.15), seed)
    splits = assign_units(names, features, targets)
    assert set(splits) == {0, 1, 2}
    order = list(range(count))
    shuffled.shuffle(order)  # type: ignore[attr-defined]
    again = assign_units([names[i] for i in order], features[order], targets)
    assert again == [splits[i] for i in order]


def test_another_unit_moves_few_others() -> None:
    names, features = _units(300)
    splits = assign_units(names, features, THREE)
    moved = []
    for number in range(5):
        more = np.vstack((features, features[number]))
        again = assign_units([*names, f"new {number}"], more, THREE)
        moved.append(sum(one != other for one, other in zip(splits, again[:-1], strict=True)))
    assert np.median(moved) <= 6  # a new draw would move 46 %: 139


def test_seeds_differ() -> None:
    names, features = _units(50)
    found = [assign_units(names, features, Targets((0.5, 0.5), seed)) for seed in (0, 0, 1)]
    assert found[0] == found[1] != found[2]


@pytest.mark.parametrize("lengths", [[20], [3], [10, 30], [7, 1, 2], [1, 1, 3]])
def test_sequences_are_cut_into_one_block_for_each_split(lengths: list[int]) -> None:
    rng = np.random.default_rng(0)
    features = [np.column_stack((np.ones(n), rng.random((n, 2)))) for n in lengths]
    found = assign_blocks([f"s{i}" for i in range(len(lengths))], features, THREE)
    assert [len(one) for one in found] == lengths
    for splits in found:
        changes = sum(one != other for one, other in pairwise(splits))
        assert changes == len(set(splits)) - 1  # no split comes back
    assert {split for splits in found for split in splits} == {0, 1, 2}
    if lengths[0] == 20:
        assert sorted(map(found[0].count, range(3))) == [3, 3, 14]


def test_blocks_lie_where_classes_get_their_share() -> None:
    # The class is at the beginning of one sequence and at the end of the other.
    features = []
    for rare in (slice(0, 4), slice(16, 20)):
        one = np.ones((20, 2))
        one[:, 1] = 0
        one[rare, 1] = 1
        features.append(one)
    halves = Targets((0.5, 0.5), seed=0)
    for seed in range(4):
        found = assign_blocks(["a", "b"], features, Targets(halves.fractions, seed))
        assert found[0][0] != found[1][19]  # each half of the class is in another split
