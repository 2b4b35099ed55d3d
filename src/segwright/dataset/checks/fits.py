"""Labels that may not lie on their picture as they were drawn."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from segwright.dataset.checks.looked import Looked
from segwright.formats.faults import Fault

_FEWEST_TO_JUDGE_FIT = 16
_FIT_OF_MOST = 3.0  # median of `edge_fit` from which on borders are known to be visible
_FIT_OF_FOREIGN = 1.0  # no better than beside


def turned(looked: Looked) -> Iterator[Fault]:
    """Pictures that EXIF turns, if nothing proves that their labels were drawn on them upright."""
    for index, look in enumerate(looked.looks):
        if look.orientation == 1 or not looked.labelled[index]:
            continue
        if look.labels_orientation == look.orientation:
            continue
        # Turned by 90° and of equal size after it: the labels were drawn on the upright picture.
        height, width = look.size_hw or (0, 0)
        if look.orientation >= 5 and height != width and look.labels_have_size:
            continue
        yield Fault(
            "exif-turned",
            f"EXIF orientation {look.orientation} turns the picture; its labels carry no such mark",
            looked.place(index),
            "Look at it with `segwright show`; if the labels lie wrong, save the picture upright",
            looked.entries[index].key,
        )


def foreign_labels(looked: Looked) -> Iterator[Fault]:
    """Labels whose borders fit their picture no better than beside, where all others do."""
    fits = {i: look.fit for i, look in enumerate(looked.looks) if look.fit is not None}
    if len(fits) < _FEWEST_TO_JUDGE_FIT:
        return
    low, middle = np.quantile(list(fits.values()), (0.05, 0.5))
    if middle < _FIT_OF_MOST:
        return
    for index, fit in fits.items():
        if fit < _FIT_OF_FOREIGN and fit < low / 2:
            yield Fault(
                "foreign-labels",
                f"its borders fit the picture no better than 8 or 16 pixels beside (fit {fit:.1f}; "
                f"95 % of the pictures have {low:.1f} or more, half of them {middle:.1f})",
                looked.labels_place(index),
                "Lay it over its picture, and look for the picture that it was drawn on",
                looked.entries[index].key,
            )
