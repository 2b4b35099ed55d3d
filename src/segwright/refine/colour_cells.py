"""The cells of the bilateral grid that an image has along its axes of colour, and their blur."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from segwright.errors import UsageError
from segwright.refine.grid_nodes import REACH, STEP, blur_weights, quadratic


class TooManyColours(UsageError):
    """The image has more colours than there is memory for; a part of it may have fewer."""


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
        """The cells of (Y, X, D) colours in standard deviations, `most` of them at most."""
        dimensions = colours.shape[-1]
        nearest, shares = quadratic(principal(colours) / np.float32(STEP))
        nearest -= nearest.min((0, 1)) - 1 - REACH  # so that no code is that of two places
        extent = nearest.max((0, 1)) + 2 + REACH
        strides = np.append(np.cumprod(extent[:0:-1])[::-1], 1)
        codes, base = np.unique(nearest @ strides, return_inverse=True)
        around = np.array(list(itertools.product((-1, 0, 1), repeat=dimensions)))
        cells, stencil = np.unique(codes[:, None] + around @ strides, return_inverse=True)
        if len(cells) > most:
            raise TooManyColours(
                f"the image has {len(cells)} different colours at this precision; accepted are "
                f"{most} with as many places",
                where="refine: crf",
                remedy="Choose a larger edge_tone, such as 0.05",
            )
        steps = np.arange(3)
        blur = blur_weights(steps[:, None] - steps)
        own = np.prod(((shares @ blur) * shares).sum(-1), axis=-1)
        each = shares[..., 0, :]
        for d in range(1, dimensions):
            each = (each[..., None] * shares[..., d, None, :]).reshape(*each.shape[:2], -1)
        return cls(
            base.reshape(colours.shape[:2]).astype(np.int32),
            stencil.reshape(len(codes), -1).astype(np.int32),
            np.ascontiguousarray(each),
            len(cells),
            *_blur(cells, strides.tolist()),
            own,
        )


def principal(colours: np.ndarray) -> np.ndarray:
    """(Y, X, D) colours along their principal axes, the longest last: these need fewest cells."""
    flat = colours.reshape(-1, colours.shape[-1])
    centred = flat - flat.mean(0)
    _, axes = np.linalg.eigh(centred.T @ centred)
    return (centred @ axes).reshape(colours.shape)


def _blur(cells: np.ndarray, strides: list[int]) -> tuple[tuple[_Pass, ...], int]:
    """The blur of sorted cells along each axis of colour, and the most cells in between.

    Between two passes stand the cells that are reached from some cell by those before and reach
    some cell by those after.
    """
    reached, reaching = [cells], [cells]
    for first, last in zip(strides[:-1], strides[:0:-1], strict=True):
        reached.append(_spread(reached[-1], first))
        reaching.append(_spread(reaching[-1], last))
    stages = [
        np.intersect1d(one, other, assume_unique=True)
        for one, other in zip(reached[1:], reaching[:0:-1], strict=True)
    ]
    between = [cells, *stages, cells]
    passes = tuple(
        _pass(before, after, stride)
        for (before, after), stride in zip(pairwise(between), strides, strict=True)
    )
    return passes, max(map(len, between))


def _spread(cells: np.ndarray, stride: int) -> np.ndarray:
    return np.unique(cells[:, None] + stride * np.arange(-REACH, REACH + 1))


def _pass(before: np.ndarray, after: np.ndarray, stride: int) -> _Pass:
    steps = np.arange(-REACH, REACH + 1)
    codes = after[:, None] + stride * steps
    found = np.minimum(np.searchsorted(before, codes), len(before) - 1)
    exists = before[found] == codes
    weights = np.broadcast_to(blur_weights(steps), codes.shape)
    return starts_of(exists.sum(1)), found[exists].astype(np.int32), weights[exists]


def starts_of(counts: np.ndarray) -> np.ndarray:
    """Where consecutive lists of given lengths begin, and the end of the last."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)
