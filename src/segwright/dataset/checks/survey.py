"""Looks at every picture of a dataset, several at a time, and at none twice."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from segwright.dataset.checks.cache import LookCache, try_store
from segwright.dataset.checks.look import Look, look_at
from segwright.dataset.threads import in_order
from segwright.errors import DataError
from segwright.formats.entry import Entry
from segwright.formats.faults import Fault
from segwright.images import ReadLimits


def survey(
    entries: Sequence[Entry],
    *,
    root: Path,
    progress: Callable[[int], None] = lambda done: None,
) -> list[Look]:
    """Looks at all pictures, in their order.

    Args:
        entries: The pictures.
        root: The dataset's folder.
        progress: Called with the number of pictures that are done after each.
    """
    cache = LookCache(root, entries)
    looks = []
    for _, look in in_order(lambda entry: _look(entry, root=root, cache=cache), entries):
        looks.append(look.result())
        progress(len(looks))
    return looks


def _look(entry: Entry, *, root: Path, cache: LookCache) -> Look:
    """Looks at a picture, or finds what was seen in the very same files before."""
    try:
        if entry.image.stat().st_size > ReadLimits().max_bytes:
            raise DataError(
                f"the file has {entry.image.stat().st_size:,} bytes; accepted are up to "
                f"{ReadLimits().max_bytes:,}",
                remedy="Cut it into smaller files",
            )
        data = entry.image.read_bytes()
    except (OSError, DataError) as error:
        remedy = getattr(error, "remedy", None) or "Restore it, or make it readable"
        where = entry.image.relative_to(root).as_posix()
        fault = Fault("unreadable-image", f"cannot be read: {error}", where, remedy, entry.key)
        return Look(faults=(fault,))
    key = cache.key(entry, data)
    found = None if key is None else cache.load(key)
    if found is not None:
        return found
    look = look_at(entry, data, root=root)
    # A file that was written to meanwhile was not seen under this key.
    if key is not None and cache.key(entry, data) == key:
        try_store(cache, key, look)
    return look
