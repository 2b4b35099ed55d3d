"""Kernel that grows labels into gaps."""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel


@kernel
def grow(labels):
    """Gives negative pixels of (Y, X) int32, in place, the label that reaches them first."""
    height, width = labels.shape
    gaps = 0
    for y in range(height):
        for x in range(width):
            gaps += labels[y, x] < 0
    queue = np.empty(gaps, np.int64)
    end = 0
    # The first ring takes labels that are there; all later ones take those of the ring before.
    for y in range(height):
        for x in range(width):
            if labels[y, x] >= 0:
                continue
            label = -1
            if y > 0 and labels[y - 1, x] >= 0:
                label = labels[y - 1, x]
            elif x > 0 and labels[y, x - 1] >= 0:
                label = labels[y, x - 1]
            elif x + 1 < width and labels[y, x + 1] >= 0:
                label = labels[y, x + 1]
            elif y + 1 < height and labels[y + 1, x] >= 0:
                label = labels[y + 1, x]
            if label >= 0:
                queue[end] = y * width + x
                labels[y, x] = -2 - label  # not seen yet by the other pixels of the ring
                end += 1
    for at in range(end):
        y, x = queue[at] // width, queue[at] % width
        labels[y, x] = -2 - labels[y, x]
    at = 0
    while at < end:
        y, x = queue[at] // width, queue[at] % width
        for side in range(4):
            near_y = y + (side == 3) - (side == 0)
            near_x = x + (side == 2) - (side == 1)
            if near_y < 0 or near_x < 0 or near_y >= height or near_x >= width:
                continue
            if labels[near_y, near_x] < 0:
                labels[near_y, near_x] = labels[y, x]
                queue[end] = near_y * width + near_x
                end += 1
        at += 1
