"""Labels of pixels that cost least, where borders cost something too."""

from __future__ import annotations

import numpy as np

UNITS = 10_000
"""Whole numbers that a cost of 1 is divided into."""

_HIGHEST = 20_000.0
_STEPS = ((0, 1), (1, -1), (1, 0), (1, 1))


def potts_labels(
    unary: np.ndarray, weights: np.ndarray, *, sweeps: int = 10
) -> tuple[np.ndarray, float]:
    """Labels with a low sum of costs of labels and of borders between unlike neighbours.

    Two labels: the minimum cut, which is exact. More: alpha-expansion, each label in turn taking
    what lowers the cost most, until none does; the cost is at most twice the least.

    Args:
        unary: (K, Y, X) float32 ≥ 0, cost of each label, at most 20,000; K ≥ 2.
        weights: (Y, X, 4) float32 ≥ 0, cost of a border to the pixels right, below left, below and
            below right, at most 2,000; what lies outside the image is not looked at.
        sweeps: Rounds of all labels at most.

    Returns:
        (Y, X) int32 labels, and their cost.

    Source: Boykov, Veksler and Zabih 2001; graph: Kolmogorov and Zabih 2004; cut: Boykov and
    Kolmogorov 2004.
    """
    from segwright.classical.graphs.max_flow_kernels import energy

    costs = np.rint(np.minimum(unary, _HIGHEST) * UNITS).astype(np.int32)
    borders = _inside(np.rint(np.minimum(weights, 2000.0) * UNITS).astype(np.int32))
    if len(costs) == 2:
        found = _expanded(costs, borders, np.zeros(costs.shape[1:], np.int32), 1)
        return found, float(energy(costs, borders, found)) / UNITS
    found = costs.argmin(0).astype(np.int32)
    best, unchanged = energy(costs, borders, found), 0
    for turn in range(sweeps * len(costs)):
        trial = _expanded(costs, borders, found, turn % len(costs))
        cost = energy(costs, borders, trial)
        unchanged = unchanged + 1 if cost >= best else 0
        if cost < best:
            found, best = trial, cost
        if unchanged == len(costs):
            break
    return found, float(best) / UNITS


def contrast_weights(pixels: np.ndarray) -> np.ndarray:
    """How little a border is seen: near 1 between like colours, near 0 across an edge.

    exp(-d² / 2s²) / length, with d the distance of two neighbours' colours, s² the mean of d² over
    all neighbours of the image, and the length of the step, 1 or √2 (Boykov and Jolly 2001; s as in
    Rother, Kolmogorov and Blake 2004).

    Args:
        pixels: (Y, X, C) float32.

    Returns:
        (Y, X, 4) float32: to the pixels right, below left, below and below right; 0 outside.
    """
    height, width = pixels.shape[:2]
    apart = np.zeros((height, width, 4), np.float32)
    for direction in range(4):
        here, there = _pair(direction, (height, width))
        step = pixels[here] - pixels[there]
        apart[(*here, direction)] = np.einsum("yxc,yxc->yx", step, step)
    pairs = sum(max(0, height - dy) * max(0, width - abs(dx)) for dy, dx in _STEPS)
    mean = float(apart.sum(dtype=np.float64)) / max(1, pairs)
    lengths = np.array([np.hypot(*step) for step in _STEPS], np.float32)
    return _inside(np.exp(apart / np.float32(-2 * mean if mean else -1)) / lengths)


def _pair(direction: int, size_hw: tuple[int, int]) -> tuple[tuple[slice, slice], ...]:
    """Where the pixels that have a neighbour in a direction lie, and where these lie."""
    height, width = size_hw
    dy, dx = _STEPS[direction]
    rows = slice(0, max(0, height - dy)), slice(dy, height)
    columns = slice(max(0, -dx), width - max(0, dx)), slice(max(0, dx), width - max(0, -dx))
    return (rows[0], columns[0]), (rows[1], columns[1])


def _inside(weights: np.ndarray) -> np.ndarray:
    """Zero where there is no neighbour."""
    found = np.zeros_like(weights)
    for direction in range(4):
        here, _ = _pair(direction, weights.shape[:2])
        found[(*here, direction)] = weights[(*here, direction)]
    return found


def _expanded(unary: np.ndarray, weights: np.ndarray, labels: np.ndarray, alpha: int) -> np.ndarray:
    """(Y, X) int32: the best labels that differ from `labels` only by being `alpha`."""
    from segwright.classical.graphs.max_flow_kernels import expansion, min_cut

    height, width = labels.shape
    terminal = np.zeros((height + 2, width + 2), np.int32)
    capacity = np.zeros((height + 2, width + 2, 8), np.int32)
    expansion(unary, weights, labels, alpha, terminal, capacity)
    row = width + 2
    offsets = np.array([-row - 1, -row, -row + 1, -1, 1, row - 1, row, row + 1], np.int64)
    kept, _ = min_cut(terminal.ravel(), capacity.reshape(-1, 8), offsets)
    kept = kept.reshape(height + 2, width + 2)[1:-1, 1:-1]
    return np.where(kept, labels, np.int32(alpha))
