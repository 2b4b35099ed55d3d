"""What is found about pictures themselves: empty ones, and mixtures of kinds."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from typing import TypeVar

import numpy as np

from segwright.dataset.checks.looked import Looked
from segwright.formats.faults import Fault

_Value = TypeVar("_Value")


def shown(looked: Looked) -> Iterator[Fault]:
    """Pictures that show nothing, and masks that were stored with loss."""
    for index, look in enumerate(looked.looks):
        key = looked.entries[index].key
        if look.blank is not None:
            yield Fault(
                "blank-picture",
                f"the picture is {look.blank}",
                looked.place(index),
                "Look whether it was stored correctly, and leave it out if it was not",
                key,
            )
        if look.lossy_labels and all(one.kind != "blurred-mask" for one in look.faults):
            yield Fault(
                "lossy-mask",
                "the mask is a JPEG, whose values near borders are not those that were drawn",
                looked.labels_place(index),
                "Store masks as PNG, from the original drawing if it is there",
                key,
            )


def mixtures(looked: Looked) -> Iterator[Fault]:
    """Channels, number types and sizes that differ between pictures."""
    read = [i for i, look in enumerate(looked.looks) if look.size_hw is not None]
    yield from _channels(looked, read)
    usual = _usual([looked.looks[i].dtype for i in read if looked.used[i]])
    for i in read:
        if usual is not None and (name := looked.looks[i].dtype) != usual:
            yield Fault(
                "mixed-dtypes",
                f"holds {name}; most pictures hold {usual}",
                looked.place(i),
                "Check that the same brightness has the same share of the full scale in both",
                looked.entries[i].key,
            )
    sizes = {size_hw for i in read if (size_hw := looked.looks[i].size_hw)}
    if len(sizes) > 1:
        low, high = np.array(list(sizes)).min(axis=0), np.array(list(sizes)).max(axis=0)
        yield Fault(
            "mixed-sizes",
            f"{len(sizes)} sizes from {low[0]}×{low[1]} to {high[0]}×{high[1]} (height × width)",
            "all pictures",
            "Nothing: sizes may differ. Check that one pixel means the same length everywhere",
        )


def _channels(looked: Looked, read: list[int]) -> Iterator[Fault]:
    usual = _usual([looked.looks[i].channels for i in read if looked.used[i]])
    fits = {looked.looks[i].channels for i in read} <= {1, 3}  # grey is taken as RGB
    for i in read:
        if usual is not None and (number := looked.looks[i].channels) != usual:
            yield Fault(
                "mixed-channels",
                f"has {number} channels; most pictures have {usual}",
                looked.place(i),
                "Is it the same kind of picture? Grey is taken as RGB here"
                if fits
                else "Give all pictures of a dataset the same channels",
                looked.entries[i].key,
                "warning" if fits else "error",
            )


def _usual(values: Sequence[_Value]) -> _Value | None:
    """The most frequent value; None if there is none."""
    return Counter(values).most_common(1)[0][0] if values else None
