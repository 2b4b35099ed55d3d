"""The cells of the bilateral grid that an image has along its axes of colour, and their blur."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from itertools import pairwise
from typing import Self

import numpy as np

from segwright.errors import UsageError
from segwright.refine.grid_nodes import REACH, STEP, blur_weights


class TooManyColours(UsageError):
    """The image has more colours than there is memory for; a part of it may have fewer."""


_MOST_SPANNED = 2**25  # cells between the extremes of all axes, with or without a colour
_Pass = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class Colours:
    """The colour cells of an image.

    Attributes:
        base: (Y, X) int32 number of each pixel's nearest cell among all that are nearest.
        stencil: (nearest cells, J) int32 numbers of the cells around each.
        shares: (Y, X, J) float32 of these cells.
        number: Of cells.
        passes: For the blur along each axis, (starts, numbers, weights): where the list of each
            cell after it begins, cells before it, float32 weights.
        room: The largest number of cells between passes.
        own: (Y, X) weight that the kernel gives a colour on itself, about 1.
    """

    base: np.ndarray
    stencil: np.ndarray
    shares: np.ndarray
    number: int
    passes: tuple[_Pass, ...]
    room: int
    own: np.ndarray

    @classmethod
    def of(cls, colours: np.ndarray, *, most: int) -> Colours:
        """The cells of (Y, X, D) colours in standard deviations, `most` of them at most.

        Raises:
            TooManyColours: There are more, or the colours are too far apart.
        """
        from segwright.kernels import in_shares
        from segwright.refine.colour_kernels import describe

        *size_hw, dimensions = colours.shape
        positions = principal(colours) / np.float32(STEP)
        ends = positions.min((0, 1)), positions.max((0, 1))
        lowest, highest = (np.floor(end + np.float32(0.5)).astype(int) for end in ends)
        origin = lowest - 1 - REACH  # room around the colours, so that no code is of two places
        extent = highest - origin + 2 + REACH
        _require_at_most(_MOST_SPANNED, math.prod(extent.tolist()), "colours from end to end")
        strides = np.append(np.cumprod(extent[:0:-1])[::-1], 1)
        steps = np.arange(3)
        codes, shares = np.empty(size_hw, np.int32), np.empty((*size_hw, 3**dimensions), np.float32)
        own = np.empty(size_hw, np.float32)
        given = positions, origin, strides, blur_weights(steps[:, None] - steps)
        in_shares(describe, size_hw[0], *given, codes, shares, own, at_least=16)
        nearest = _Cells.of(codes, math.prod(extent.tolist()))
        around = np.array(list(itertools.product((-1, 0, 1), repeat=dimensions))) @ strides
        stencil = nearest.codes[:, None] + around
        cells = _Cells.of(stencil, len(nearest.numbers))
        _require_at_most(most, len(cells.codes), "different colours")
        return cls(
            nearest.numbers[codes],
            cells.numbers[stencil],
            shares,
            len(cells.codes),
            *_blur(cells, strides.tolist()),
            own,
        )


def _require_at_most(most: int, found: int, what: str) -> None:
    if found > most:
        raise TooManyColours(
            f"the image has {found} {what} at this precision; accepted are {most}",
            where="refine: crf",
            remedy="Choose a larger edge_tone, such as 0.05",
        )


@dataclass(frozen=True, eq=False)
class _Cells:
    """Cells of a dense grid, numbered in the order of their codes.

    Attributes:
        codes: (n,) rising.
        exist: (size,) bool of all codes.
        numbers: (size,) int32 of all codes; of those that exist, 0 … n - 1.
    """

    codes: np.ndarray
    exist: np.ndarray
    numbers: np.ndarray

    @classmethod
    def of(cls, codes: np.ndarray, size: int) -> Self:
        exist = np.zeros(size, bool)
        exist[codes] = True
        return cls.existing(exist)

    @classmethod
    def existing(cls, exist: np.ndarray) -> Self:
        return cls(np.flatnonzero(exist), exist, np.cumsum(exist, dtype=np.int32) - 1)


def principal(colours: np.ndarray) -> np.ndarray:
    """(Y, X, D) colours along their principal axes, the longest last: these need fewest cells."""
    flat = colours.reshape(-1, colours.shape[-1])
    centred = flat - flat.mean(0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    return (centred @ axes).reshape(colours.shape)


def _blur(cells: _Cells, strides: list[int]) -> tuple[tuple[_Pass, ...], int]:
    """The blur of cells along each axis of colour, and the most cells in between.

    Between two passes stand the cells that are reached from some cell by those before and reach
    some cell by those after.
    """
    reached, reaching = [cells.exist], [cells.exist]
    for first, last in zip(strides[:-1], strides[:0:-1], strict=True):
        reached.append(_spread(reached[-1], first))
        reaching.append(_spread(reaching[-1], last))
    stages = [
        _Cells.existing(one & other)
        for one, other in zip(reached[1:], reaching[:0:-1], strict=True)
    ]
    between = [cells, *stages, cells]
    passes = tuple(
        _pass(before, after, stride)
        for (before, after), stride in zip(pairwise(between), strides, strict=True)
    )
    return passes, max(len(one.codes) for one in between)


def _spread(exist: np.ndarray, stride: int) -> np.ndarray:
    """Which cells are within reach of some along an axis; there is room around the cells."""
    found = exist.copy()
    for shift in range(stride, stride * REACH + 1, stride):
        found[shift:] |= exist[:-shift]
        found[:-shift] |= exist[shift:]
    return found


def _pass(before: _Cells, after: _Cells, stride: int) -> _Pass:
    steps = np.arange(-REACH, REACH + 1)
    # What lies beyond the room is taken for a cell inside it, where none is before this pass.
    codes = np.clip(after.codes[:, None] + stride * steps, 0, len(before.exist) - 1)
    exists = before.exist[codes]
    weights = np.broadcast_to(blur_weights(steps), codes.shape)
    return starts_of(exists.sum(1)), before.numbers[codes[exists]], weights[exists]


def starts_of(counts: np.ndarray) -> np.ndarray:
    """Where consecutive lists of given lengths begin, and the end of the last."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
