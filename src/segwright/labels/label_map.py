"""One class id per pixel."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from segwright.errors import LabelError
from segwright.labels.classes import Classes


@dataclass(frozen=True, eq=False)
class LabelMap:
    """One class id per pixel.

    Attributes:
        ids: (Y, X) of `classes.dtype`; 0 … K-1, or `classes.ignore_index`.
        classes: What the ids mean.

    Raises:
        LabelError: Wrong number of axes or dtype, or an id outside the classes.
    """

    ids: np.ndarray
    classes: Classes

    def __post_init__(self) -> None:
        if self.ids.ndim != 2 or self.ids.dtype != self.classes.dtype:
            raise LabelError(
                f"label ids are {self.ids.dtype.name} of shape {self.ids.shape}; "
                f"accepted is {self.classes.dtype.name} of shape (Y, X)"
            )
        if not self.ids.size or self.ids.max() < len(self.classes):  # one look, as a rule
            return
        outside = (self.ids >= len(self.classes)) & (self.ids != self.classes.ignore_index)
        if outside.any():
            y, x = np.argwhere(outside)[0]
            raise LabelError(
                f"id {self.ids[y, x]} at row {y}, column {x} is outside the classes "
                f"0 … {len(self.classes) - 1}",
                remedy="Name the class in classes.txt, or list the id as 'ignore' in dataset.yaml",
            )

    @property
    def size_hw(self) -> tuple[int, int]:
        """Height and width in pixels."""
        return self.ids.shape[0], self.ids.shape[1]

    def area_px(self) -> np.ndarray:
        """Pixels of each class, (K,) int64; ignored pixels are not counted."""
        counted = np.bincount(self.ids.ravel(), minlength=self.classes.ignore_index + 1)
        return counted[: len(self.classes)]
