"""Merging adjacent regions that are alike."""

from __future__ import annotations

from typing import Literal

import numpy as np

from segwright.features.adjacency import Adjacency

Cost = Literal["colour", "ward", "spread"]
"""What it costs to merge two regions.

colour: the distance of their mean colours. ward: by how much the sum of squared distances of all
pixels from the mean of their region grows. spread: the root mean square distance of the pixels of
both from their common mean.
"""


def merged(
    labels: np.ndarray,
    pixels: np.ndarray,
    *,
    cost: Cost,
    limit: float = np.inf,
    least: int = 1,
    min_size: int = 1,
) -> np.ndarray:
    """Merges 4-adjacent regions, the two of the least cost first.

    Args:
        labels: (Y, X) int32 regions 0 … n - 1.
        pixels: (Y, X, C) float32 colours.
        cost: What it costs to merge two.
        limit: No merge costs more.
        least: Regions to be left at least.
        min_size: Smaller ones are merged in the end with the neighbour of the closest colour.

    Returns:
        (Y, X) int32 regions 0 … m - 1, in the order of their first ones.
    """
    from segwright.classical.regions.components_kernels import absorb, sizes_and_sums

    count = int(labels.max()) + 1
    sizes, sums = sizes_and_sums(labels, pixels, count)
    lengths = np.einsum("yxc,yxc->yx", pixels, pixels, dtype=np.float64)
    numbers = merged_numbers(
        Adjacency.of(labels, num_regions=count).edges,
        sizes.astype(np.float64),
        sums,
        np.bincount(labels.ravel(), lengths.ravel(), minlength=count),
        cost=cost,
        limit=limit,
        least=least,
    )
    found = numbers[labels]
    if min_size > 1:
        absorb(found, *sizes_and_sums(found, pixels, int(numbers.max()) + 1), min_size)
    return found


def merged_numbers(
    pairs: np.ndarray,
    sizes: np.ndarray,
    sums: np.ndarray,
    squares: np.ndarray | None = None,
    *,
    cost: Cost,
    limit: float = np.inf,
    least: int = 1,
) -> np.ndarray:
    """Merges the nodes of a graph, as `merged` does regions.

    Args:
        pairs: (E, 2) int32, the nodes that are adjacent.
        sizes: (n,) float64 pixels.
        sums: (n, C) float64 sums of their colours.
        squares: (n,) float64 sums of the squared lengths of their colours; needed by "spread".
        cost: What it costs to merge two.
        limit: No merge costs more.
        least: Nodes to be left at least.

    Returns:
        (n,) int32: what each has become part of, 0 … m - 1, in the order of their first ones.
    """
    from segwright.classical.regions import merging_kernels as kernels

    kind = {"colour": kernels.COLOUR, "ward": kernels.WARD, "spread": kernels.SPREAD}[cost]
    if squares is None:
        squares = np.zeros(len(sizes))
    return kernels.merge(pairs, sizes.copy(), sums.copy(), squares.copy(), kind, limit, least)
