"""Datasets as what a format's writer is given: pictures with labels, one at a time."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from segwright.dataset.dataset import Dataset
from segwright.dataset.reading import read_entry
from segwright.dataset.threads import in_order
from segwright.errors import SegwrightError
from segwright.formats.entry import Entry
from segwright.formats.writing import Labelled


@dataclass
class Pictures:
    """The pictures of a dataset as they are written; those that cannot be read are left out.

    Attributes:
        dataset: What to write.
        progress: Called with the number of pictures done.
        written: Positions of the pictures that were handed out.
        failed: Picture and reason of those that were not.
    """

    dataset: Dataset
    progress: Callable[[int], None] = lambda done: None
    written: list[int] = field(default_factory=list)
    failed: list[tuple[Path, str]] = field(default_factory=list)

    def __iter__(self) -> Iterator[Labelled]:
        entries = enumerate(self.dataset.entries)
        for (index, entry), future in in_order(lambda item: _labelled(item[1]), entries):
            try:
                labelled = future.result()
            except SegwrightError as error:  # a name in it that nothing knows is no DataError
                self.failed.append((entry.image, str(error)))
            else:
                self.written.append(index)
                yield labelled
            self.progress(index + 1)

    def handed_out(self) -> Dataset:
        """The part of the dataset that was written."""
        return self.dataset.subset(self.written)


def _labelled(entry: Entry) -> Labelled:
    """Reads one picture, all of it, so that a truncated file is not passed on."""
    image, labels = read_entry(entry)
    return Labelled(entry.key, entry.image, image.size_hw, labels, entry.split, entry.group)
