"""Which boundary pixels of two maps are the same: a one-to-one assignment of least cost.

Two pixels may correspond where they are at most a radius apart, at the cost of their distance; a
pixel without a partner costs 100 radii. So as many pairs as a chain of 200 exchanges can bring
about are formed, and among those assignments the one with the least sum of distances.

Source: the protocol of Martin, Fowlkes and Malik, "Learning to detect natural image boundaries
using local brightness, color, and texture cues", IEEE PAMI 26 (2004), appendix B. There every pixel
gets edges to six random outliers and a scaling solver finds an assignment for costs of 1/100
pixel. Here outliers are implicit, so nothing is random; the solver is exact for costs of 1/1000
pixel; and it is *dynamic*: pixels come and go one by one, each at the price of one shortest
augmenting path (Kuhn 1955; Edmonds and Karp 1972, with potentials), so that all thresholds of one
map cost little more than one.
"""

from __future__ import annotations

import numpy as np

from segwright.errors import LabelError, UsageError
from segwright.kernels import kernel

_UNITS = 1000  # of cost, a pixel
_UNMATCHED = 100  # radii that a pixel without a partner costs

_ONE, _WORD = np.uint64(1), 64
# A power of two times this number has its exponent's place in _EXPONENTS in the upper six bits.
_DE_BRUIJN, _UPPER = np.uint64(0x03F79D71B4CB0A89), np.uint64(58)
_EXPONENTS = np.argsort([(int(_DE_BRUIJN) << n) % 2**64 >> 58 for n in range(_WORD)])


