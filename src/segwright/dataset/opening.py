"""A folder to a Dataset: finds the layout, reads the declarations, assigns splits and groups."""

from __future__ import annotations

import os
import re
from collections.abc import Mapping, Sequence
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path, PurePosixPath
from typing import cast

from segwright.dataset.dataset import Dataset
from segwright.errors import DataError, UsageError
from segwright.formats.catalog import layouts, open_labels
from segwright.formats.entry import UNDIVIDED, Entry, listed
from segwright.formats.faults import Report, refuse
from segwright.formats.format import Opening
from segwright.formats.settings import DatasetSettings, read_settings


def open_dataset(
    path: str | os.PathLike[str],
    *,
    report: Report = refuse,
    settings: DatasetSettings | None = None,
) -> Dataset:
    """Opens a dataset folder; pictures are paired and labels understood, but not yet read.

    Args:
        path: A folder in one of the layouts of `formats.catalog`, with an optional `classes.txt`
            and `dataset.yaml` (see `formats.settings`).
        report: Is told of every fault; what is at fault is left out if it returns.
        settings: Declarations that count in place of those of `dataset.yaml` and `classes.txt`.

    Raises:
        DataError: No such folder, an unknown layout, or pictures and labels that do not match.
        LabelError: Labels that nothing explains.
        UnknownNameError: An unknown key in dataset.yaml.
    """
    root = Path(path)
    if not root.is_dir():
        problem = "is a file, not a folder" if root.exists() else "there is no such folder"
        raise DataError(
            problem, where=root, remedy=f"Give the folder of a dataset. Accepted are: {layouts()}"
        )
    if settings is None:
        settings = read_settings(root)

    def assign(entries: Sequence[Entry]) -> tuple[Entry, ...]:
        if settings.groups is not None:
            entries = grouped(entries, settings.groups, where=root / "dataset.yaml")
        if settings.splits is not None:
            entries = _divided(entries, settings.splits, where=root / "dataset.yaml")
        return tuple(entries)

    collection = open_labels(Opening(root, settings, assign, report))
    spacing = cast("tuple[float, float] | None", settings.spacing)
    return Dataset(root, collection.classes, collection.entries, spacing, collection.notes)


def grouped(entries: Sequence[Entry], pattern: str, *, where: object) -> tuple[Entry, ...]:
    """The entries with the group that the pattern finds in their keys.

    Raises:
        UsageError: It is no regular expression.
        DataError: It is not found in a key.
    """
    try:
        compiled = re.compile(pattern)
    except re.error as error:
        raise UsageError(
            f"{pattern!r} is no regular expression ({error})",
            where=where,
            remedy=r"Put a backslash before what is meant as itself, such as \( or \.",
        ) from None
    matches = [compiled.search(entry.key) for entry in entries]
    bare = [entry.key for entry, match in zip(entries, matches, strict=True) if not match]
    if bare:
        raise DataError(
            f"the pattern {pattern!r} is not found in {len(bare)} of {len(entries)} names: "
            f"{listed(bare)}",
            where=where,
            remedy="Write a pattern that is found in every name",
        )
    return tuple(
        replace(entry, group=next((g for g in match.groups() if g is not None), match.group()))
        for entry, match in zip(entries, matches, strict=True)
        if match
    )


def _divided(
    entries: Sequence[Entry], splits: Mapping[str, Sequence[str]], *, where: Path
) -> tuple[Entry, ...]:
    """The entries with the declared splits; what the folders said no longer counts.

    A place that is the key of a picture stands for that picture alone, even if a folder or a file
    has the same name.
    """
    found: list[list[str]] = [[] for _ in entries]
    keys = {entry.key for entry in entries}
    for split, wanted in splits.items():
        unused = {place.rstrip("/") for place in wanted}
        patterns = [place for place in unused if any(mark in place for mark in "*?")]
        places = frozenset(unused)
        for number, entry in enumerate(entries):
            hits = {entry.image.name, *folders_above(entry)} & places - keys
            hits |= {entry.key} & places
            hits |= {pattern for pattern in patterns if fnmatchcase(entry.key, pattern)}
            unused -= hits
            if hits:
                found[number].append(split)
        if unused:
            raise DataError(
                f"'splits' has {listed(sorted(unused))} under {split!r}, which is no folder, "
                "picture or pattern that fits anything",
                where=where,
                remedy="Correct or remove it",
            )
    wrong = {
        "no split": [e.key for e, at in zip(entries, found, strict=True) if not at],
        "several splits": [e.key for e, at in zip(entries, found, strict=True) if len(at) > 1],
    }
    for what, keys in wrong.items():
        if keys:
            raise DataError(
                f"{len(keys)} pictures are in {what}: {listed(keys)}",
                where=where,
                remedy="Write 'splits' so that every picture is in exactly one; what shall be in "
                f"none is listed as {UNDIVIDED!r}",
            )
    return tuple(
        replace(entry, split=None if at[0] == UNDIVIDED else at[0])
        for entry, at in zip(entries, found, strict=True)
    )


def folders_above(entry: Entry) -> list[str]:
    """ "a/b", "a" for a picture in a/b, seen from the dataset's root."""
    folder = PurePosixPath(entry.folder)
    return [folder.as_posix(), *(parent.as_posix() for parent in folder.parents)]
