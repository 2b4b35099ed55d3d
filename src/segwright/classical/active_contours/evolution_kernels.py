"""Kernels that move a contour by one step.

What is inside a contour is a (Y + 2, X + 2) uint8 picture of 0 and 1 with a frame of zeros, so that
no pixel needs to ask whether it has neighbours. `begin` and `end` count the rows of the image.
"""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel


@kernel
def open_lines(inside: np.ndarray, found: np.ndarray, begin: int, end: int) -> None:
    """Keeps the pixels that lie on a line of three, in any of four directions.

    The supremum of erosions by the four lines: it takes away what sticks out.
    """
    for y in range(begin + 1, end + 1):
        for x in range(1, inside.shape[1] - 1):
            found[y, x] = inside[y, x] & (
                (inside[y - 1, x] & inside[y + 1, x])
                | (inside[y, x - 1] & inside[y, x + 1])
                | (inside[y - 1, x - 1] & inside[y + 1, x + 1])
                | (inside[y - 1, x + 1] & inside[y + 1, x - 1])
            )


@kernel
def close_lines(inside: np.ndarray, found: np.ndarray, begin: int, end: int) -> None:
    """Adds the pixels that every line of three through them touches the inside with.

    The infimum of dilations by the four lines: it fills what bends in.
    """
    for y in range(begin + 1, end + 1):
        for x in range(1, inside.shape[1] - 1):
            found[y, x] = inside[y, x] | (
                (inside[y - 1, x] | inside[y + 1, x])
                & (inside[y, x - 1] | inside[y, x + 1])
                & (inside[y - 1, x - 1] | inside[y + 1, x + 1])
                & (inside[y - 1, x + 1] | inside[y + 1, x - 1])
            )


@kernel
def sums_inside(
    inside: np.ndarray, pixels: np.ndarray, counts: np.ndarray, sums: np.ndarray,
    begin: int, end: int,
) -> None:  # fmt: skip
    """Counts the pixels inside, and sums their colours, row by row.

    Args:
        inside: The contour.
        pixels: (Y, X, C) float32.
        counts: (Y,) int64; written.
        sums: (Y, C) float64; written.
        begin: First row.
        end: Row behind the last.
    """
    for y in range(begin, end):
        counts[y] = 0
        sums[y] = 0
        for x in range(pixels.shape[1]):
            if inside[y + 1, x + 1]:
                counts[y] += 1
                for channel in range(pixels.shape[2]):
                    sums[y, channel] += pixels[y, x, channel]


@kernel
def _slope(inside: np.ndarray, y: int, x: int, along_y: bool) -> int:
    """Twice the derivative at a pixel: central, at the border of the image one-sided."""
    if along_y:
        low = inside[max(y - 1, 1), x]
        high = inside[min(y + 1, inside.shape[0] - 2), x]
    else:
        low = inside[y, max(x - 1, 1)]
        high = inside[y, min(x + 1, inside.shape[1] - 2)]
    return int(np.int64(high) - np.int64(low))  # of bytes, which have no sign


@kernel
def move_to_alike(
    inside: np.ndarray, pixels: np.ndarray, within: np.ndarray, without: np.ndarray,
    found: np.ndarray, begin: int, end: int,
) -> None:  # fmt: skip
    """Puts pixels at the contour to the side whose mean colour is closer.

    Args:
        inside: The contour.
        pixels: (Y, X, C) float32.
        within: (C,) float64 mean colour inside.
        without: (C,) float64 mean colour outside.
        found: The new contour; written.
        begin: First row.
        end: Row behind the last.
    """
    for y in range(begin, end):
        for x in range(pixels.shape[1]):
            here = inside[y + 1, x + 1]
            if _slope(inside, y + 1, x + 1, True) or _slope(inside, y + 1, x + 1, False):
                gain = 0.0
                for channel in range(pixels.shape[2]):
                    value = pixels[y, x, channel]
                    gain += (value - within[channel]) ** 2 - (value - without[channel]) ** 2
                if gain < 0:
                    here = 1
                elif gain > 0:
                    here = 0
            found[y + 1, x + 1] = here


@kernel
def blow(
    inside: np.ndarray, free: np.ndarray, outwards: bool, found: np.ndarray, begin: int, end: int
) -> None:
    """Moves the contour by one pixel where nothing holds it.

    Args:
        inside: The contour.
        free: (Y, X) bool, where it moves.
        outwards: Or inwards; the outside of the image counts as outside.
        found: The new contour; written.
        begin: First row.
        end: Row behind the last.
    """
    for y in range(begin + 1, end + 1):
        for x in range(1, inside.shape[1] - 1):
            here = inside[y, x]
            if free[y - 1, x - 1] and here != outwards:
                for move in range(9):
                    if inside[y + move // 3 - 1, x + move % 3 - 1] == outwards:
                        here = np.uint8(outwards)
            found[y, x] = here


@kernel
def move_downhill(
    inside: np.ndarray, relief_y: np.ndarray, relief_x: np.ndarray, found: np.ndarray,
    begin: int, end: int,
) -> None:  # fmt: skip
    """Moves the contour towards the valleys of a relief.

    Args:
        inside: The contour.
        relief_y: (Y, X) float32, the derivative of the relief along Y.
        relief_x: The same along X.
        found: The new contour; written.
        begin: First row.
        end: Row behind the last.
    """
    for y in range(begin, end):
        for x in range(relief_y.shape[1]):
            pull = relief_y[y, x] * _slope(inside, y + 1, x + 1, True)
            pull += relief_x[y, x] * _slope(inside, y + 1, x + 1, False)
            here = inside[y + 1, x + 1]
            if pull > 0:
                here = 1
            elif pull < 0:
                here = 0
            found[y + 1, x + 1] = here
