"""What is resampled: groups where they are known, single images where they are not."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np


@dataclass(frozen=True, eq=False)
class Units:
    """The independent units that a set of images comes from.

    Attributes:
        of_image: (N,) which unit each image belongs to, 0 … U-1 in the order of first images.
        count: U.
        grouped: Whether any group is known.
    """

    of_image: np.ndarray
    count: int
    grouped: bool

    @classmethod
    def of(cls, groups: Sequence[str | None]) -> Units:
        """The units of images whose groups are these; without one, an image is its own unit."""
        names = [("image", i) if g is None else ("group", g) for i, g in enumerate(groups)]
        number = {name: index for index, name in enumerate(dict.fromkeys(names))}
        rows = np.array([number[name] for name in names], np.intp)
        return cls(rows, len(number), any(group is not None for group in groups))

    @property
    def name(self) -> Literal["group", "image"]:
        """What a unit is: "group" or "image"."""
        return "group" if self.grouped else "image"

    def summed(self, per_image: np.ndarray) -> np.ndarray:
        """Adds up (N, …) numbers of images to (U, …) of units."""
        if not self.grouped:
            return per_image
        sums = np.zeros((self.count, *per_image.shape[1:]), per_image.dtype)
        np.add.at(sums, self.of_image, per_image)
        return sums
