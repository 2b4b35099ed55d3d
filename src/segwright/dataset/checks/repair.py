"""A repaired copy of a dataset: what can be put right without guessing; the rest stays listed.

- Pictures and labels that cannot be read, or that have no partner, are left out.
- Of exact copies within a split with the same labels one is kept.
- Masks that were cut at a threshold are written with their two values.
- Objects that reach outside their picture are clipped to it; objects without any pixel, and
  records that cannot be read, are left out.

The pictures' files are copied byte by byte. Nothing is changed in place.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np

from segwright.dataset.checks.examine import Examined
from segwright.dataset.checks.looked import Looked
from segwright.dataset.checks.repeats import copies
from segwright.dataset.declaring import declare
from segwright.errors import DataError
from segwright.formats.catalog import FORMATS, formats_in
from segwright.formats.entry import Entry
from segwright.formats.faults import KINDS, Fault
from segwright.formats.format import Format
from segwright.formats.settings import read_settings
from segwright.formats.writing import Export, Labelled
from segwright.labels.instances import Instance, Instances
from segwright.labels.outline import outline
from segwright.labels.shapes import Box, Polygons, Shape
from segwright.storage import whole_folder

_PICTURES_LEFT_OUT = (
    *("unreadable-image", "non-finite", "unreadable-labels"),
    *("size-differs", "wrong-crs", "unknown-image", "bad-record"),  # if nothing else is known
)
_UNPAIRED = ("image-without-labels", "labels-without-image")


def repair(
    examined: Examined, folder: Path, *, progress: Callable[[int], None] = lambda done: None
) -> tuple[str, ...]:
    """Writes a repaired copy of a dataset in its own format.

    Args:
        examined: The dataset as it was checked.
        folder: Where to write; must be new or empty, and outside the dataset.
        progress: Called with the number of pictures that are written.

    Returns:
        What was done, one sentence each.

    Raises:
        DataError: The dataset cannot be opened, nothing of it can be kept, its format is not
            written, or the folder lies inside of it.
        UsageError: The folder is not empty.
        StorageError: It cannot be written.
    """
    looked = examined.looked
    root = examined.verdict.data
    if looked is None:
        raise DataError(
            "what cannot be opened cannot be repaired",
            where=root,
            remedy="Correct what `segwright check` says first",
        )
    if folder.resolve().is_relative_to(root.resolve()):
        raise DataError(
            "lies inside the dataset that is repaired",
            where=folder,
            remedy="Name a folder beside it",
        )
    name, format = _format_of(looked)
    kept, done = _kept(looked, examined.verdict.findings)
    if not kept:
        raise DataError("no picture can be kept", where=root, remedy="Correct the files first")
    tally: Counter[str] = Counter()
    dataset = looked.dataset.subset(kept)
    with whole_folder(folder) as aside:
        assert format.write is not None
        pictures = _repaired([looked.entries[i] for i in kept], looked, kept, tally, progress)
        format.write(Export(aside, dataset.classes, pictures))
        declare(aside, dataset, name=name)
    return (*done, *_sentences(tally, examined))


def _format_of(looked: Looked) -> tuple[str, Format]:
    root = looked.dataset.root
    name = read_settings(root).format or formats_in(root)[0]
    if FORMATS[name].write is None:
        raise DataError(
            f"{FORMATS[name].title} cannot be written",
            where=root,
            remedy="Convert it to another format first: `segwright convert`",
        )
    return name, FORMATS[name]


def _kept(looked: Looked, faults: tuple[Fault, ...]) -> tuple[list[int], list[str]]:
    """Positions of the pictures that are kept, and why others are not."""
    done: list[str] = []
    dropped: set[int] = set()
    for kind in _PICTURES_LEFT_OUT:
        keys = {fault.key for fault in faults if fault.kind == kind}
        found = {
            i
            for i, entry in enumerate(looked.entries)
            if entry.key in keys and not looked.labelled[i]
        }
        if found - dropped:
            done.append(f"Left out {len(found - dropped)} {KINDS[kind].title}")
        dropped |= found
    for kind in _UNPAIRED:
        if number := sum(fault.kind == kind for fault in faults):
            done.append(f"Left out {KINDS[kind].title} ({number} findings)")
    twice = set()
    for same in copies(looked):
        seen: set[tuple[str | None, str | None]] = set()
        for index in same:
            what = (looked.split(index), looked.looks[index].labels_hash)
            if what in seen and what[1] is not None:
                twice.add(index)
            seen.add(what)
    if twice - dropped:
        done.append(f"Left out {len(twice - dropped)} exact copies within a split")
    dropped |= twice
    return [i for i in range(len(looked.entries)) if i not in dropped], done


def _repaired(
    entries: list[Entry],
    looked: Looked,
    kept: list[int],
    tally: Counter[str],
    progress: Callable[[int], None],
) -> Iterator[Labelled]:
    """The kept pictures with repaired labels, one at a time."""
    for done, (index, entry) in enumerate(zip(kept, entries, strict=True), start=1):
        faults: list[Fault] = []
        labels = entry.labels.read(faults.append)
        tally.update(fault.kind for fault in faults)
        if isinstance(labels, Instances):
            labels = _clipped(labels, tally)
        size_hw = looked.looks[index].size_hw or labels.size_hw
        yield Labelled(entry.key, entry.image, size_hw, labels, entry.split, entry.group)
        progress(done)


def _clipped(labels: Instances, tally: Counter[str]) -> Instances:
    """Objects clipped to the picture, and none without a pixel."""
    objects: list[Instance] = []
    for instance, region in zip(labels.objects, labels.regions, strict=True):
        if region.area_px == 0:
            tally["(empty)"] += 1
        elif _reaches_outside(instance.shape, labels.size_hw):
            tally["(clipped)"] += 1
            objects.append(replace(instance, shape=outline(region)))
        else:
            objects.append(instance)
    return replace(labels, objects=tuple(objects))


def _reaches_outside(shape: Shape, size_hw: tuple[int, int]) -> bool:
    if isinstance(shape, Box):
        shape = shape.polygons()
    if not isinstance(shape, Polygons):
        return False
    height, width = size_hw
    corners = np.concatenate(shape.rings)
    return bool((corners < 0).any() or (corners > (width, height)).any())


def _sentences(tally: Counter[str], examined: Examined) -> list[str]:
    """What was done to labels."""
    done = []
    if tally["(clipped)"]:
        done.append(f"Clipped {tally['(clipped)']} objects to their picture, along its pixels")
    if tally["(empty)"]:
        done.append(f"Left out {tally['(empty)']} objects without any pixel")
    for kind, number in tally.items():
        if kind in KINDS and KINDS[kind].severity == "error":
            done.append(f"Left out what was at fault: {KINDS[kind].title} ({number})")
    proposal = examined.proposal
    if proposal is not None and "threshold" in proposal.content:
        done.append(f"Cut the masks at {proposal.content['threshold']} into two values")
    elif proposal is not None:
        done.append("Numbered the classes 0, 1, 2 …, as " + proposal.note)
    return done
