"""Thin structures: whether vessels, cracks and roads are found along their length.

Source: Shit et al., "clDice – a novel topology-preserving loss function for tubular structure
segmentation", CVPR 2021, arXiv 2003.07311, section 3.1.
"""

from __future__ import annotations

import numpy as np
from skimage.morphology import skeletonize


def centreline_dice(truth: np.ndarray, predicted: np.ndarray) -> float | None:
    """Harmonic mean of the shares of each mask's centre line that lies inside the other mask.

    Args:
        truth: (Y, X) bool, where the class is, without ignored pixels.
        predicted: (Y, X) bool, where it is predicted, without ignored pixels.

    Returns:
        0 (nothing of either line is covered) … 1 (all of both); None where neither has a pixel.

    Example:
        >>> line = np.zeros((5, 9), bool)
        >>> line[2] = True
        >>> centreline_dice(line, line)
        1.0
    """
    if not (truth.any() or predicted.any()):
        return None
    if not (truth.any() and predicted.any()):
        return 0.0
    precision = np.mean(truth[skeletonize(predicted)])
    recall = np.mean(predicted[skeletonize(truth)])
    return float(2 * precision * recall / max(precision + recall, 1e-12))
