"""Kernels of SLIC: nearest centres and means, on colours in whole numbers.

Colours are int16 so that sums are exact: the result does not depend on the number of threads.
"""

from __future__ import annotations

import numpy as np

from segwright.kernels import kernel


@kernel
def _nearest(
    colours: np.ndarray, y: int, centres: np.ndarray, active: np.ndarray, reach: np.ndarray,
    weight: np.float32, places: np.ndarray, distance: np.ndarray, labels: np.ndarray,
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
        # Slices, since indices that cannot be negative let several pixels be compared at once.
        across, nearest, numbers = places[begin:end], distance[begin:end], labels[begin:end]
        if channels == 3:
            first, second = colours[0, y, begin:end], colours[1, y, begin:end]
            third = colours[2, y, begin:end]
            one, two, three = centres[number, 0], centres[number, 1], centres[number, 2]
            for x in range(end - begin):
                a = np.float32(first[x]) - one
                b = np.float32(second[x]) - two
                c = np.float32(third[x]) - three
                along = across[x] - cx
                apart = a * a + b * b + c * c + weight * along * along + height
                nearer = apart < nearest[x]
                nearest[x] = apart if nearer else nearest[x]
                numbers[x] = number if nearer else numbers[x]
            continue
        for x in range(end - begin):
            along = across[x] - cx
            apart = weight * along * along + height
            for channel in range(channels):
                step = np.float32(colours[channel, y, begin + x]) - centres[number, channel]
                apart += step * step
            if apart < nearest[x]:
                nearest[x] = apart
                numbers[x] = number


@kernel
def _add_runs(colours: np.ndarray, y: int, labels: np.ndarray, sums: np.ndarray) -> None:
    """Adds the pixels of one row to the sums of their centres, run by run of equal labels."""
    channels, _, width = colours.shape
    begin = 0
    while begin < width:
        label, end = labels[begin], begin + 1
        while end < width and labels[end] == label:
            end += 1
        for channel in range(channels):
            total = np.int64(0)
            for x in range(begin, end):
                total += colours[channel, y, x]
            sums[label, channel] += total
        sums[label, channels] += y * (end - begin)
        sums[label, channels + 1] += (begin + end - 1) * (end - begin) // 2
        sums[label, channels + 2] += end - begin
        begin = end


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
    places = np.arange(width).astype(np.float32)
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
            _nearest(colours, y, centres, order[first:last], reach, weight, places, distance, row)
            _add_runs(colours, y, row, mine)


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
