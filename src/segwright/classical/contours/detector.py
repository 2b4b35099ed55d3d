"""Contours of an image by a forest, at several scales; and what such a forest is grown from."""

from __future__ import annotations

import itertools
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Self

import numpy as np

from segwright.classical.contours.channels import CELL_PX, Channels
from segwright.classical.contours.forest import PATCH, ContourForest, Samples
from segwright.errors import LabelError, UsageError
from segwright.packages import package

# Large images are looked at in tiles. Multiples of 8, so that cells of half the size lie alike.
_TILE_PX, _OVERLAP_PX = 1024, 96
_OFTEN = 4  # so often a place is drawn at most: a tree grows from a quarter of what is drawn
_NEAR_PX = 8  # from a contour: such places make up half of the samples


@dataclass(frozen=True, eq=False)
class ContourDetector:
    """Tells how strong the contour is at each pixel of an image.

    Attributes:
        forest: Grown from images that people divided into regions.
        scales: Sizes in which it looks at an image, as multiples of its own; the mean counts.
    """

    forest: ContourForest
    scales: Sequence[float] = (0.5, 1.0, 2.0)

    @classmethod
    def learned(
        cls,
        images: Iterable[tuple[np.ndarray, Sequence[np.ndarray]]],
        *,
        each: int = 4_000,
        seed: int = 0,
        **growing: Any,
    ) -> Self:
        """Learns from images and the regions that people divided them into.

        Args:
            images: (Y, X, 3) float32 RGB, 0 … 1, each with (Y, X) integer region labels of one or
                more people; below 0 where nothing is known.
            each: Places in each image that are learned from; fewer in small ones.
            seed: Of everything random.
            **growing: Settings of `ContourForest.grown`.
        """
        samples = gathered(images, each=each, seed=seed)
        return cls(ContourForest.grown(samples, seed=seed, **growing))

    def contours(self, colours: np.ndarray) -> np.ndarray:
        """How strong the contour is at each pixel.

        Args:
            colours: (Y, X, 3) float32 RGB, 0 … 1.

        Returns:
            (Y, X) float32, 0 … 1.
        """
        found = np.empty(colours.shape[:2], np.float32)
        for top, left in itertools.product(*(range(0, side, _TILE_PX) for side in found.shape)):
            tile = np.s_[top : top + _TILE_PX, left : left + _TILE_PX]
            y, x = max(0, top - _OVERLAP_PX), max(0, left - _OVERLAP_PX)
            seen = colours[y : top + _TILE_PX + _OVERLAP_PX, x : left + _TILE_PX + _OVERLAP_PX]
            height, width = found[tile].shape
            inner = np.s_[top - y : top - y + height, left - x : left - x + width]
            found[tile] = self._at_once(seen)[inner]
        return found

    def _at_once(self, colours: np.ndarray) -> np.ndarray:
        cv2 = package("cv2", purpose="the contour detector")
        height, width = colours.shape[:2]
        total = np.zeros((height, width), np.float32)
        for scale in self.scales:
            size = (max(1, round(width * scale)), max(1, round(height * scale)))
            seen = colours if scale == 1 else cv2.resize(colours, size, interpolation=_way(scale))
            found = self.forest.contours(Channels.of(seen), seen.shape[:2])
            if scale != 1:
                found = cv2.resize(found, (width, height), interpolation=_way(1 / scale))
            total += found
        return total / np.float32(len(self.scales))


def gathered(
    images: Iterable[tuple[np.ndarray, Sequence[np.ndarray]]], *, each: int, seed: int
) -> Samples:
    """Takes places from images, half of them near contours, each as one of the people saw it.

    Raises:
        UsageError: There are no images.
        LabelError: Labels of another shape than their image, or none.
    """
    channels, indices, cells, patches = [], [], [], []
    for index, (colours, people) in enumerate(images):
        if not people or any(labels.shape != colours.shape[:2] for labels in people):
            raise LabelError(
                f"label maps of shapes {[labels.shape for labels in people]} for an image of "
                f"{colours.shape[:2]}; accepted are one or more of the image's shape"
            )
        rng = np.random.default_rng([seed, index])
        for one, labels in enumerate(people):
            count = each // len(people) + (one < each % len(people))
            chosen = _known(labels, _places(labels, count, rng))
            cells.append(chosen)
            patches.append(_patches(labels, chosen))
            indices.append(np.full(len(chosen), index))
        channels.append(Channels.of(colours))
    if not channels:
        raise UsageError("there are no images to learn contours from; accepted is one or more")
    return Samples(
        tuple(channels), np.concatenate(indices), np.concatenate(cells), np.concatenate(patches)
    )


def _places(labels: np.ndarray, count: int, rng: np.random.Generator) -> np.ndarray:
    """(n, 2) cells, as many near contours as far from them where there are both."""
    cv2 = package("cv2", purpose="the contour detector")
    even = np.ones(labels.shape, np.uint8)
    even[:-1] &= labels[:-1] == labels[1:]
    even[:, :-1] &= labels[:, :-1] == labels[:, 1:]
    near = np.zeros(labels.shape, bool)
    if not even.all():
        near = cv2.distanceTransform(even, cv2.DIST_L2, 5) < _NEAR_PX
    near = near[::CELL_PX, ::CELL_PX]
    parts = [np.argwhere(near), np.argwhere(~near)]
    chosen = [
        part[rng.integers(0, len(part), min(count // 2, _OFTEN * len(part)))]
        for part in parts
        if len(part)
    ]
    return np.concatenate(chosen)


def _known(labels: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """Those of the cells around which every pixel's region is known."""
    if labels.min() >= 0:
        return cells
    return cells[(_around(labels, cells) >= 0).all(axis=1)]


def _around(labels: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """(n, 256) labels of the 16×16 pixels around cells; beyond the image its mirror image."""
    framed = np.pad(labels, ((PATCH // 2, PATCH // 2 + 1),) * 2, "symmetric")
    windows = np.lib.stride_tricks.sliding_window_view(framed, (PATCH, PATCH))
    y, x = (CELL_PX * cells).T
    return windows[y, x].reshape(len(cells), PATCH * PATCH)


def _patches(labels: np.ndarray, cells: np.ndarray) -> np.ndarray:
    """(n, 256) uint8 regions around cells, numbered anew for each."""
    found = _around(labels, cells)
    if not found.size or int(found.max()) < 256:
        return found.astype(np.uint8)
    return np.stack([np.unique(one, return_inverse=True)[1] for one in found]).astype(np.uint8)


def _way(scale: float) -> int:
    """How to resize."""
    cv2 = package("cv2", purpose="the contour detector")
    return cv2.INTER_AREA if scale < 1 else cv2.INTER_LINEAR
