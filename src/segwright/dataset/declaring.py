"""`dataset.yaml` beside written data: what their format has no place for."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import yaml

from segwright.dataset.comparing import declared_differences, partners
from segwright.dataset.dataset import Dataset
from segwright.dataset.opening import folders_above, grouped, open_dataset
from segwright.errors import SegwrightError
from segwright.formats.catalog import FORMATS, formats_in
from segwright.formats.entry import UNDIVIDED, Entry
from segwright.formats.settings import read_settings
from segwright.formats.strict_yaml import parse_yaml
from segwright.labels.classes import Classes
from segwright.storage import write_whole

_FILE = "dataset.yaml"


def declare(written: Path, dataset: Dataset, *, name: str) -> tuple[str, ...]:
    """Writes `dataset.yaml` with what the format has no place for and our reader finds there.

    A key is added only where the data would be read back otherwise than they were without it.

    Args:
        written: A folder that a format's writer has filled.
        dataset: What was written.
        name: The format.

    Returns:
        The keys that were added.
    """
    before = declared_in(written)
    content = dict(before)
    if not any(FORMATS[found].open is FORMATS[name].open for found in formats_in(written)[:1]):
        content["format"] = name
        _write(written, content)
    bare = _opened(written)
    content |= _of_classes(written, content, bare, dataset)
    if dataset.spacing is not None:
        content["spacing"] = list(dataset.spacing)
    _write(written, content)
    named = _opened(written)
    if named is None:  # the format says something else of its classes: its own word counts
        content = {key: content[key] for key in content if key not in ("classes", "background")}
        _write(written, content)
        named = _opened(written)
    if named is not None:
        content |= _of_pictures(named, dataset)
        _write(written, content)
    return tuple(key for key in content if content[key] != before.get(key))


def declared_in(root: Path) -> dict[str, Any]:
    """What the dataset.yaml of a folder says, as it stands there; nothing if there is none.

    Raises:
        DataError: It cannot be read.
    """
    read_settings(root)  # raises what is wrong with it
    path = root / _FILE
    content = parse_yaml(path.read_text(encoding="utf-8-sig")) if path.exists() else None
    return content if isinstance(content, dict) else {}


def write_declared(root: Path, content: Mapping[str, Any]) -> None:
    """Writes a folder's dataset.yaml.

    Raises:
        StorageError: It cannot be written.
    """
    text = yaml.safe_dump(dict(content), sort_keys=False, allow_unicode=True, width=100)
    write_whole(root / _FILE, text)


def places_of(entries: Sequence[Entry], splits: Sequence[str]) -> dict[str, list[str]]:
    """What to write under `splits`: whole folders where all of a folder is of one split, or keys.

    Args:
        entries: The pictures.
        splits: The split of each, or "undivided".
    """
    inside: defaultdict[str, set[str]] = defaultdict(set)
    for entry, split in zip(entries, splits, strict=True):
        for folder in folders_above(entry):
            inside[folder].add(split)
    keys = {entry.key for entry in entries}
    places: defaultdict[str, dict[str, None]] = defaultdict(dict)
    for entry, split in zip(entries, splits, strict=True):
        whole = [f for f in folders_above(entry) if len(inside[f]) == 1 and f not in keys | {"."}]
        places[split][min(whole, key=len) if whole else literal(entry.key)] = None
    order = [name for name in ("train", "val", "test", UNDIVIDED) if name in places]
    return {name: list(places[name]) for name in order}


def literal(key: str) -> str:
    """A key as a pattern that fits it alone."""
    if not any(mark in key for mark in "*?"):
        return key
    return "".join(f"[{mark}]" if mark in "*?[" else mark for mark in key)


def _of_classes(
    written: Path, content: Mapping[str, Any], bare: Dataset | None, dataset: Dataset
) -> dict[str, Any]:
    """`classes` and `background`, where they are not read back as they were."""
    classes = dataset.classes
    found = None if bare is None else bare.classes
    declared: dict[str, Any] = {}
    if found is None or _coloured(found) != _coloured(classes):
        names = [one.name for one in read_settings(written).classes or ()]
        names = names or list(classes.names)
        colour_of = _coloured(classes)
        declared["classes"] = [
            {"name": name, "colour": "#" + bytes(colour_of[name]).hex()}
            if name in colour_of
            else name
            for name in names
        ]
    if found is None or _background(found) != _background(classes):
        declared["background"] = _background(classes) or False
    return declared


def _of_pictures(named: Dataset, dataset: Dataset) -> dict[str, Any]:
    """`splits` and `groups`, where they are not read back as they were."""
    entries = partners(dataset, named)
    different = declared_differences(dataset, named, entries)
    declared: dict[str, Any] = {}
    if different["splits"]:
        splits = [entry.split or UNDIVIDED for entry in dataset.entries]
        declared["splits"] = places_of(entries, splits)
    pattern = read_settings(dataset.root).groups
    if different["groups"] and pattern is not None and _groups(pattern, entries, dataset):
        declared["groups"] = pattern
    return declared


def _groups(pattern: str, entries: Sequence[Entry], dataset: Dataset) -> bool:
    """Whether a pattern finds the groups of a dataset in the keys that it was written under."""
    try:
        found = grouped(entries, pattern, where=_FILE)
    except SegwrightError:
        return False
    return not declared_differences(dataset, dataset, found)["groups"]


def _opened(root: Path) -> Dataset | None:
    try:
        return open_dataset(root)
    except SegwrightError:
        return None


def _write(root: Path, content: Mapping[str, Any]) -> None:
    if content:
        write_declared(root, content)
    else:
        (root / _FILE).unlink(missing_ok=True)


def _coloured(classes: Classes) -> dict[str, tuple[int, int, int]]:
    return dict(zip(classes.names, classes.colours, strict=True))


def _background(classes: Classes) -> str | None:
    return None if classes.background is None else classes.names[classes.background]
