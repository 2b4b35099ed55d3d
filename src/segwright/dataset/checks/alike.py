"""Finds pictures that show the same thing: stored again, darker, resized or slightly cropped.

Every pair is compared, none is guessed away: first coarsely (16 × 16, whole and without a rim, all
pairs by matrix products), then those that come near finely (32 × 32), moved and scaled onto each
other. What most pictures of a dataset have in common (the round field of a microscope, the bonnet
of a car) is taken out before, because it makes no two of them the same.

The likeness is the normalised cross-correlation of thumbnails without their slow shades.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np

from segwright.dataset.checks.thumbnails import SIDE, standardised

SAME = 0.85
"""Likeness from which on two pictures count as the same. Re-encoding, brightness and resizing leave
0.95 or more, crops of 3 % a side 0.9 or more (photographs, microscopy, metal surfaces); no two of
the 500 photographs of BSDS500 or of 253 pictures of nuclei come above 0.8."""

_NEAR = 0.8
_COARSE, _FINE = 16, 32
_SHADES = 8.0  # slower changes than this many thumbnail pixels are light, not content
_RIMS = (1.0, 0.95, 0.9)
_SCALES = (1.0, 0.97, 0.94, 0.91, 0.88)
_BLOCK = 1024
_PAIRS_AT_ONCE = 256
_FEWEST_IN_COMMON = 3


@dataclass(frozen=True)
class Pair:
    """Two pictures that show the same, by their positions, and their likeness."""

    first: int
    second: int
    likeness: float


def same_pictures(
    thumbs: np.ndarray, *, progress: Callable[[int], None] = lambda done: None
) -> list[Pair]:
    """Pairs of pictures that show the same thing.

    Pictures that are already joined through others are not compared again, so of a cluster there
    are as many pairs as it takes to join it, or more.

    Args:
        thumbs: (N, 48, 48) thumbnails; those of blank pictures (all 0) are like nothing.
        progress: Called with the number of pictures that are compared with all before.
    """
    if not len(thumbs):
        return []
    contents = without_common(thumbs)
    coarse = [_views(contents, _COARSE, share) for share in _RIMS]
    fine = standardised(_blur_removed(_resampled(contents, _FINE), _SHADES * _FINE / SIDE))
    fine = fine.reshape(len(fine), -1)
    joined = _Joined(len(thumbs))
    pairs: list[Pair] = []
    for first, second in _near(coarse, progress):
        for part in range(0, len(first), _PAIRS_AT_ONCE):
            one, two = first[part : part + _PAIRS_AT_ONCE], second[part : part + _PAIRS_AT_ONCE]
            apart = joined.apart(one, two)
            one, two = one[apart], two[apart]
            likeness = np.einsum("nd,nd->n", fine[one], fine[two])
            unsure = likeness < SAME
            if unsure.any():
                likeness[unsure] = _aligned(contents[one[unsure]], contents[two[unsure]])
            for i, j, value in zip(one.tolist(), two.tolist(), likeness.tolist(), strict=True):
                if value >= SAME:
                    pairs.append(Pair(i, j, value))
                    joined.join(i, j)
    return pairs


def without_common(thumbs: np.ndarray) -> np.ndarray:
    """Thumbnails without slow shades and without what all of them have in common."""
    contents = standardised(_blur_removed(thumbs, _SHADES))
    if len(contents) < _FEWEST_IN_COMMON:
        return contents
    common = standardised(contents.mean(axis=0))
    share = np.einsum("nyx,yx->n", contents, common)
    rest = contents - share[:, None, None] * common
    # A picture that is all common has only noise left; it stays as it is.
    alone = np.square(rest).sum(axis=(1, 2)) > 4e-4
    return np.where(alone[:, None, None], standardised(rest), contents)


def likeness_of(contents: np.ndarray, first: np.ndarray, second: np.ndarray) -> np.ndarray:
    """Coarse likeness of the pairs (first[n], second[n]) of `without_common` thumbnails."""
    views = _views(contents, _COARSE, 1.0)
    return np.einsum("nd,nd->n", views[first], views[second])


def clusters(pairs: list[Pair], count: int) -> list[list[int]]:
    """Positions that pairs join, each cluster and all of them in ascending order."""
    joined = _Joined(count)
    for pair in pairs:
        joined.join(pair.first, pair.second)
    found: dict[int, list[int]] = {}
    for index in sorted({i for pair in pairs for i in (pair.first, pair.second)}):
        found.setdefault(joined.root(index), []).append(index)
    return list(found.values())


class _Joined:
    """Which pictures are joined, directly or through others."""

    def __init__(self, count: int) -> None:
        self._above = np.arange(count)

    def root(self, index: int) -> int:
        while self._above[index] != index:
            self._above[index] = self._above[self._above[index]]
            index = int(self._above[index])
        return index

    def join(self, one: int, two: int) -> None:
        low, high = sorted((self.root(one), self.root(two)))
        self._above[high] = low

    def apart(self, one: np.ndarray, two: np.ndarray) -> np.ndarray:
        """Whether the pictures of each pair are not joined yet, (N,) bool."""
        return self._roots(one) != self._roots(two)

    def _roots(self, indices: np.ndarray) -> np.ndarray:
        roots = self._above[indices]
        while (self._above[roots] != roots).any():
            roots = self._above[roots]
        return roots


def _near(
    coarse: list[np.ndarray], progress: Callable[[int], None]
) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """All pairs (first < second) whose coarse likeness is high in any of the views."""
    whole, *cut = coarse
    for start in range(0, len(whole), _BLOCK):
        rows = slice(start, start + _BLOCK)
        for left in range(0, start + 1, _BLOCK):
            columns = slice(left, left + _BLOCK)
            likeness = whole[rows] @ whole[columns].T
            for views in cut:
                np.maximum(likeness, whole[rows] @ views[columns].T, out=likeness)
                np.maximum(likeness, views[rows] @ whole[columns].T, out=likeness)
            second, first = np.nonzero(likeness >= _NEAR)
            below = first + left < second + start
            # The likest first: they join what then need not be compared.
            order = np.argsort(-likeness[second[below], first[below]], kind="stable")
            yield first[below][order] + left, second[below][order] + start
        progress(min(start + _BLOCK, len(whole)))


def _views(contents: np.ndarray, side: int, share: float) -> np.ndarray:
    """(N, side²) of the middle part of thumbnails, without slow shades, of length 1."""
    rim = SIDE * (1 - share) / 2
    small = _resampled(contents, side, rim, rim, share)
    return standardised(_blur_removed(small, _SHADES * side / SIDE)).reshape(len(contents), -1)


def _aligned(one: np.ndarray, two: np.ndarray) -> np.ndarray:
    """The best likeness of each pair (N, 48, 48) when a window of either covers the other."""
    best = np.full(len(one), -1.0, dtype=np.float32)
    for inner, whole in ((one, two), (two, one)):
        target = standardised(_blur_removed(_resampled(whole, _FINE), _SHADES * _FINE / SIDE))
        spectrum = np.conj(np.fft.rfft2(target))
        for scale in _SCALES:
            top, left = _best_place(inner, spectrum, scale)
            window = np.stack(
                [
                    _resampled(inner[n : n + 1], _FINE, float(y), float(x), scale)[0]
                    for n, (y, x) in enumerate(zip(top, left, strict=True))
                ]
            )
            window = standardised(_blur_removed(window, _SHADES * _FINE / SIDE))
            np.maximum(best, np.einsum("nyx,nyx->n", window, target), out=best)
    return best


def _best_place(
    inner: np.ndarray, spectrum: np.ndarray, scale: float
) -> tuple[np.ndarray, np.ndarray]:
    """Top and left of the window of a size that fits best, in thumbnail pixels, (N,) each."""
    rim = SIDE * (1 - scale) / 2
    middle = standardised(
        _blur_removed(_resampled(inner, _FINE, rim, rim, scale), _SHADES * _FINE / SIDE)
    )
    fit = np.fft.irfft2(np.fft.rfft2(middle) * spectrum)
    step = SIDE * scale / _FINE
    reach = int(np.ceil(rim / step))
    moves = np.arange(-reach, reach + 1)
    near = fit[:, moves[:, None], moves[None, :]].reshape(len(fit), -1)
    down, right = np.divmod(near.argmax(axis=1), len(moves))
    place = (np.clip(rim + moves[k] * step, 0, 2 * rim) for k in (down, right))
    top, left = place
    return top, left


def _resampled(
    contents: np.ndarray, side: int, top: float = 0.0, left: float = 0.0, share: float = 1.0
) -> np.ndarray:
    """Means over side × side equal parts of a window of thumbnails, (N, side, side)."""
    rows, columns = _weights(side, round(top, 2), share), _weights(side, round(left, 2), share)
    return rows @ contents @ columns.T


@cache
def _weights(side: int, start: float, share: float) -> np.ndarray:
    """How much each of 48 thumbnail rows counts in each row of a window, (side, 48) float32."""
    bounds = start + np.linspace(0, SIDE * share, side + 1)
    pixels = np.arange(SIDE)
    low = np.maximum(bounds[:-1, None], pixels)
    high = np.minimum(bounds[1:, None], pixels + 1)
    weights = np.clip(high - low, 0, None)
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)


def _blur_removed(values: np.ndarray, sigma: float) -> np.ndarray:
    """Values (N, S, S) less their Gaussian blur of `sigma` pixels."""
    blur = _blur(values.shape[-1], sigma)
    return values - blur @ values @ blur.T


@cache
def _blur(side: int, sigma: float) -> np.ndarray:
    places = np.arange(side)
    weights = np.exp(-((places[:, None] - places) ** 2) / (2 * sigma**2))
    return (weights / weights.sum(axis=1, keepdims=True)).astype(np.float32)
