"""Kernel that solves the combinatorial Dirichlet problem on a grid.

Conjugate gradients with a modified incomplete Cholesky factor as preconditioner: on a grid with 4
neighbours the factor has the pattern of the matrix, so that only its diagonal is kept.

Source: Grady 2006 (the problem); Gustafsson 1978 (modified incomplete factorisation).
"""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel

_MODIFIED = 0.97
_ROUNDS = 10_000


@kernel
def _multiply(weights, free, diagonal, values, found) -> float:
    """The matrix times `values`; returns the product of both."""
    height, width = free.shape
    total = 0.0
    for y in range(height):
        for x in range(width):
            if not free[y, x]:
                continue
            one = diagonal[y, x] * values[y, x]
            if x > 0:
                one -= weights[y, x - 1, 0] * values[y, x - 1]
            if x + 1 < width:
                one -= weights[y, x, 0] * values[y, x + 1]
            if y > 0:
                one -= weights[y - 1, x, 1] * values[y - 1, x]
            if y + 1 < height:
                one -= weights[y, x, 1] * values[y + 1, x]
            found[y, x] = one
            total += one * values[y, x]
    return total


@kernel
def _factor(weights, free, diagonal) -> np.ndarray:
    """Inverse square roots of the pivots."""
    height, width = free.shape
    found = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            if not free[y, x]:
                continue
            pivot = diagonal[y, x]
            if x > 0 and free[y, x - 1]:
                before = found[y, x - 1] ** 2 * weights[y, x - 1, 0]
                pivot -= before * weights[y, x - 1, 0]
                if y + 1 < height and free[y + 1, x - 1]:
                    pivot -= _MODIFIED * before * weights[y, x - 1, 1]
            if y > 0 and free[y - 1, x]:
                before = found[y - 1, x] ** 2 * weights[y - 1, x, 1]
                pivot -= before * weights[y - 1, x, 1]
                if x + 1 < width and free[y - 1, x + 1]:
                    pivot -= _MODIFIED * before * weights[y - 1, x, 0]
            # Positive but for rounding: rows of the matrix do not sum to less than zero.
            found[y, x] = 1 / np.sqrt(max(pivot, 1e-10 * diagonal[y, x]))
    return found


@kernel
def _precondition(weights, free, factor, residual, found) -> float:
    """Solves by the factor; returns the product with the residual."""
    height, width = free.shape
    for y in range(height):
        for x in range(width):
            if not free[y, x]:
                continue
            one = residual[y, x]
            if x > 0:
                one += weights[y, x - 1, 0] * factor[y, x - 1] * found[y, x - 1]
            if y > 0:
                one += weights[y - 1, x, 1] * factor[y - 1, x] * found[y - 1, x]
            found[y, x] = one * factor[y, x]
    total = 0.0
    for y in range(height - 1, -1, -1):
        for x in range(width - 1, -1, -1):
            if not free[y, x]:
                continue
            one = found[y, x]
            if x + 1 < width:
                one += weights[y, x, 0] * factor[y, x] * found[y, x + 1]
            if y + 1 < height:
                one += weights[y, x, 1] * factor[y, x] * found[y + 1, x]
            found[y, x] = one * factor[y, x]
            total += found[y, x] * residual[y, x]
    return total


@kernel
def walk(
    weights: np.ndarray, seeds: np.ndarray, tolerance: float, found: np.ndarray,
    begin: int, end: int,
) -> None:  # fmt: skip
    """For some labels, how likely a walk from each pixel comes to a seed of the label first.

    Args:
        weights: (Y, X, 2) float64, of the edges to the pixels right and below; 0 outside.
        seeds: (Y, X) int32, labels of seeds, -1 where there is none; each free pixel is connected
            with some seed.
        tolerance: It ends when no pixel's chance would be corrected by more.
        found: (K, Y, X) float32, to be written.
        begin: First label.
        end: Behind the last.
    """
    height, width = seeds.shape
    free = seeds < 0
    diagonal = np.zeros((height, width))
    for y in range(height):
        for x in range(width):
            diagonal[y, x] = weights[y, x, 0] + weights[y, x, 1]
            if x > 0:
                diagonal[y, x] += weights[y, x - 1, 0]
            if y > 0:
                diagonal[y, x] += weights[y - 1, x, 1]
    factor = _factor(weights, free, diagonal)
    for label in range(begin, end):
        # The residual of nothing is what comes in from the seeds of the label.
        residual = np.zeros((height, width))
        values = np.where(seeds == label, 1.0, 0.0)
        _multiply(weights, free, diagonal, values, residual)
        residual = np.where(free, -residual, 0.0)
        solution = np.zeros((height, width))
        step, product = np.zeros((height, width)), np.zeros((height, width))
        prepared = np.zeros((height, width))
        error = _precondition(weights, free, factor, residual, prepared)
        step[:] = prepared
        for _ in range(_ROUNDS):
            # Not the residual: where weights are tiny it is, however wrong the solution.
            if np.abs(prepared).max() <= tolerance:
                break
            share = error / _multiply(weights, free, diagonal, step, product)
            solution += share * step
            residual -= share * product
            before = error
            error = _precondition(weights, free, factor, residual, prepared)
            step = prepared + (error / before) * step
        found[label] = np.where(free, solution, values)
