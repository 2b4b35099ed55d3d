"""What is in a dataset, in a few lines and a table."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from segwright.dataset.checks.looked import Looked


@dataclass(frozen=True)
class ClassSummary:
    """How much there is of one class.

    Attributes:
        name: Its name.
        class_id: Its id in label maps.
        share: Its share of all labelled pixels, 0 … 1.
        pictures: In how many pictures it occurs.
        pictures_of_split: The same for every split.
    """

    name: str
    class_id: int
    share: float
    pictures: int
    pictures_of_split: dict[str, int]


@dataclass(frozen=True)
class Summary:
    """What was found in a dataset.

    Attributes:
        pictures: How many pictures have labels.
        readable: How many of them and of their labels can be read.
        splits: Split → pictures; empty if the dataset is not divided.
        groups: Declared patients, scenes or videos.
        size_hw_min: Smallest height and smallest width in pixels.
        size_hw_max: Largest height and largest width.
        channels: Number of channels → pictures.
        dtypes: Number type → pictures.
        objects: Objects that were drawn; None for masks.
        ignored_share: Share of ignored pixels, 0 … 1.
        background: Name of the background; None if every class is of interest.
        classes: Every class.
    """

    pictures: int
    readable: int
    splits: dict[str, int]
    groups: int
    size_hw_min: tuple[int, int] | None
    size_hw_max: tuple[int, int] | None
    channels: dict[str, int]
    dtypes: dict[str, int]
    objects: int | None
    ignored_share: float
    background: str | None
    classes: tuple[ClassSummary, ...]

    def text(self) -> str:
        """The summary for people."""
        parts = ", ".join(f"{name} {number:,}" for name, number in self.splits.items())
        lines = [f"{self.pictures:,} pictures ({parts or 'not divided'})"]
        if self.readable < self.pictures:
            lines[0] += f", of which {self.readable:,} can be read with their labels"
        if self.size_hw_min and self.size_hw_max:
            low, high = self.size_hw_min, self.size_hw_max
            sizes = f"{low[0]}×{low[1]}"
            sizes += "" if low == high else f" to {high[0]}×{high[1]}"
            kinds = f"{' or '.join(self.channels)} channels of {' or '.join(self.dtypes)}"
            lines.append(f"{sizes} pixels (height × width), {kinds}")
        if self.objects is not None:
            lines.append(f"{self.objects:,} objects")
        if self.groups:
            lines.append(f"{self.groups:,} groups")
        if self.ignored_share:
            lines.append(f"{100 * self.ignored_share:.2f} % of the pixels are ignored")
        return "\n".join([*lines, *self._table()])

    def _table(self) -> list[str]:
        wide = max((len(one.name) for one in self.classes), default=0)
        wide = max(wide, len("class"))
        head = f"  {'class':{wide}}  {'share':>9}  {'pictures':>8}"
        head += "".join(f"  {split:>6}" for split in self.splits)
        rows = [head]
        for one in self.classes:
            row = f"  {one.name:{wide}}  {100 * one.share:7.3f} %  {one.pictures:8,}"
            row += "".join(f"  {one.pictures_of_split[split]:6,}" for split in self.splits)
            rows.append(row + ("  (background)" if one.name == self.background else ""))
        return rows


def summarise(looked: Looked) -> Summary:
    """Counts what was seen."""
    looks, dataset, classes = looked.looks, looked.dataset, looked.classes
    sizes = np.array([one.size_hw for one in looks if one.size_hw is not None])
    splits = np.array([entry.split or "" for entry in looked.entries])
    objects = [one.num_objects for one in looks if one.num_objects is not None]
    areas, present = looked.class_px.sum(axis=0), looked.class_px > 0
    ignored = sum(one.ignored_px for one in looks)
    labelled = int(areas.sum())
    rows = tuple(
        ClassSummary(
            name,
            class_id,
            float(areas[class_id] / max(labelled, 1)),
            int(present[:, class_id].sum()),
            {split: int(present[splits == split, class_id].sum()) for split in dataset.splits},
        )
        for class_id, name in enumerate(classes.names)
    )
    return Summary(
        pictures=len(looks),
        readable=int(looked.labelled.sum()),
        splits={split: int((splits == split).sum()) for split in dataset.splits},
        groups=len({entry.group for entry in looked.entries} - {None}),
        size_hw_min=_pair(sizes.min(axis=0)) if len(sizes) else None,
        size_hw_max=_pair(sizes.max(axis=0)) if len(sizes) else None,
        channels=_counted(str(one.channels) for one in looks if one.channels is not None),
        dtypes=_counted(one.dtype for one in looks if one.dtype is not None),
        objects=sum(objects) if objects else None,
        ignored_share=ignored / max(labelled + ignored, 1),
        background=None if classes.background is None else classes.names[classes.background],
        classes=rows,
    )


def _pair(values: np.ndarray) -> tuple[int, int]:
    return int(values[0]), int(values[1])


def _counted(values: Iterable[str]) -> dict[str, int]:
    return dict(Counter(values).most_common())
