"""Kernels of SLIC: nearest centres and means, on colours in whole numbers.

Colours are int16 so that sums are exact: the result does not depend on the number of threads.
"""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel


@kernel
def _nearest(
    colours: np.ndarray, y: int, centres: np.ndarray, active: np.ndarray, reach: np.ndarray,
    weight: np.float32, distance: np.ndarray, labels: np.ndarray,
) -> None:  # fmt: skip
    """Gives the pixels of one row the nearest of the centres `active`, as far as these reach."""
    channels, _, width = colours.shape
    for number in active:
        cy, cx = centres[number, channels], centres[number, channels + 1]
        if abs(y - cy) > reach[0]:
            continue
        begin = max(0, int(np.ceil(cx - reach[1])))
        end = min(width, int(np.floor(cx + reach[1])) + 1)
        height = weight * (np.float32(y) - cy) * (np.float32(y) - cy)
        if channels == 3:
            one, two, three = centres[number, 0], centres[number, 1], centres[number, 2]
            for x in range(begin, end):
                a = np.float32(colours[0, y, x]) - one
                b = np.float32(colours[1, y, x]) - two
                c = np.float32(colours[2, y, x]) - three
                along = np.float32(x) - cx
                apart = a * a + b * b + c * c + weight * along * along + height
                nearer = apart < distance[x]
                distance[x] = apart if nearer else distance[x]
                labels[x] = number if nearer else labels[x]
            continue
        for x in range(begin, end):
            along = np.float32(x) - cx
            apart = weight * along * along + height
            for channel in range(channels):
                step = np.float32(colours[channel, y, x]) - centres[number, channel]
                apart += step * step
            if apart < distance[x]:
                distance[x] = apart
                labels[x] = number


@kernel
def assign(
    colours: np.ndarray, centres: np.ndarray, order: np.ndarray, reach: np.ndarray,
    weight: np.float32, labels: np.ndarray, sums: np.ndarray, begin: int, end: int,
) -> None:  # fmt: skip
    """Gives every pixel the nearest centre, and sums the colours and places of each centre.

    Args:
        colours: (C, Y, X) int16.
        centres: (K, C + 2) float32: colour, y and x.
        order: (K,) int32 numbers of the centres by their y.
        reach: (2,) float32: how far from a centre along y and x its pixels may be.
        weight: Of a squared pixel against a squared unit of colour.
        labels: (Y, X) int32, changed in place; a pixel that no centre reaches keeps its own.
        sums: (shares, K, C + 3) int64 to be added to: colour, y, x, number of pixels.
        begin: First of the shares of rows.
        end: Behind the last.
    """
    channels, height, width = colours.shape
    distance = np.empty(width, np.float32)
    count = len(order)
    for share in range(begin, end):
        mine = sums[share]
        first = last = 0
        for y in range(height * share // len(sums), height * (share + 1) // len(sums)):
            while last < count and centres[order[last], channels] <= y + reach[0]:
                last += 1
            while first < last and centres[order[first], channels] < y - reach[0]:
                first += 1
            distance[:] = np.inf
            row = labels[y]
            _nearest(colours, y, centres, order[first:last], reach, weight, distance, row)
            for x in range(width):
                label = row[x]
                for channel in range(channels):
                    mine[label, channel] += colours[channel, y, x]
                mine[label, channels] += y
                mine[label, channels + 1] += x
                mine[label, channels + 2] += 1


@kernel
def sum_colours(colours: np.ndarray, labels: np.ndarray, sizes: np.ndarray, sums: np.ndarray):
    """Adds each pixel to the size (R,) and the sums of colours (R, C) of its region."""
    channels, height, width = colours.shape
    for y in range(height):
        for x in range(width):
            label = labels[y, x]
            sizes[label] += 1
            for channel in range(channels):
                sums[label, channel] += colours[channel, y, x]
