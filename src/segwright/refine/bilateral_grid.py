"""Sums over all pixels of an image, weighted by nearness in place and colour.

The kernel is a Gaussian of the distance in the image times a Gaussian of the distance in colour.
Nodes stand on a regular grid in place × colour, one standard deviation apart. A pixel gives its
value to the 3 nodes around it along each axis (quadratic B-splines), the nodes are blurred by the
Gaussian that is left to do, and the pixel takes the sum from the same nodes. Three nodes where a
trilinear grid or a permutohedral lattice has two: the spread of the shares is then the same
wherever a pixel lies between the nodes, so that all pixels see a kernel of the same width. That is
what makes the sums precise.

Only colour cells near a colour of the image exist. Pixels give and take in blocks of a few pixels,
as if they all were in the middle of it.

Errors of the mean of labels (0 or 1) over a street photograph of 360×480, weighted by the kernel,
at 1,000 pixels: 0.0003 on average, 99 % below 0.006, the largest 0.012 at a pixel with few others
like it (60 px, a twentieth of full scale); of a network's probabilities 0.0002, 0.004 and 0.007.

Source: J. Chen, S. Paris, F. Durand, "Real-time edge-aware image processing with the bilateral
grid", ACM Transactions on Graphics 26 (2007), there with nearest or linear shares.
`benchmarks/crf_speed.py` measures errors and times.
"""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from segwright.errors import UsageError
from segwright.kernels import in_shares
from segwright.refine import grid_kernels as kernels

_STEP = 0.7  # of the grid, in standard deviations
_LEFT = 1 / _STEP**2 - 0.5  # variance of the blur between nodes: giving and taking is 1/4 each
_REACH = 6  # steps that the blur goes, in which it falls to exp(-11): pixels unlike all hear far
_MOST_BYTES = 2 * 2**30  # of a table; there are two as large
_MOST_LANES = 16
_NODES = 3  # along each axis, that a pixel gives to and takes from
# Sides of blocks. What is given is summed up over many blocks, so that their coarseness evens out;
# what a pixel takes is its own.
_GIVING_PX, _TAKING_PX = 6, 2
_COARSEST_PX = 45.0  # standard deviation from which blocks are as large


class _Axis:
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
        self._length, self._step_px = length, sigma_px * _STEP
        self._first = round(-(length - 1) / 2 / self._step_px) - 1
        self.count = 1 - 2 * self._first
        steps = np.arange(self.count)
        blocks = sum(side**2 - 1 for side in sides) / 12 / self._step_px**2  # they blur as well
        self.blur = _gaussian((steps[:, None] - steps) ** 2, _LEFT - blocks)
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


class TooManyColours(UsageError):
    """The image has more colours than there is memory for; a part of it may have fewer."""


_Pass = tuple[np.ndarray, np.ndarray, np.ndarray]


@dataclass(frozen=True, eq=False)
class _Colours:
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
    def of(cls, colours: np.ndarray, *, most: int) -> _Colours:
        """The cells of (Y, X, D) colours in standard deviations, `most` of them at most."""
        dimensions = colours.shape[-1]
        nearest, shares = quadratic(colours / np.float32(_STEP))
        nearest -= nearest.min((0, 1)) - 1 - _REACH  # so that no code is that of two places
        extent = nearest.max((0, 1)) + 2 + _REACH
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
        blur = _gaussian(np.array([[0, 1, 4], [1, 0, 1], [4, 1, 0]]), _LEFT)
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
    return np.unique(cells[:, None] + stride * np.arange(-_REACH, _REACH + 1))


def _pass(before: np.ndarray, after: np.ndarray, stride: int) -> _Pass:
    steps = np.arange(-_REACH, _REACH + 1)
    codes = after[:, None] + stride * steps
    found = np.minimum(np.searchsorted(before, codes), len(before) - 1)
    exists = before[found] == codes
    weights = np.broadcast_to(_gaussian(steps**2, _LEFT), codes.shape)
    return _starts(exists.sum(1)), found[exists].astype(np.int32), weights[exists]


