"""How sure a network may say it is: one number that makes its probabilities honest.

Probabilities are raised to the power 1 / temperature and brought back to a sum of 1. Networks are
mostly surer than they are right, which a temperature above 1 corrects; the most probable class
stays the same, so no label changes.

Source: Guo et al., "On calibration of modern neural networks", ICML 2017, arXiv 1706.04599. There
the logits are divided; for one view of an image it is the same. Here the mean over tiles, mirrored
views and scales is tempered, since that is what decides the label.
"""

from __future__ import annotations

import math

import numpy as np

LOWEST, HIGHEST = 0.25, 10.0
_SMALLEST = np.float32(1e-12)
_GOLDEN = (math.sqrt(5) - 1) / 2


def tempered(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Probabilities at a temperature.

    Args:
        probabilities: (K, …) float32, sum 1 over K.
        temperature: Above 0; 1 changes nothing.

    Returns:
        (K, …) float32, the most probable class unchanged.
    """
    if temperature == 1:
        return probabilities
    powers = _powers(probabilities, temperature)
    return powers / powers.sum(axis=0)


def tempered_highest(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """The probability of the most probable class at a temperature: (K, …) float32 → (…)."""
    if temperature == 1:
        return probabilities.max(axis=0)
    return 1 / _powers(probabilities, temperature).sum(axis=0)


def fit_temperature(probabilities: np.ndarray, truth: np.ndarray) -> float:
    """The temperature at which the truth is least surprising.

    Args:
        probabilities: (K, N) float32 of N pixels at temperature 1.
        truth: (N,) their classes.

    Returns:
        `LOWEST` … `HIGHEST`; 1 without any pixel.
    """
    if truth.size == 0:
        return 1.0
    logs = np.log(np.maximum(probabilities, _SMALLEST)).astype(np.float64)
    logs -= logs.max(axis=0)
    right = np.take_along_axis(logs, truth[None].astype(np.intp), axis=0)[0].mean()

    def surprise(log_temperature: float) -> float:
        sharpness = math.exp(-log_temperature)
        return float(np.log(np.exp(logs * sharpness).sum(axis=0)).mean() - right * sharpness)

    # Convex in the sharpness, so that golden sections find the one minimum.
    low, high = math.log(LOWEST), math.log(HIGHEST)
    while high - low > 1e-3:
        a, b = high - _GOLDEN * (high - low), low + _GOLDEN * (high - low)
        low, high = (low, b) if surprise(a) < surprise(b) else (a, high)
    return round(math.exp((low + high) / 2), 3)


def judged_pixels(
    probabilities: np.ndarray, truth: np.ndarray, *, ignore_index: int, most: int
) -> tuple[np.ndarray, np.ndarray]:
    """Some pixels of an image, evenly spread: neighbours say the same.

    Args:
        probabilities: (K, Y, X) float32.
        truth: (Y, X) class ids.
        ignore_index: The id of pixels that nobody is judged on.
        most: About how many are wanted at the most.

    Returns:
        (K, N) float32 and (N,) ids, for `fit_temperature`.
    """
    judged = np.flatnonzero(truth.ravel() != ignore_index)
    some = judged[:: max(1, len(judged) // most)]
    return probabilities.reshape(len(probabilities), -1)[:, some], truth.ravel()[some]


def _powers(probabilities: np.ndarray, temperature: float) -> np.ndarray:
    """Powers of the probabilities as shares of the highest, which is 1."""
    logs = np.log(np.maximum(probabilities, _SMALLEST))
    logs -= logs.max(axis=0)
    logs *= np.float32(1 / temperature)
    return np.exp(logs, out=logs)