class Correspondence:
    """The best assignment between a fixed boundary map and one that changes.

    Args:
        truth: (Y, X) bool, the map that stays.
        radius_px: How far apart two pixels may be that correspond.

    Raises:
        UsageError: The radius is not a finite number, 0 or more.
        LabelError: The map is not two-dimensional.
    """

    def __init__(self, truth: np.ndarray, radius_px: float) -> None:
        if not 0 <= radius_px < 1e4:
            raise UsageError(f"radius_px is {radius_px}; accepted is a number from 0 to 10,000")
        if truth.ndim != 2:
            raise LabelError(f"truth has shape {truth.shape}; accepted is (Y, X)")
        self._shape = truth.shape
        self._frame = int(radius_px)
        self._offsets, self._gains = self._neighbourhood(radius_px)
        framed = np.pad(truth.astype(bool), self._frame)
        size = framed.size
        # Sides: 0 what is marked, 1 the truth.
        self._here = np.stack([np.zeros(size, bool), framed.ravel()])
        # One bit for each step that leads from a pixel to one of the other side.
        words = -(-len(self._offsets) // _WORD)
        self._near = np.zeros((2, size, words), np.uint64)
        order = np.argsort(self._offsets)
        self._opposites = np.empty_like(order)
        self._opposites[order] = order[::-1]  # as sorted by their numbers, steps mirror each other
        _surround(self._near[0], np.flatnonzero(framed), self._offsets)
        self._duals = np.zeros((2, size), np.int64)
        self._mates = np.full((2, size), -1, np.int64)
        self._search = np.zeros((3, size), np.int64)  # distance, came from, last seen in
        # A search reaches a pixel of one side at most once from each pixel around it.
        self._heap = np.zeros((2, 64), np.int64)
        self._searches = 0

    def match(self, marked: np.ndarray) -> np.ndarray:
        """Replaces the other map.

        Args:
            marked: (Y, X) bool.

        Returns:
            (Y, X) bool, the pixels of `marked` that have a partner: as many as there are pixels of
            the truth that have one.

        Raises:
            LabelError: The map has another shape than the truth.
        """
        if marked.shape != self._shape:
            raise LabelError(
                f"the map has shape {marked.shape}; accepted is that of the truth, {self._shape}"
            )
        matched = np.empty(self._shape, bool)
        self._heap, self._searches = _replace(
            np.ascontiguousarray(marked, bool),
            matched,
            (self._here, self._duals, self._mates, self._near),
            (self._offsets, self._gains, self._opposites, self._frame),
            self._search,
            self._heap,
            self._searches,
        )
        return matched

    @property
    def cost_px(self) -> float:
        """What the assignment costs: distances, and 100 radii for each pixel left alone."""
        alone = np.count_nonzero(self._here) - 2 * np.count_nonzero(self._mates[0] >= 0)
        partners = np.flatnonzero(self._mates[0] >= 0)
        steps = self._mates[0][partners] - partners
        distances = sum(self._distance_of[int(step)] for step in steps)
        return alone * self._unmatched / _UNITS + distances / _UNITS

    def _neighbourhood(self, radius_px: float) -> tuple[np.ndarray, np.ndarray]:
        """Steps within the radius in the flat, framed map, nearest first, and what a pair gains."""
        reach = np.arange(-self._frame, self._frame + 1)
        squared = reach[:, None] ** 2 + reach**2
        y, x = np.nonzero(squared <= radius_px**2)
        order = np.argsort(squared[y, x], kind="stable")
        y, x = y[order], x[order]
        width = self._shape[1] + 2 * self._frame
        offsets = (y - self._frame) * width + x - self._frame
        costs = np.rint(np.sqrt(squared[y, x]) * _UNITS).astype(np.int64)
        self._unmatched = max(1, round(_UNMATCHED * radius_px * _UNITS))
        self._distance_of = dict(zip(offsets.tolist(), costs.tolist(), strict=True))
        return offsets, 2 * self._unmatched - costs


@kernel
def _replace(marked, matched, state, around, search, heap, searches):
    """Takes pixels out of side 0 and puts others in; the assignment is optimal after each."""
    here, _, mates, _ = state
    height, width = marked.shape
    frame = around[3]
    row = width + 2 * frame
    changed = np.empty(marked.size, np.int64)
    number = 0
    for y in range(height):
        first = (y + frame) * row + frame
        now, before = marked[y], here[0, first : first + width]
        for x in range(width):
            if now[x] != before[x]:
                changed[number] = first + x
                number += 1
    for place in changed[:number]:
        searches += 1
        if here[0, place]:
            heap = _take(place, state, around, search, heap, searches)
        else:
            heap = _put(place, state, around, search, heap, searches)
    for y in range(height):
        first = (y + frame) * row + frame
        matched[y] = mates[0, first : first + width] >= 0
    return heap, searches


@kernel
def _lowest(word):
    """The number of the lowest bit that is set."""
    return _EXPONENTS[np.int64(((word & (~word + _ONE)) * _DE_BRUIJN) >> _UPPER)]


@kernel
def _set(near, place, step, there):
    """Notes whether a step from a place leads to a pixel of the other side."""
    bit = _ONE << np.uint64(step % _WORD)
    if there:
        near[place, step // _WORD] |= bit
    else:
        near[place, step // _WORD] &= ~bit


@kernel
def _surround(near, places, offsets):
    """Notes all steps that lead to the places."""
    for place in places:
        for step in range(len(offsets)):
            _set(near, place - offsets[step], step, True)


@kernel
def _take(place, state, around, search, heap, stamp):
    _, duals, mates, _ = state
    partner = mates[0, place]
    _come_or_go(place, False, state, around)
    duals[0, place] = 0
    mates[0, place] = -1
    if partner < 0:
        return heap
    mates[1, partner] = -1
    return _augment(partner, 1, state, around, search, heap, stamp)


@kernel
def _put(place, state, around, search, heap, stamp):
    duals = state[1]
    dual = _come_or_go(place, True, state, around)
    duals[0, place] = dual
    if dual == 0:  # no partner within reach, or all have better ones
        return heap
    return _augment(place, 0, state, around, search, heap, stamp)


@kernel
def _come_or_go(place, comes, state, around):
    """Puts a pixel in side 0 or takes it out; returns the dual that a new one needs."""
    here, duals, _, near = state
    offsets, gains, opposites, _ = around
    here[0, place] = comes
    dual = 0
    for word in range(near.shape[2]):
        steps = near[0, place, word]
        while steps:
            k = _lowest(steps) + _WORD * word
            steps &= steps - _ONE
            truth = place + offsets[k]
            _set(near[1], truth, opposites[k], comes)
            dual = max(dual, gains[k] - duals[1, truth])
    return dual


@kernel
def _augment(start, side, state, around, search, heap, stamp):
    """Finds the best use of a pixel without a partner: a pair, another's place, or none.

    Dijkstra's algorithm over alternating paths with costs reduced by the potentials. A path may end
    at a free pixel of the other side, or at a pixel of this side that is better left alone.
    """
    _, duals, mates, near = state
    offsets, gains, _, _ = around
    distance, came, seen = search[0], search[1], search[2]
    other = 1 - side
    best, end, ends_free = duals[side, start], start, False
    node, travelled, size, settled = start, 0, 0, 0
    reached = np.empty(16, np.int64)
    while True:
        for word in range(near.shape[2]):
            steps = near[side, node, word]
            while steps:
                k = _lowest(steps) + _WORD * word
                steps &= steps - _ONE
                there = node + offsets[k]
                far = travelled + duals[side, node] + duals[other, there] - gains[k]
                if far < best and (seen[there] != stamp or far < distance[there]):
                    seen[there], distance[there], came[there] = stamp, far, node
                    if mates[other, there] < 0:
                        best, end, ends_free = far, there, True
                    else:
                        heap = _push(heap, size, far, there)
                        size += 1
        there = -1
        while size > 0:
            far, there = heap[0, 0], heap[1, 0]
            size -= 1
            _pop(heap, size)
            if far == distance[there]:
                break
            there = -1
        if there < 0 or distance[there] >= best:
            break
        if settled == len(reached):
            reached = np.concatenate((reached, np.empty_like(reached)))
        reached[settled] = there
        settled += 1
        node, travelled = mates[other, there], distance[there]
        if travelled + duals[side, node] < best:
            best, end, ends_free = travelled + duals[side, node], node, False
    duals[side, start] -= best
    for n in range(settled):
        rest = max(0, best - distance[reached[n]])
        duals[other, reached[n]] += rest
        duals[side, mates[other, reached[n]]] -= rest
    _flip(start, end, ends_free, side, mates, came)
    return heap


@kernel
def _flip(start, end, ends_free, side, mates, came):
    """Exchanges the pairs along a path."""
    other = 1 - side
    if end == start and not ends_free:
        return
    there = end
    if not ends_free:
        there = mates[side, end]
        mates[side, end] = -1
    while True:
        node = came[there]
        onward = mates[side, node]
        mates[side, node] = there
        mates[other, there] = node
        if node == start:
            return
        there = onward


@kernel
def _push(heap, size, key, item):
    """Puts an item into a binary heap; returns the heap, which may have grown."""
    if size == heap.shape[1]:
        heap = np.concatenate((heap, np.zeros_like(heap)), axis=1)
    at = size
    while at > 0:
        above = (at - 1) // 2
        if heap[0, above] <= key:
            break
        heap[0, at], heap[1, at] = heap[0, above], heap[1, above]
        at = above
    heap[0, at], heap[1, at] = key, item
    return heap


@kernel
def _pop(heap, size):
    """Takes the first of `size + 1` items out of a binary heap."""
    key, item = heap[0, size], heap[1, size]
    at = 0
    while True:
        below = 2 * at + 1
        if below >= size:
            break
        if below + 1 < size and heap[0, below + 1] < heap[0, below]:
            below += 1
        if heap[0, below] >= key:
            break
        heap[0, at], heap[1, at] = heap[0, below], heap[1, below]
        at = below
    heap[0, at], heap[1, at] = key, item
