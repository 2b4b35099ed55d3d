"""What every format delivers: a list of pictures, each with a way to read its labels.

A new format is one package with a function that returns a `Collection`; whatever else it knows
stays inside the objects that it gives as `Entry.labels`.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Protocol

from segwright.errors import DataError, LabelError
from segwright.formats.faults import Report, refuse
from segwright.labels.classes import Classes
from segwright.labels.instances import Labels

UNDIVIDED = "undivided"
"""Stands in declarations and names of files for pictures of no split, where others have one."""

_SPLIT_NAMES = {
    "train": "train",
    "training": "train",
    "val": "val",
    "valid": "val",
    "validation": "val",
    "test": "test",
    "testing": "test",
}


SPLIT_ORDER: Mapping[str | None, int] = {"train": 0, "val": 1, "test": 2, None: 3}
"""The order in which splits are listed."""


def split_of_name(name: str) -> str | None:
    """The split that a folder or file is named after ("valid" → "val"), or None."""
    return _SPLIT_NAMES.get(name.lower())


class LabelSource(Protocol):
    """Labels of one picture, read when they are wanted."""

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files that the labels come from, the one to name in messages first."""
        ...

    def read(self, report: Report = refuse) -> Labels:
        """Reads and decodes the labels.

        Args:
            report: Is told of everything that is wrong inside the file; what is wrong is left out
                (an object) or ignored (a pixel) if it returns.

        Raises:
            LabelError: The file cannot be read, or what `report` raises.
        """
        ...


@dataclass(frozen=True)
class Undecided:
    """Stands for labels in files of which it is not known yet what they mean."""

    paths: tuple[Path, ...]

    def read(self, report: Report = refuse) -> Labels:
        raise LabelError("is not understood yet", where=self.paths[0])


@dataclass(frozen=True)
class Entry:
    """One picture with its labels.

    Attributes:
        key: Unique name inside the dataset: the file's place in its folder, without the suffix.
        image: The picture's file.
        labels: Where its labels are read from.
        split: "train", "val", "test", or None where the layout says nothing.
        folder: Where the picture lies, seen from the dataset's root, with "/" between parts.
        group: The patient, scene or video that must not be split; None if unknown.
    """

    key: str
    image: Path
    labels: LabelSource
    split: str | None = None
    folder: str = ""
    group: str | None = None


@dataclass(frozen=True)
class Collection:
    """All that one format found in a dataset folder.

    Attributes:
        classes: What the labels mean.
        entries: The pictures, in the order of split and key.
        notes: What was found and guessed, one sentence each, for people to read.
    """

    classes: Classes
    entries: tuple[Entry, ...]
    notes: tuple[str, ...]


def listed(names: Iterable[object], *, limit: int = 5) -> str:
    """The first few of some names and how many there are, for a message."""
    names = [str(name) for name in names]
    shown = ", ".join(names[:limit])
    return shown if len(names) <= limit else f"{shown} … ({len(names)} in all)"


def with_unique_keys(entries: Sequence[Entry]) -> tuple[Entry, ...]:
    """The entries with their split put before every key if a key occurs in two splits.

    Raises:
        DataError: A key that still occurs twice.
    """
    if len({entry.key for entry in entries}) < len(entries):
        entries = [
            replace(entry, key=f"{entry.split}/{entry.key}") if entry.split else entry
            for entry in entries
        ]
    by_key: dict[str, Entry] = {}
    for entry in entries:
        other = by_key.setdefault(entry.key, entry)
        if other is not entry:
            raise DataError(
                f"two pictures have the same name {entry.key!r}: {other.image} and {entry.image}",
                remedy="Rename or remove one of them",
            )
    return tuple(entries)
