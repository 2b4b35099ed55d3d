"""Reads a crop from an image or a label map: one resampling, whatever the geometry.

Only the part of the source that the crop covers is touched. Images are read with bilinear
interpolation; where that would skip pixels (magnification below 0.7) the covered part is first
shrunk by area averaging, so that fine texture turns grey instead of into moiré. Labels are read at
the nearest pixel of the full-resolution map.
"""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from segwright.transforms.geometry import Geometry

# cv2.warpAffine and cv2.remap address pixels with 16-bit integers, and take at most four channels.
_MAX_SIDE_PX = 32766
_CHANNELS_AT_ONCE = 4
_LARGEST_STEP = 1 / 0.7
# The part of an image read for a crop of this size stays below _MAX_SIDE_PX at any angle: its side
# is at most the crop's diagonal times the largest step.
MAX_CROP_PX = 15_000


def warp_pixels(pixels: np.ndarray, geometry: Geometry, fill: Sequence[float]) -> np.ndarray:
    """Reads a crop from an image.

    Args:
        pixels: (Y, X, C) uint8, uint16 or float32.
        geometry: Where each pixel of the crop is read from.
        fill: One value per channel for what lies outside, in the units of `pixels`.

    Returns:
        (h, w, C) of the same dtype.
    """
    step = geometry.step_xy()
    window = _window(pixels.shape[:2], geometry, margin_px=int(np.ceil(step.max())) + 1)
    covered = pixels[window]
    small_xy = _shrunken_size(covered.shape[1::-1], step)
    matrix = _relative(geometry.matrix, window, covered.shape[1::-1], small_xy)
    reads = []
    for first in range(0, pixels.shape[2], _CHANNELS_AT_ONCE):
        some = slice(first, first + _CHANNELS_AT_ONCE)
        source = np.ascontiguousarray(covered[..., some])
        if small_xy != covered.shape[1::-1]:
            source = cv2.resize(source, small_xy, interpolation=cv2.INTER_AREA)
        read = _read(source, matrix, geometry, cv2.INTER_LINEAR, tuple(fill[some]))
        reads.append(read.reshape(*geometry.size_hw, -1))
    return reads[0] if len(reads) == 1 else np.concatenate(reads, axis=-1)


def warp_ids(ids: np.ndarray, geometry: Geometry, ignore_index: int) -> np.ndarray:
    """Reads a crop from a label map, (Y, X) to (h, w); what lies outside is `ignore_index`."""
    window = _window(ids.shape, geometry, margin_px=1)
    covered = ids[window]
    matrix = _relative(geometry.matrix, window, covered.shape[::-1], covered.shape[::-1])
    if max(covered.shape) <= _MAX_SIDE_PX:
        return _read(covered, matrix, geometry, cv2.INTER_NEAREST, (ignore_index,))
    x, y = np.moveaxis(np.floor(geometry.positions(matrix)).astype(np.int64), -1, 0)
    inside = (x >= 0) & (x < covered.shape[1]) & (y >= 0) & (y < covered.shape[0])
    crop = np.full(geometry.size_hw, ignore_index, ids.dtype)
    crop[inside] = covered[y[inside], x[inside]]
    return crop


def _window(source_hw: Sequence[int], geometry: Geometry, *, margin_px: int) -> tuple[slice, slice]:
    """Rows and columns of the source that the crop covers, at least one of each."""
    low, high = geometry.bounds_xy()
    slices = []
    for side, first, last in zip(source_hw, low[::-1], high[::-1], strict=True):
        start = int(np.clip(np.floor(first) - margin_px, 0, side - 1))
        stop = int(np.clip(np.ceil(last) + margin_px, start + 1, side))
        slices.append(slice(start, stop))
    return slices[0], slices[1]


def _shrunken_size(size_xy: Sequence[int], step_xy: np.ndarray) -> tuple[int, int]:
    """Size at which neighbouring reads are one pixel apart, along each axis that needs it."""
    width, height = (
        max(1, round(side / step)) if step > _LARGEST_STEP else side
        for side, step in zip(size_xy, step_xy, strict=True)
    )
    return width, height


def _relative(
    matrix: np.ndarray,
    window: tuple[slice, slice],
    size_xy: Sequence[int],
    small_xy: Sequence[int],
) -> np.ndarray:
    """`matrix` into the coordinates of `window`, resized from `size_xy` to `small_xy`."""
    moved = matrix.copy()
    moved[:, 2] -= (window[1].start, window[0].start)
    return moved * (np.asarray(small_xy) / np.asarray(size_xy))[:, None]


def _read(
    source: np.ndarray,
    matrix: np.ndarray,
    geometry: Geometry,
    interpolation: int,
    fill: tuple[float, ...],
) -> np.ndarray:
    """One cv2 call. cv2 counts from the centre of the first pixel, half a pixel further in."""
    if geometry.bent is not None:
        x, y = cv2.split(geometry.positions(matrix) - np.float32(0.5))
        return cv2.remap(
            source, x, y, interpolation, borderMode=cv2.BORDER_CONSTANT, borderValue=fill
        )
    centred = matrix.copy()
    centred[:, 2] += matrix[:, :2] @ (0.5, 0.5) - 0.5
    return cv2.warpAffine(
        source,
        centred,
        geometry.size_hw[::-1],
        flags=interpolation | cv2.WARP_INVERSE_MAP,
        borderMode=cv2.BORDER_CONSTANT,
        borderValue=fill,
    )
