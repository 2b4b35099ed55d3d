"""Which classes there are, what they are called and how they are drawn."""

from __future__ import annotations

import colorsys
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from segwright.errors import LabelError


@dataclass(frozen=True)
class Classes:
    """The classes of a task, in the order of their ids 0 … K-1.

    Attributes:
        names: One unique name per class.
        colours: One (red, green, blue) triple of 0 … 255 per class.
        background: Id of the class that means "nothing", left out of foreground means and drawn
            transparent; None where every class is a thing of interest.

    Raises:
        LabelError: No class, a name twice, or not one colour per name.
    """

    names: tuple[str, ...]
    colours: tuple[tuple[int, int, int], ...]
    background: int | None = None

    def __post_init__(self) -> None:
        if not self.names:
            raise LabelError("a task needs at least one class", remedy="Name it in classes.txt")
        twice = sorted(name for name, number in Counter(self.names).items() if number > 1)
        if twice:
            raise LabelError(
                f"class names must be unique, but these stand twice: {', '.join(twice)}",
                remedy="Rename them in classes.txt or dataset.yaml",
            )
        if len(self.colours) != len(self.names):
            raise LabelError(f"{len(self.names)} class names but {len(self.colours)} colours")

    @classmethod
    def named(cls, names: Sequence[str], *, background: int | None = None) -> Classes:
        """Makes classes with well-separated colours (golden-angle hues; background black)."""
        colours = [distinct_colour(i) for i in range(len(names))]
        if background is not None:
            colours[background] = (0, 0, 0)
        return cls(tuple(names), tuple(colours), background)

    def __len__(self) -> int:
        return len(self.names)

    @property
    def dtype(self) -> np.dtype:
        """The dtype of label maps: uint8 up to 255 classes, uint16 beyond."""
        return np.dtype(np.uint8 if len(self.names) <= 255 else np.uint16)

    @property
    def ignore_index(self) -> int:
        """The id of pixels that nobody should learn from or be judged on: 255 or 65535."""
        return int(np.iinfo(self.dtype).max)

    def palette(self) -> np.ndarray:
        """Colours as (K, 3) uint8."""
        return np.asarray(self.colours, dtype=np.uint8)


def distinct_colour(index: int) -> tuple[int, int, int]:
    """The `index`-th of an endless row of colours, neighbours far apart in hue."""
    hue = (0.58 + index * 0.6180339887) % 1.0
    saturation, value = ((0.75, 0.95), (0.55, 0.75), (0.95, 0.70))[index % 3]
    red, green, blue = colorsys.hsv_to_rgb(hue, saturation, value)
    return round(red * 255), round(green * 255), round(blue * 255)
