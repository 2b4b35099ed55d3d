"""Lloyd's algorithm: centres that lie amid the points nearest to them.

Source: Lloyd 1982: Least squares quantization in PCM; started as in Arthur & Vassilvitskii 2007:
k-means++, the advantages of careful seeding, with several trials a centre (section 5 there).

Sums are made over blocks of fixed size and added in their order, so that centres do not depend on
the number of threads.
"""

from __future__ import annotations

import numpy as np

from segwright.kernels import in_shares, kernel

_BLOCK = 1024
_ROUNDS = 100
_TOLERANCE = 1e-4  # squared move of the centres, in mean variances of the points


def centres_of(points: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """Finds centres with a small sum of squared distances to the points.

    Args:
        points: (F, n) float32, n ≥ 1.
        count: Centres wanted; where fewer points differ, some centres are the same.
        rng: Draws the first centres.

    Returns:
        (count, F) float32 in ascending order of the first coordinate, then the second and so on.
    """
    centres = _seeds(points, count, rng)
    enough = _TOLERANCE * float(points.var(axis=1, dtype=np.float64).mean())
    for _ in range(_ROUNDS):
        moved = _improved(points, centres)
        shift = float(((moved - centres) ** 2).sum())
        centres = moved
        if shift <= enough:
            break
    return centres[np.lexsort(centres.T[::-1])].astype(np.float32)


def nearest(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """(n,) uint8: the nearest of at most 256 centres (k, F) to each point (F, n), float32."""
    labels = np.empty(points.shape[1], np.uint8)
    in_shares(_nearest, _blocks(points), points, centres.astype(np.float32), labels, at_least=16)
    return labels


def inertia(points: np.ndarray, centres: np.ndarray) -> float:
    """The sum of squared distances of points (F, n) to the nearest of the centres (k, F)."""
    return float(_moments(points, centres)[2].sum())


def _seeds(points: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """(count, F) float64: points far from each other, drawn by squared distance."""
    trials = 2 + int(np.log(count))
    size, num_points = points.shape
    found = np.empty((count, size))
    found[0] = points[:, rng.integers(num_points)]
    closest = np.full(num_points, np.inf, np.float32)
    shorter = np.empty((trials, num_points), np.float32)
    _, closest = _best_trial(points, found[:1], closest, shorter)
    for number in range(1, count):
        ladder = np.cumsum(closest, dtype=np.float64)
        drawn = np.searchsorted(ladder, rng.random(trials) * ladder[-1], side="right")
        candidates = points[:, np.minimum(drawn, num_points - 1)].T.astype(np.float64)
        best, closest = _best_trial(points, candidates, closest, shorter)
        found[number] = candidates[best]
    return found


def _best_trial(
    points: np.ndarray, candidates: np.ndarray, closest: np.ndarray, shorter: np.ndarray
) -> tuple[int, np.ndarray]:
    """The candidate that brings the points nearest to a centre, and their squared distances."""
    shorter = shorter[: len(candidates)]
    given = candidates.astype(np.float32)
    in_shares(_shorten, _blocks(points), points, given, closest, shorter, at_least=16)
    best = int(shorter.sum(axis=1, dtype=np.float64).argmin())
    return best, shorter[best].copy()


def _improved(points: np.ndarray, centres: np.ndarray) -> np.ndarray:
    """The means of the points nearest to each centre; a centre without any takes a far point."""
    sums, counts, squares = _moments(points, centres)
    moved = np.divide(sums, counts[:, None], out=centres.copy(), where=counts[:, None] > 0)
    empty = np.flatnonzero(counts == 0)
    if len(empty):
        far = np.argsort(squares, kind="stable")[::-1][: len(empty)]
        for centre, point in zip(empty, far, strict=False):
            if squares[point] > 0:
                moved[centre] = points[:, point]
    return moved


def _moments(points: np.ndarray, centres: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Sums (k, F) and counts (k,) of the points of each centre; their squared distances (n,)."""
    count, size = centres.shape
    blocks = _blocks(points)
    sums = np.zeros((blocks, count, size))
    counts = np.zeros((blocks, count), np.int64)
    squares = np.empty(points.shape[1], np.float32)
    given = centres.astype(np.float32)
    in_shares(_sum, blocks, points, given, sums, counts, squares, at_least=16)
    return sums.sum(0), counts.sum(0), squares


def _blocks(points: np.ndarray) -> int:
    return -(-points.shape[1] // _BLOCK)


@kernel
def _shorten(points, candidates, closest, shorter, begin, end):
    size, num_points = points.shape
    for block in range(begin, end):
        start, stop = block * _BLOCK, min((block + 1) * _BLOCK, num_points)
        for trial in range(len(candidates)):
            row = shorter[trial, start:stop]
            row[:] = 0
            for f in range(size):
                value = candidates[trial, f]
                part = points[f, start:stop]
                for j in range(stop - start):
                    row[j] += (part[j] - value) * (part[j] - value)
            known = closest[start:stop]
            for j in range(stop - start):
                row[j] = min(row[j], known[j])


@kernel
def _nearest(points, centres, labels, begin, end):
    size, num_points = points.shape
    square = np.empty(_BLOCK, np.float32)
    best = np.empty(_BLOCK, np.float32)
    label = np.empty(_BLOCK, np.int32)
    for block in range(begin, end):
        start, stop = block * _BLOCK, min((block + 1) * _BLOCK, num_points)
        best[:] = np.inf
        label[:] = 0
        for centre in range(len(centres)):
            square[:] = 0
            for f in range(size):
                value = centres[centre, f]
                part = points[f, start:stop]
                for j in range(stop - start):
                    square[j] += (part[j] - value) * (part[j] - value)
            for j in range(stop - start):
                closer = square[j] < best[j]
                best[j] = square[j] if closer else best[j]
                label[j] = centre if closer else label[j]
        for j in range(stop - start):
            labels[start + j] = label[j]


@kernel
def _sum(points, centres, sums, counts, squares, begin, end):
    size, num_points = points.shape
    square = np.empty(_BLOCK, np.float32)
    label = np.empty(_BLOCK, np.int32)
    for block in range(begin, end):
        start, stop = block * _BLOCK, min((block + 1) * _BLOCK, num_points)
        best = squares[start:stop]
        best[:] = np.inf
        label[:] = 0
        for centre in range(len(centres)):
            square[:] = 0
            for f in range(size):
                value = centres[centre, f]
                part = points[f, start:stop]
                for j in range(stop - start):
                    square[j] += (part[j] - value) * (part[j] - value)
            for j in range(stop - start):
                closer = square[j] < best[j]
                best[j] = square[j] if closer else best[j]
                label[j] = centre if closer else label[j]
        for j in range(stop - start):
            counts[block, label[j]] += 1
            for f in range(size):
                sums[block, label[j], f] += points[f, start + j]
