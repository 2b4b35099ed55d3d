"""Local binary patterns of every pixel."""

from __future__ import annotations

import numpy as np

from segwright.kernels import in_shares, kernel

_AS_BRIGHT = np.float32(-1e-6)  # rounding between equal pixels makes no pattern


def patterns(plane: np.ndarray, radius_px: float, points: int) -> np.ndarray:
    """The rotation-invariant uniform pattern of each pixel.

    Neighbours between pixels are interpolated bilinearly; the border is mirrored.

    Args:
        plane: (Y, X) float32.
        radius_px: Of the circle of neighbours.
        points: Neighbours, from the right upwards, evenly spread.

    Returns:
        (Y, X) uint8: 0 … `points`, the number of neighbours that are at least as bright where
        brighter and darker change at most twice around the circle; else `points` + 1.
    """
    angles = 2 * np.pi * np.arange(points) / points
    places = np.round([-radius_px * np.sin(angles), radius_px * np.cos(angles)], 5)
    whole = np.floor(places)
    share = (places - whole).astype(np.float32)
    margin = int(np.ceil(radius_px))
    padded = np.pad(plane, (margin, margin + 1), mode="symmetric")  # + 1: never read with weight
    codes = np.empty(plane.shape, np.uint8)
    offsets = whole.astype(np.int64) + margin

    in_shares(_compare, len(plane), padded, offsets, share, codes, margin, at_least=16)
    return codes


@kernel
def _compare(padded, offsets, share, codes, margin, start, stop):
    points = offsets.shape[1]
    for y in range(start, stop):
        for x in range(codes.shape[1]):
            centre = padded[y + margin, x + margin]
            bright = 0
            changes = 0
            first = False
            before = False
            for p in range(points):
                oy, ox = y + offsets[0, p], x + offsets[1, p]
                sy, sx = share[0, p], share[1, p]
                upper = padded[oy, ox] * (1 - sx) + padded[oy, ox + 1] * sx
                lower = padded[oy + 1, ox] * (1 - sx) + padded[oy + 1, ox + 1] * sx
                now = upper * (1 - sy) + lower * sy - centre >= _AS_BRIGHT
                if p == 0:
                    first = now
                elif now != before:
                    changes += 1
                before = now
                bright += now
            changes += before != first
            codes[y, x] = bright if changes <= 2 else points + 1
