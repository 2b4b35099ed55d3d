"""Looks at pictures, kept for the next check and found by content alone.

What was seen is kept under a hash of everything that decides it: the bytes of the picture and of
its label files, what the labels are read with (classes, meanings of values, the records of this
picture), their names below the dataset's root, the code that reads and looks, and the libraries
that decode. Neither times nor places of files count, so nothing that is found can be out of date.
Files are whole or absent, several processes may write at once, and what cannot be read is as good
as not there. The folder may be deleted at any time. What other code has left there is removed once
no check has used it for a week.
"""

from __future__ import annotations

import dataclasses
import hashlib
import json
import os
import shutil
import time
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any
from xml.etree.ElementTree import Element, tostring

import numpy as np
import PIL

from segwright.dataset.checks.look import Look
from segwright.errors import StorageError
from segwright.formats.entry import Entry, LabelSource
from segwright.storage import storage_errors, write_whole

_ROOMS = ("dataset/checks", "formats", "images", "labels")
_UNUSED_S = 7 * 24 * 3600


def cache_folder() -> Path:
    """$SEGWRIGHT_CACHE, or `segwright` in the user's cache folder ($XDG_CACHE_HOME, ~/.cache)."""
    if chosen := os.environ.get("SEGWRIGHT_CACHE"):
        return Path(chosen)
    above = os.environ.get("XDG_CACHE_HOME")
    return (Path(above) if above else Path.home() / ".cache") / "segwright"


@cache
def code_version() -> str:
    """A hash of all source code and libraries that decide what a look holds."""
    source = Path(__file__).parents[2]
    files = sorted(path for room in _ROOMS for path in (source / room).rglob("*.py"))
    digest = hashlib.blake2b(repr((np.__version__, PIL.__version__)).encode(), digest_size=16)
    for path in files:
        digest.update(path.read_bytes())
    return digest.hexdigest()


class LookCache:
    """Looks by content.

    Args:
        root: The dataset's folder.
        entries: All its pictures, before any of their labels are read. A label file of several of
            them is taken as it was read when the dataset was opened, and hashed once.
    """

    def __init__(self, root: Path, entries: Sequence[Entry]) -> None:
        self._root = root
        self._folder = cache_folder() / "check" / code_version()
        _forget_unused(self._folder)
        self._entries = entries  # keeps them alive, so that an id stands for one object
        uses = Counter(path for entry in entries for path in entry.labels.paths)
        shared = [path for path, number in uses.items() if number > 1 and path.is_file()]
        self._shared = {path: hash_of_file(path) for path in shared}
        describe = Description(root)
        self._sources = {id(one.labels): describe(one.labels) for one in entries}

    def key(self, entry: Entry, data: bytes) -> str | None:
        """What a look at an entry is kept under.

        Args:
            entry: A picture with its labels.
            data: The bytes of the picture's file.

        Returns:
            None if that cannot be told: a label file is gone, or its reader holds something
            that is no plain value.
        """
        source = self._sources[id(entry.labels)]
        if source is None:
            return None
        try:
            files = [self._shared.get(p) or hash_of_file(p) for p in entry.labels.paths]
        except OSError:
            return None
        image = _name(entry.image, root=self._root)
        parts = [entry.key, image, hashlib.blake2b(data).hexdigest(), files, source]
        return hashlib.blake2b(json.dumps(parts).encode(), digest_size=24).hexdigest()

    def load(self, key: str) -> Look | None:
        """The look that is kept under a key; None if there is none that can be read."""
        try:
            digest, _, content = self._path(key).read_bytes().partition(b"\n")
            if hashlib.blake2b(content).hexdigest().encode() != digest:
                return None
            return Look.from_plain(json.loads(content))
        except (OSError, ValueError, KeyError, TypeError, AttributeError):
            return None

    def store(self, key: str, look: Look) -> None:
        """Keeps a look.

        Raises:
            StorageError: It cannot be written.
        """
        content = json.dumps(look.to_plain()).encode()
        path = self._path(key)
        with storage_errors(path):
            path.parent.mkdir(parents=True, exist_ok=True)
        digest = hashlib.blake2b(content).hexdigest().encode()
        write_whole(path, digest + b"\n" + content, sync=False)

    def _path(self, key: str) -> Path:
        return self._folder / key[:2] / key[2:]


def _forget_unused(folder: Path) -> None:
    """Notes that a version's folder is in use, and removes those that no check used for a week.

    Another process may do the same, or use what is removed: its looks are then made again.
    """
    with suppress(OSError):
        folder.mkdir(parents=True, exist_ok=True)
        os.utime(folder)
        for other in folder.parent.iterdir():
            if other != folder and time.time() - other.stat().st_mtime > _UNUSED_S:
                shutil.rmtree(other, ignore_errors=True)


def try_store(cache: LookCache, key: str, look: Look) -> bool:
    """Keeps a look; False if that fails, because a full disk must not end a check."""
    try:
        cache.store(key, look)
    except StorageError:
        return False
    return True


def hash_of_file(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2b").hexdigest()


class Description:
    """Hashes all that a label source holds: its type and every field, to the last value.

    Args:
        root: The dataset's folder, from which paths are seen.
    """

    def __init__(self, root: Path) -> None:
        self._root = root
        self._known: dict[int, str] = {}  # what many sources share is described once

    def __call__(self, labels: LabelSource) -> str | None:
        """The hash; None if the source holds something other than plain values."""
        try:
            if not dataclasses.is_dataclass(labels):
                raise TypeError(f"{type(labels).__name__} is no dataclass")
            return self._text([type(labels).__qualname__, *map(self._field, _values(labels))])
        except (TypeError, ValueError, RecursionError):
            return None

    def _field(self, value: object) -> str:
        if value is None or isinstance(value, str | int | float | Path):
            return self._text(value)
        if id(value) not in self._known:
            self._known[id(value)] = self._text(value)
        return self._known[id(value)]

    def _text(self, value: object) -> str:
        text = json.dumps(value, default=self._plain)
        return hashlib.blake2b(text.encode()).hexdigest()

    def _plain(self, value: object) -> object:
        """What JSON cannot write, as something that it can."""
        if isinstance(value, Path):
            return _name(value, root=self._root)
        if dataclasses.is_dataclass(value) and not isinstance(value, type):
            return [type(value).__qualname__, *_values(value)]
        if isinstance(value, Mapping):
            return [[key, one] for key, one in value.items()]
        if isinstance(value, Set):
            return sorted(value, key=repr)
        if isinstance(value, np.ndarray) and value.dtype != object:
            return [value.dtype.str, value.shape, hashlib.blake2b(value.tobytes()).hexdigest()]
        if isinstance(value, np.generic):
            return [value.dtype.str, value.item()]
        if isinstance(value, bytes):
            return value.hex()
        if isinstance(value, Element):
            return tostring(value, encoding="unicode")
        raise TypeError(f"{type(value).__name__} is no plain value")


def _values(one: Any) -> list[object]:
    return [getattr(one, field.name) for field in dataclasses.fields(one)]


def _name(path: Path, *, root: Path) -> str:
    return path.relative_to(root).as_posix() if path.is_relative_to(root) else str(path)