def quadratic(position: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """The quadratic B-splines around positions: nearest nodes, (…, 3) float32 shares."""
    nearest = np.rint(position)
    off = (position - nearest).astype(np.float32)
    half = np.float32(0.5)
    shares = (half * (half - off) ** 2, np.float32(0.75) - off**2, half * (half + off) ** 2)
    return nearest.astype(np.int64), np.stack(shares, axis=-1)


def _gaussian(squared: np.ndarray, variance: float) -> np.ndarray:
    """A Gaussian in steps with the sum that one of standard deviation 1 and height 1 has."""
    height = (variance * _STEP**2) ** -0.5
    return (height * np.exp(-squared / (2 * variance))).astype(np.float32)


def _starts(counts: np.ndarray) -> np.ndarray:
    """Where consecutive lists of given lengths begin, and the end of the last."""
    return np.concatenate([[0], np.cumsum(counts)]).astype(np.int32)


class _Blocks:
    """Blocks of pixels, with local numbers for the colour cells that their pixels touch.

    Args:
        side: Of a block, in pixels.
        axes: Along Y and along X.
        colours: Cells of the image.

    Attributes:
        rows: Of blocks.
        local: (Y, X, J) uint16.
        grid: What kernels take: side, lists of cells, and the nodes of rows and columns of blocks.
    """

    def __init__(self, side: int, axes: tuple[_Axis, _Axis], colours: _Colours) -> None:
        (base_y, share_y), (base_x, share_x) = (axis.blocks(side) for axis in axes)
        self.rows, columns = len(base_y), len(base_x)
        base, stencil = colours.base, colours.stencil
        given = base, stencil, columns, base.shape, side
        counts = np.empty(self.rows * columns, np.int32)
        in_shares(kernels.count_cells, len(counts), *given, counts)
        starts = _starts(counts)
        cells_of = np.empty(starts[-1], np.int32)
        self.local = np.empty((*base.shape, stencil.shape[1]), np.uint16)
        in_shares(kernels.list_cells, len(counts), *given, starts, cells_of, self.local)
        self.grid = side, starts, cells_of, base_y, base_x, share_y, share_x

    def strips(self) -> list[np.ndarray]:
        """Rows of blocks that give to the same nodes, in sets of which no two share a node."""
        ends = np.flatnonzero(np.diff(self.grid[3])) + 1
        borders = np.concatenate([[0], ends, [self.rows]])
        strips = np.stack([borders[:-1], borders[1:]], axis=1)
        return [strips[first::_NODES] for first in range(min(_NODES, len(strips)))]


class BilateralGrid:
    """The kernel exp(-|place - place'|² / 2σ² - |colour - colour'|² / 2) of one image.

    Built once for an image and used for any number of sums, one at a time.

    Args:
        colours: (Y, X, D) float32 with D 1 … 3, in standard deviations of the colour kernel.
        sigma_px: Standard deviation of the distance in the image.

    Attributes:
        own: (Y, X) float32, the weight of each pixel in its own sum, about 1.
    """

    def __init__(self, colours: np.ndarray, sigma_px: float) -> None:
        sides = _side(sigma_px, _GIVING_PX), _side(sigma_px, _TAKING_PX)
        height, width, _ = colours.shape
        axes = _Axis(height, sigma_px, sides), _Axis(width, sigma_px, sides)
        self._along = axes[0].blur, axes[1].blur
        nodes = axes[0].count * axes[1].count
        self._colours = _Colours.of(colours, most=_MOST_BYTES // (4 * _MOST_LANES * nodes))
        self._giving, self._taking = (_Blocks(side, axes, self._colours) for side in sides)
        cells = self._colours.number
        self._size = cells, axes[0].count, axes[1].count
        marked = np.zeros((axes[0].count * axes[1].count, cells), bool)
        kernels.mark_cells(self._taking.grid, self._size, marked)
        self._wanted = _starts(marked.sum(1)), np.nonzero(marked)[1].astype(np.int32)
        self._places = np.cumsum(marked, dtype=np.int32) - np.int32(1)
        self._tables: dict[int, tuple[np.ndarray, np.ndarray, np.ndarray]] = {}
        self.own = self._colours.own * axes[0].own[:, None] * axes[1].own

    def sums(self, values: np.ndarray, scale: np.ndarray) -> np.ndarray:
        """Weighted sums over all pixels, each pixel itself included.

        Args:
            values: (Y, X, L) float32; L is 4, 8, 12 or 16.
            scale: (Y, X) float32 that values are multiplied by first.

        Returns:
            (Y, X, L) float32: the sum over p of kernel(·, p) · scale(p) · values(p).
        """
        lanes, size = tuple(range(values.shape[-1])), self._size
        giving, taking, shares = self._giving, self._taking, self._colours.shares
        nodes, placed, blurred = self._room(len(lanes))
        given = lanes, values.reshape(-1), scale, shares, giving.local, giving.grid, nodes, size
        for strips in giving.strips():
            in_shares(kernels.splat, len(strips), *given, strips)
        in_shares(kernels.blur_places, size[0], lanes, nodes, size, *self._along, placed)
        near = self._wanted, self._colours.passes, self._colours.room
        in_shares(kernels.blur_colours, size[1] * size[2], lanes, placed, size[0], *near, blurred)
        sums = np.empty_like(values)
        pixels = shares, taking.local, taking.grid, sums.reshape(-1)
        in_shares(kernels.slice_, taking.rows, lanes, blurred, self._places, size, *pixels)
        return sums

    def _room(self, length: int) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Tables for rows of a length, the first of zeros: new memory takes longer than sums."""
        if length not in self._tables:
            numbers = math.prod(self._size) * length
            wanted = len(self._wanted[1]) * length
            self._tables[length] = (
                np.zeros(numbers, np.float32), np.empty(numbers, np.float32),
                np.empty(wanted, np.float32),
            )  # fmt: skip
        return self._tables[length]


def _side(sigma_px: float, most: int) -> int:
    return max(1, min(int(sigma_px * most / _COARSEST_PX), most))
