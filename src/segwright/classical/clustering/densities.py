"""The likeliest of several Gaussians for each point."""

from __future__ import annotations

import numpy as np

from segwright.kernels import in_shares, kernel

_BLOCK = 512


def likeliest(
    points: np.ndarray, means: np.ndarray, whitening: np.ndarray, logs: np.ndarray
) -> np.ndarray:
    """(n,) uint8 numbers of Gaussians for points (F, n); see `Gaussians`, all float32."""
    labels = np.empty(points.shape[1], np.uint8)
    blocks = -(-points.shape[1] // _BLOCK)
    in_shares(_likeliest, blocks, points, means, whitening, logs, labels, at_least=16)
    return labels


@kernel
def _likeliest(points, means, whitening, logs, labels, begin, end):
    size, num_points = points.shape
    away = np.empty((size, _BLOCK), np.float32)
    row = np.empty(_BLOCK, np.float32)
    square = np.empty(_BLOCK, np.float32)
    best = np.empty(_BLOCK, np.float32)
    label = np.empty(_BLOCK, np.int32)
    for block in range(begin, end):
        start, stop = block * _BLOCK, min((block + 1) * _BLOCK, num_points)
        best[:] = -np.inf
        label[:] = 0
        for one in range(len(means)):
            square[:] = 0
            for f in range(size):
                mean = means[one, f]
                part = points[f, start:stop]
                for j in range(stop - start):
                    away[f, j] = part[j] - mean
            for f in range(size):
                row[:] = 0
                for g in range(f + 1):
                    weight = whitening[one, f, g]
                    for j in range(_BLOCK):
                        row[j] += weight * away[g, j]
                for j in range(_BLOCK):
                    square[j] += row[j] * row[j]
            for j in range(_BLOCK):
                log = logs[one] - np.float32(0.5) * square[j]
                likelier = log > best[j]
                best[j] = log if likelier else best[j]
                label[j] = one if likelier else label[j]
        for j in range(stop - start):
            labels[start + j] = label[j]
