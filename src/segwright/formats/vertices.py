"""Vertices as annotation files of unknown origin list them."""

from __future__ import annotations

import numpy as np

from segwright.errors import LabelError

_NUMBERS = frozenset((int, float))


def vertices(points: object) -> np.ndarray:
    """A list of [x, y] pairs as (P, 2) float64.

    Raises:
        LabelError: Something else than a list of pairs of numbers.
    """
    if not isinstance(points, list):
        raise LabelError(f"vertices {points!r:.40}", remedy="Give a list of [x, y] pairs")
    for number, pair in enumerate(points):
        if not isinstance(pair, list) or len(pair) != 2 or not _NUMBERS.issuperset(map(type, pair)):
            raise LabelError(
                f"vertex {number} is {pair!r:.40}", remedy="Give every vertex as [x, y], in numbers"
            )
    return np.array(points, dtype=np.float64).reshape(-1, 2)


def numbers(record: object, *names: str) -> list[float]:
    """The numbers under these names of a record.

    Raises:
        LabelError: One is missing or no number.
    """
    values = [record.get(name) if isinstance(record, dict) else None for name in names]
    for name, value in zip(names, values, strict=True):
        if type(value) not in _NUMBERS:
            raise LabelError(f"{name!r} is {value!r:.40}", remedy="Give it as a number")
    return [float(value) for value in values if value is not None]
