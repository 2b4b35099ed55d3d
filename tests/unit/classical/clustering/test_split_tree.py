"""A tree of two-means splits, beside thresholds found by trying all."""

from __future__ import annotations

import numpy as np
import pytest

pytest.importorskip("numba", reason="the extra 'classical' is not installed")

from segwright.classical.clustering.split_tree import SplitTree, _split


def test_the_first_split_is_the_best_of_all_along_the_axis():
    rng = np.random.default_rng(0)
    points = np.concatenate([rng.normal(0, 1, (1, 40)), rng.normal(3, 0.3, (1, 25))], axis=1)
    split = _split(points, 0.1)
    assert split is not None
    inertias = [
        points[points <= bound].var() * (points <= bound).sum()
        + points[points > bound].var() * (points > bound).sum()
        for bound in np.sort(points.ravel())[:-1]
    ]
    beyond = split[2]
    got = points[:, beyond].var() * beyond.sum() + points[:, ~beyond].var() * (~beyond).sum()
    assert got == pytest.approx(min(inertias))


@pytest.mark.parametrize("spread", [0.05, 0.2, 0.6])
def test_leaves_spread_no_more_than_they_may(spread: float):
    points = np.random.default_rng(1).random((3, 4000)).astype(np.float32)
    tree = SplitTree.of(points, spread=spread, least=2)
    leaves = tree.leaf_of(points)
    assert set(leaves) == set(range(tree.leaves))
    for leaf in range(tree.leaves):
        own = points[:, leaves == leaf].astype(np.float64)
        assert np.sqrt(own.var(axis=1).sum()) <= spread * (1 + 1e-6)
    assert (tree.leaves == 1) == (spread == 0.6)


def test_equal_points_are_one_leaf_and_few_points_are_not_split():
    same = SplitTree.of(np.full((2, 50), 0.3, np.float32), spread=1e-9, least=2)
    assert same.leaves == 1
    few = SplitTree.of(np.array([[0, 1, 2]], np.float32), spread=1e-9, least=4)
    assert few.leaves == 1
    three = SplitTree.of(np.array([[0, 0, 1, 2]], np.float32), spread=1e-9, least=2)
    assert three.leaves == 3
    leaves = three.leaf_of(np.array([[0, 0, 1, 2]], np.float32))
    assert leaves[0] == leaves[1] and len(set(leaves)) == 3
