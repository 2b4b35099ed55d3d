"""Boxes, moments, perimeters and convex hulls of all regions in a few passes over a label map."""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel

_OFFSETS = np.array([[0, 1], [1, 0], [0, -1], [-1, 0], [1, 1], [1, -1], [-1, 1], [-1, -1]])


def boxes(regions: np.ndarray, num_regions: int) -> np.ndarray:
    """(R, 4) int64: first row and column of each region, and those after its last."""
    found = np.empty((num_regions, 4), np.int64)
    found[:, :2] = max(regions.shape)
    found[:, 2:] = 0
    _boxes(regions, found)
    return found


def raw_moments(regions: np.ndarray, box: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Moments about the first row and column of each region's box, and perimeters.

    Args:
        regions: (Y, X) int32, 0 … R-1.
        box: As of `boxes`.

    Returns:
        (R, 4, 4) float64 sums of y^p · x^q for p + q ≤ 3; (R,) float64 perimeters in pixels.
    """
    moments = np.zeros((len(box), 4, 4))
    crossings = np.zeros((len(box), 2), np.int64)
    _measure(regions, box, moments, crossings, _OFFSETS)
    # Lines along the diagonals lie closer together by the root of 2.
    return moments, np.pi / 8 * (crossings[:, 0] + crossings[:, 1] / np.sqrt(2))


def hull_areas(regions: np.ndarray, box: np.ndarray) -> np.ndarray:
    """(R,) float64: areas of the convex hulls of the regions' pixels as squares."""
    heights = box[:, 2] - box[:, 0]
    starts = np.concatenate([[0], np.cumsum(heights)])
    spans = np.empty((starts[-1], 2), np.int64)
    spans[:, 0], spans[:, 1] = regions.shape[1], -1
    _spans(regions, box, starts, spans)
    areas = np.zeros(len(box))
    _hulls(starts, spans, int(heights.max(initial=0)), areas)
    return areas


@kernel
def _boxes(regions, found):
    for y in range(regions.shape[0]):
        for x in range(regions.shape[1]):
            box = found[regions[y, x]]
            box[0] = min(box[0], y)
            box[1] = min(box[1], x)
            box[2] = max(box[2], y + 1)
            box[3] = max(box[3], x + 1)


@kernel
def _measure(regions, box, moments, crossings, offsets):
    height, width = regions.shape
    for y in range(height):
        for x in range(width):
            region = regions[y, x]
            dy = np.float64(y - box[region, 0])
            dx = np.float64(x - box[region, 1])
            m = moments[region]
            m[0, 0] += 1
            m[1, 0] += dy
            m[0, 1] += dx
            m[2, 0] += dy * dy
            m[1, 1] += dy * dx
            m[0, 2] += dx * dx
            m[3, 0] += dy * dy * dy
            m[2, 1] += dy * dy * dx
            m[1, 2] += dy * dx * dx
            m[0, 3] += dx * dx * dx
            for k in range(8):
                oy, ox = y + offsets[k, 0], x + offsets[k, 1]
                outside = oy < 0 or ox < 0 or oy >= height or ox >= width
                if outside or regions[oy, ox] != region:
                    crossings[region, k // 4] += 1


@kernel
def _spans(regions, box, starts, spans):
    """First and last column of each region in each of its rows."""
    for y in range(regions.shape[0]):
        for x in range(regions.shape[1]):
            region = regions[y, x]
            row = starts[region] + y - box[region, 0]
            spans[row, 0] = min(spans[row, 0], x)
            spans[row, 1] = max(spans[row, 1], x)


@kernel
def _hulls(starts, spans, tallest, areas):
    """Area between the right and the left hull, each a chain of corners of pixels."""
    ys = np.empty(2 * tallest + 2, np.int64)
    xs = np.empty(2 * tallest + 2, np.int64)
    for region in range(len(areas)):
        first, last = starts[region], starts[region + 1]
        for side in range(2):
            sign = 1 if side else -1
            count = 0
            for row in range(first, last):
                if spans[row, 1] < 0:
                    continue
                # Both corners of a row's end; left ones are mirrored, so that outwards is plus.
                x = sign * (spans[row, side] + side)
                for y in (row - first, row - first + 1):
                    while count >= 2 and (x - xs[count - 2]) * (ys[count - 1] - ys[count - 2]) >= (
                        xs[count - 1] - xs[count - 2]
                    ) * (y - ys[count - 2]):
                        count -= 1
                    ys[count], xs[count] = y, x
                    count += 1
            for k in range(1, count):
                areas[region] += 0.5 * (xs[k] + xs[k - 1]) * (ys[k] - ys[k - 1])
