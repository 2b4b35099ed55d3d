"""A dataset: pictures with labels on disk, read one at a time."""

from __future__ import annotations

import hashlib
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from segwright.dataset.class_map import ClassMap, Reclassed
from segwright.dataset.reading import read_entry
from segwright.dataset.sample import Sample
from segwright.errors import DataError
from segwright.formats.entry import Entry
from segwright.labels.classes import Classes
from segwright.labels.instances import as_label_map

_DECLARATIONS = ("dataset.yaml", "classes.txt")


@dataclass(frozen=True, eq=False)
class Dataset(Sequence[Sample]):
    """Pictures with labels, read when they are asked for.

    Attributes:
        root: The folder it was opened from.
        classes: What the labels mean.
        entries: Where each picture and its labels are, in a fixed order.
        spacing: Declared size of a pixel in millimetres, [vertical, horizontal]; None if the
            files themselves are to be believed.
        notes: What was found and guessed at opening, one sentence each.
        class_map: What became of the classes of the files, every one named; None if they are as
            the files give them.

    Example:
        >>> dataset = open_dataset("camvid").split("train")  # doctest: +SKIP
        >>> dataset[0].labels.size_hw  # doctest: +SKIP
        (360, 480)
    """

    root: Path
    classes: Classes
    entries: tuple[Entry, ...]
    spacing: tuple[float, float] | None = None
    notes: tuple[str, ...] = ()
    class_map: ClassMap | None = None

    def __len__(self) -> int:
        return len(self.entries)

    def __getitem__(self, index: int) -> Sample:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Reads one sample.

        Raises:
            ImageError: The picture cannot be read, or is a volume.
            LabelError: The labels cannot be read or have another size than the picture.
        """
        entry = self.entries[index]
        image, labels = read_entry(entry)
        if self.spacing is not None:
            image = replace(image, spacing=self.spacing)
        return Sample(entry.key, image, as_label_map(labels), entry.group)

    def __iter__(self) -> Iterator[Sample]:
        return (self[index] for index in range(len(self)))

    @property
    def keys(self) -> tuple[str, ...]:
        """The name of every sample."""
        return tuple(entry.key for entry in self.entries)

    def group(self, index: int) -> str | None:
        """The patient, scene or video of a sample; None if unknown."""
        return self.entries[index].group

    @property
    def splits(self) -> tuple[str, ...]:
        """The splits that have samples, in the order train, val, test; empty if undivided."""
        present = {entry.split for entry in self.entries}
        return tuple(name for name in ("train", "val", "test") if name in present)

    def split(self, name: str) -> Dataset:
        """The samples of one split.

        Raises:
            DataError: There is no such split.
        """
        chosen = [i for i, entry in enumerate(self.entries) if entry.split == name]
        if not chosen:
            has = f"it has {', '.join(self.splits)}" if self.splits else "it is not divided"
            raise DataError(
                f"no split {name!r}; {has}",
                where=self.root,
                remedy=f"Make a folder {name!r}, or list its pictures under 'splits' in "
                "dataset.yaml",
            )
        return self.subset(chosen)

    def without_test(self) -> Dataset:
        """All samples but those of a test split."""
        return self.subset([i for i, entry in enumerate(self.entries) if entry.split != "test"])

    def subset(self, indices: Sequence[int]) -> Dataset:
        """The samples at the given positions, in that order."""
        return replace(self, entries=tuple(self.entries[index] for index in indices))

    def with_classes(self, class_map: ClassMap, *, where: object = "--classes") -> Dataset:
        """The same pictures with classes renamed, merged and ignored when they are read.

        Args:
            class_map: What becomes of the classes.
            where: Where the map is from, for messages.

        Raises:
            UnknownNameError: The map names a class that there is not.
            UsageError: It does not say what becomes of a class.
            LabelError: No class would remain.
        """
        whole = class_map.complete(self.classes, where=where)
        change = class_map.applied_to(self.classes, where=where)
        return replace(
            self,
            classes=change.new,
            entries=tuple(
                replace(entry, labels=Reclassed(entry.labels, change)) for entry in self.entries
            ),
            notes=(*self.notes, f"Classes by the map: {whole}."),
            class_map=whole,
        )

    def fingerprint(self) -> str:
        """A hash of names, splits, sizes and contents of all files that decide the samples.

        It does not depend on where the folder lies. All files are read once.

        Raises:
            DataError: A file is gone or cannot be read.
        """
        files = {path for entry in self.entries for path in (entry.image, *entry.labels.paths)}
        files |= {path for name in _DECLARATIONS if (path := self.root / name).is_file()}
        digest = hashlib.sha256(repr((self.classes.names, self.spacing)).encode())
        if self.class_map is not None:
            digest.update(repr(self.class_map).encode())
        for key, split, group in sorted((e.key, str(e.split), str(e.group)) for e in self.entries):
            digest.update(repr((key, split, group)).encode())
        for path in sorted(files, key=self._name):
            digest.update(repr((self._name(path), *_content(path))).encode())
        return digest.hexdigest()

    def image_hashes(self) -> tuple[str, ...]:
        """A hash of the content of every picture's file, by which it is known wherever it lies.

        Raises:
            DataError: A file is gone or cannot be read.
        """
        return tuple(_content(entry.image)[1] for entry in self.entries)

    def leaks(self) -> str | None:
        """A warning if pictures of one group lie in several of the given splits."""
        splits_of: defaultdict[str, set[str]] = defaultdict(set)
        for entry in self.entries:
            if entry.group is not None and entry.split is not None:
                splits_of[entry.group].add(entry.split)
        torn = {group: splits for group, splits in splits_of.items() if len(splits) > 1}
        if not torn:
            return None
        group, splits = min(torn.items())
        return (
            f"WARNING: {len(torn)} of {len(splits_of)} groups lie in several of the given splits "
            f"({group!r} in {' and '.join(sorted(splits))}): scores will be better than on new "
            "groups. The splits are used as they are given."
        )

    def describe(self) -> str:
        """What this is and what was guessed on the way, as lines of text."""
        parts = {name: sum(e.split == name for e in self.entries) for name in self.splits}
        counts = ", ".join(f"{name} {number}" for name, number in parts.items())
        lines = [f"{len(self)} pictures{f' ({counts})' if counts else ', not divided'}"]
        names = list(self.classes.names)
        lines.append(f"{len(names)} classes: {', '.join(names)}")
        if self.classes.background is not None:
            lines.append(f"Background: {names[self.classes.background]}")
        groups = {entry.group for entry in self.entries} - {None}
        if groups:
            lines.append(self.leaks() or f"{len(groups)} groups, none in two splits")
        return "\n".join([*lines, *self.notes])

    def _name(self, path: Path) -> str:
        return path.relative_to(self.root).as_posix()


def fingerprint_of(train: Dataset, val: Dataset) -> str:
    """A content hash of all images and labels of a run, those it is scored on included."""
    return replace(train, entries=(*train.entries, *val.entries)).fingerprint()


def _content(path: Path) -> tuple[int, str]:
    """Size in bytes and hash of a file."""
    try:
        with path.open("rb") as file:
            digest = hashlib.file_digest(file, "blake2b").hexdigest()
            return file.tell(), digest
    except OSError as error:
        raise DataError(f"cannot be read: {error}", where=path) from None
