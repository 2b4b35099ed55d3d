"""The nodes of the bilateral grid: how far apart, what a pixel gives to them, how they blur."""

from __future__ import annotations

import numpy as np

STEP = 0.75  # of the grid, in standard deviations
REACH = 5  # steps that the blur goes, in which it falls to exp(-10): pixels unlike all hear far
NODES = 3  # along each axis, that a pixel gives to and takes from
_LEFT = 1 / STEP**2 - 0.5  # variance of the blur between nodes: giving and taking is 1/4 each


class Axis:
    """The nodes along one axis of the image.

    Args:
        length: Of the axis, in pixels.
        sigma_px: Standard deviation of the distance in the image.
        sides: Of the blocks that give to nodes, and of those that take from them.

    Attributes:
        count: Number of nodes.
        blur: (count, count) float32.
        own: (length,) weight that the kernel gives a pixel on itself, about 1.
    """

    def __init__(self, length: int, sigma_px: float, sides: tuple[int, int]) -> None:
        self._length, self._step_px = length, sigma_px * STEP
        self._first = round(-(length - 1) / 2 / self._step_px) - 1
        self.count = 1 - 2 * self._first
        steps = np.arange(self.count)
        blocks = sum(side**2 - 1 for side in sides) / 12 / self._step_px**2  # they blur as well
        self.blur = blur_weights(steps[:, None] - steps, less=blocks)
        given, taken = (self._spread(side) for side in sides)
        self.own = ((given @ self.blur) * taken).sum(1)

    def blocks(self, side: int) -> tuple[np.ndarray, np.ndarray]:
        """The first of 3 nodes of each block, and the float32 shares (blocks, 3) of these."""
        begins = np.arange(0, self._length, side)
        middle = (begins + np.minimum(begins + side, self._length) - 1) / 2
        nearest, shares = quadratic((middle - (self._length - 1) / 2) / self._step_px)
        return nearest - 1 - self._first, shares

    def _spread(self, side: int) -> np.ndarray:
        """(length, count) shares of all nodes for each pixel."""
        base, shares = self.blocks(side)
        spread = np.zeros((len(base), self.count), np.float32)
        np.put_along_axis(spread, base[:, None] + np.arange(3), shares, axis=1)
        return np.repeat(spread, side, axis=0)[: self._length]


def quadratic(position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The quadratic B-splines around positions: nearest nodes, (…, 3) float32 shares."""
    nearest = np.rint(position)
    off = (position - nearest).astype(np.float32)
    half = np.float32(0.5)
    shares = (half * (half - off) ** 2, np.float32(0.75) - off**2, half * (half + off) ** 2)
    return nearest.astype(np.int64), np.stack(shares, axis=-1)


def blur_weights(steps: np.ndarray, less: float = 0.0) -> np.ndarray:
    """A Gaussian at whole steps, with the sum that one of standard deviation 1 and height 1 has.

    Args:
        steps: Between nodes.
        less: Variance, in steps, by which values are blurred already besides giving and taking.
    """
    variance = _LEFT - less
    height = (variance * STEP**2) ** -0.5
    return (height * np.exp(-(steps**2) / (2 * variance))).astype(np.float32)
