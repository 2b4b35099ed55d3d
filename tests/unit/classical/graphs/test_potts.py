"""Minimum cuts against brute force and SciPy, and alpha-expansion against brute force."""

from __future__ import annotations

import itertools

import numpy as np
import pytest

from segwright.classical.catalog import build_method
from segwright.classical.graphs.potts import contrast_weights, potts_labels
from segwright.images.image import Image

pytest.importorskip("numba")
sparse = pytest.importorskip("scipy.sparse")
csgraph = pytest.importorskip("scipy.sparse.csgraph")

STEPS = ((0, 1), (1, -1), (1, 0), (1, 1))


def problem(size_hw: tuple[int, int], labels: int, seed: int) -> tuple[np.ndarray, np.ndarray]:
    rng = np.random.default_rng(seed)
    unary = rng.integers(0, 100, (labels, *size_hw)).astype(np.float32)
    # Also outside the image, where no border is.
    return unary, rng.integers(0, 60, (*size_hw, 4)).astype(np.float32)


def pairs(size_hw: tuple[int, int]):
    for y, x, direction in np.ndindex(*size_hw, 4):
        ny, nx = y + STEPS[direction][0], x + STEPS[direction][1]
        if ny < size_hw[0] and 0 <= nx < size_hw[1]:
            yield (y, x), (ny, nx), direction


def cost(labels: np.ndarray, unary: np.ndarray, weights: np.ndarray) -> float:
    total = float(np.take_along_axis(unary, labels[None], 0).sum())
    for here, there, direction in pairs(labels.shape):
        total += float(weights[(*here, direction)]) if labels[here] != labels[there] else 0.0
    return total


def least_cost(unary: np.ndarray, weights: np.ndarray) -> float:
    count, *size_hw = unary.shape
    every = itertools.product(range(count), repeat=int(np.prod(size_hw)))
    return min(cost(np.array(one).reshape(size_hw), unary, weights) for one in every)


@pytest.mark.parametrize("size_hw", [(1, 1), (1, 6), (5, 1), (2, 4), (3, 3)])
@pytest.mark.parametrize("seed", range(3))
def test_two_labels_are_cut_at_the_least_cost(size_hw: tuple[int, int], seed: int):
    unary, weights = problem(size_hw, 2, seed)
    labels, told = potts_labels(unary, weights)
    assert told == cost(labels, unary, weights) == least_cost(unary, weights)


@pytest.mark.parametrize("seed", range(6))
def test_more_labels_come_close_to_the_least_cost(seed: int):
    unary, weights = problem((2, 3), 3, seed)
    labels, told = potts_labels(unary, weights)
    assert told == cost(labels, unary, weights)
    assert told <= 1.05 * least_cost(unary, weights)  # the bound is 2


def test_no_expansion_of_one_label_is_better():
    unary, weights = problem((3, 3), 4, 1)
    labels, told = potts_labels(unary, weights)
    for alpha in range(4):
        for taken in itertools.product((False, True), repeat=9):
            trial = np.where(np.reshape(taken, (3, 3)), alpha, labels)
            assert cost(trial, unary, weights) >= told


@pytest.mark.parametrize("strength", [1, 3])
def test_larger_cuts_cost_as_much_as_the_flow_of_scipy(strength: int):
    size_hw = (40, 50)
    unary, weights = problem(size_hw, 2, strength)
    weights *= strength
    number = np.arange(2000).reshape(size_hw)
    arcs = []
    for here, there, direction in pairs(size_hw):
        weight = int(weights[(*here, direction)])
        arcs += [(number[here], number[there], weight), (number[there], number[here], weight)]
    for place in np.ndindex(size_hw):
        arcs.append((2000, number[place], int(unary[(1, *place)])))
        arcs.append((number[place], 2001, int(unary[(0, *place)])))
    one, other, room = np.array(arcs, np.int32).T
    graph = sparse.csr_array((room, (one, other)), shape=(2002, 2002))
    flow = csgraph.maximum_flow(graph, 2000, 2001).flow_value
    labels, told = potts_labels(unary, weights)
    assert told == flow == cost(labels, unary, weights)


def test_contrast_is_relative_to_that_of_the_image():
    pixels = np.array([[[0.0], [0.0], [0.6]], [[0.0], [0.0], [0.6]]], np.float32)
    weights = contrast_weights(pixels)
    steps = [0, 0.36, 0, 0.36, 0, 0, 0, 0, 0.36, 0, 0.36]  # of the 11 pairs of neighbours
    across = np.exp(-0.36 / (2 * np.mean(steps)))
    assert weights[0, 0] == pytest.approx([1, 0, 1, 0.5**0.5])
    assert weights[0, 1] == pytest.approx([across, 0.5**0.5, 1, across * 0.5**0.5], rel=1e-5)
    assert weights[1, 2] == pytest.approx([0, 0, 0, 0])
    assert contrast_weights(np.zeros((1, 2, 1), np.float32))[0, 0, 0] == 1


def test_noise_is_smoothed_and_edges_are_kept():
    rng = np.random.default_rng(0)
    truth = np.zeros((50, 60), bool)
    truth[10:40, 20:50] = True
    values = np.where(truth, 150, 100) + rng.normal(0, 25, truth.shape)
    image = Image(np.clip(values, 0, 255).astype(np.uint8)[..., None])
    agree = {}
    for smoothness in (0.0, 3.0):
        parts = build_method("graph_cut", clusters=2, smoothness=smoothness).parts(image)
        agree[smoothness] = ((parts == 1) == truth).mean()
    assert agree[0.0] < 0.9 and agree[3.0] > 0.97
    mixture = build_method("gmm", clusters=2).parts(image)
    alone = build_method("graph_cut", clusters=2, smoothness=0).parts(image)
    assert np.array_equal(mixture, alone)


def test_clusters_of_a_fitted_cut_are_those_of_all_images():
    dark, bright = (Image(np.full((20, 20, 1), value, np.uint8)) for value in (40, 200))
    method = build_method("graph_cut", clusters=2).fit([dark, bright])
    assert (method.parts(dark) == 0).all() and (method.parts(bright) == 1).all()
