"""Regions that are too small to be meant."""

from __future__ import annotations

import heapq
from collections import Counter, defaultdict
from collections.abc import Mapping
from typing import Any, ClassVar, Literal

import numpy as np

from segwright.images.image import Image
from segwright.labels.components import components
from segwright.refine.labelling import Labelling
from segwright.refine.step import AreaStep


class RemoveSmall(AreaStep):
    """Gives regions below an area to the class that they touch most.

    A region is connected along sides and corners; touching is counted in sides of pixels. The
    smallest region goes first, and what it joins has grown when its own turn comes. Regions that
    touch nothing but ignored pixels or the border stay.

    Attributes:
        area_px: Regions of fewer pixels go.
        area_mm2: The same in mm².
    """

    step: Literal["remove_small"] = "remove_small"
    search: ClassVar[Mapping[str, tuple[Any, ...]]] = {"area_px": (8, 30, 120, 500, 2000)}

    def apply(self, labelling: Labelling, image: Image) -> Labelling:
        limit = self.limit_px(image)
        regions, count = components(labelling.ids)
        area = np.bincount(regions.ravel(), minlength=count)
        classes = np.zeros(count, np.int64)
        classes[regions.ravel()] = labelling.ids.ravel()
        chosen = self.chosen(labelling.labels.classes)
        small = np.flatnonzero((area < limit) & np.isin(classes, chosen))
        if not len(small):
            return labelling
        ignore = labelling.labels.classes.ignore_index
        merged = _Regions(regions, area, classes, ignore=ignore)
        classes = merged.without(small.tolist(), limit, set(chosen))
        return labelling.relabelled(classes[regions])


class _Regions:
    """Regions, what they touch, and which have become one.

    Args:
        numbers: (Y, X) region of each pixel.
        area: (R,) in pixels.
        classes: (R,) class of each region.
        ignore: Class of regions that touch nobody.
    """

    def __init__(
        self, numbers: np.ndarray, area: np.ndarray, classes: np.ndarray, *, ignore: int
    ) -> None:
        self._area, self._class = area.tolist(), classes.tolist()
        self._into = list(range(len(area)))
        self._sides: defaultdict[int, Counter[int]] = defaultdict(Counter)
        for a, b, sides in _contacts(numbers):
            if ignore not in (self._class[a], self._class[b]):
                self._sides[a][b] += sides
                self._sides[b][a] += sides

    def without(self, small: list[int], limit: float, chosen: set[int]) -> np.ndarray:
        """The classes (R,) once small regions of some classes have joined others."""
        waiting = [(self._area[region], region) for region in small]
        heapq.heapify(waiting)
        while waiting:
            area, region = heapq.heappop(waiting)
            if self._into[region] != region or area != self._area[region]:
                continue  # it has joined another, or has grown
            touched: Counter[int] = Counter()
            for other, sides in self._sides[region].items():
                touched[self._class[other]] += sides
            if not touched or max(touched.values()) == 0:
                continue
            most = max(touched.values())
            self._class[region] = min(one for one, sides in touched.items() if sides == most)
            grown = self._joined(region)
            if self._class[grown] in chosen and self._area[grown] < limit:
                heapq.heappush(waiting, (self._area[grown], grown))
        roots = [self._root(region) for region in range(len(self._into))]
        return np.array(self._class)[roots]

    def _joined(self, region: int) -> int:
        """Makes a region one with those of its class that it touches; gives their number."""
        alike = [o for o in self._sides[region] if self._class[o] == self._class[region]]
        keeper = max(alike, key=lambda one: (self._area[one], -one))
        for one in (region, *alike):
            if one != keeper:
                self._into[one] = keeper
                self._area[keeper] += self._area[one]
                for other, sides in self._sides.pop(one).items():
                    del self._sides[other][one]
                    if other != keeper:
                        self._sides[keeper][other] += sides
                        self._sides[other][keeper] += sides
        return keeper

    def _root(self, region: int) -> int:
        while self._into[region] != region:
            self._into[region] = self._into[self._into[region]]
            region = self._into[region]
        return region


def _contacts(numbers: np.ndarray) -> list[tuple[int, int, int]]:
    """Pairs of regions that touch and along how many sides; 0 where at corners alone."""
    pairs, sides = [], []
    for first, second, side in (
        (numbers[1:], numbers[:-1], 1),
        (numbers[:, 1:], numbers[:, :-1], 1),
        (numbers[1:, 1:], numbers[:-1, :-1], 0),
        (numbers[1:, :-1], numbers[:-1, 1:], 0),
    ):
        apart = first != second
        both = np.stack([first[apart], second[apart]], axis=1)
        pairs.append(np.sort(both, axis=1))
        sides.append(np.full(len(both), side))
    joined = np.concatenate(pairs)
    if not len(joined):
        return []
    codes = joined[:, 0] * (int(numbers.max()) + 1) + joined[:, 1]
    _, first, inverse = np.unique(codes, return_index=True, return_inverse=True)
    total = np.bincount(inverse, weights=np.concatenate(sides)).astype(int)
    return [(int(a), int(b), int(n)) for (a, b), n in zip(joined[first], total, strict=True)]
