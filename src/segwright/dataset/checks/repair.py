"""A repaired copy of a dataset: what can be put right without guessing; the rest stays listed.

- Pictures that cannot be read, that have no partner, or that have any error in their labels are
  left out: where an object is missing, or its place is not known, its pixels would pass for
  background.
- Of exact copies within a split with the same labels one is kept.
- Masks that were cut at a threshold are written with their two values.
- Objects that reach outside their picture are cut off at its border; those without any pixel are
  left out.

The pictures' files are copied byte by byte. Nothing is changed in place. What was written is read
back and compared with what should have been.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

from segwright.dataset.checks.clean import CUT, EMPTY, TRACED, Cleaned
from segwright.dataset.checks.examine import Examined
from segwright.dataset.checks.looked import Looked
from segwright.dataset.checks.repeats import copies
from segwright.dataset.comparing import compare
from segwright.dataset.dataset import Dataset
from segwright.dataset.declaring import declare
from segwright.dataset.opening import open_dataset
from segwright.errors import DataError, SegwrightError
from segwright.formats.catalog import FORMATS, formats_in
from segwright.formats.faults import KINDS, Fault
from segwright.formats.format import Format
from segwright.formats.lost import Losses
from segwright.formats.settings import read_settings
from segwright.formats.writing import Export, Labelled
from segwright.storage import whole_folder

_UNPAIRED = ("image-without-labels", "labels-without-image")
_OF_THE_WHOLE = ("cannot-open", "no-split", "nothing-labelled")
_WITHOUT_AREA = ("empty-shape", "not-an-area")


def repair(
    examined: Examined, folder: Path, *, progress: Callable[[int], None] = lambda done: None
) -> tuple[str, ...]:
    """Writes a repaired copy of a dataset in its own format.

    Args:
        examined: The dataset as it was checked.
        folder: Where to write; must be new or empty, and outside the dataset.
        progress: Called with the number of pictures that are written.

    Returns:
        What was done and what was lost, one sentence each.

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
    kept, done = _kept(looked, examined)
    if not kept:
        raise DataError("no picture can be kept", where=root, remedy="Correct the files first")
    chosen = looked.dataset.subset(kept)
    entries = (replace(entry, labels=Cleaned(entry.labels)) for entry in chosen.entries)
    dataset = replace(chosen, entries=tuple(entries))
    tally, losses = Counter[str](), Losses()
    with whole_folder(folder) as aside:
        assert format.write is not None
        pictures = _pictures(dataset, looked, tally, progress)
        format.write(Export(aside, dataset.classes, pictures, losses))
        declare(aside, dataset, name=name)
        done += [*_of_labels(tally), *_of_declarations(examined)]
        done += [
            f"Not kept, because {format.title} has no place for it: {line}"
            for line in losses.lines()
        ]
        done += _read_back(dataset, aside)
    return tuple(done)


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


def _kept(looked: Looked, examined: Examined) -> tuple[list[int], list[str]]:
    """Positions of the pictures that are kept, and why others are not."""
    reasons: dict[int, str] = {}
    for index, entry in enumerate(looked.entries):
        if kind := examined.distrusted.get(entry.key):
            reasons[index] = kind
        elif not looked.labelled[index]:
            reasons[index] = "unreadable-labels"
    done = [_left_out(kind, number) for kind, number in Counter(reasons.values()).items()]
    done += _of_no_picture(looked, examined)
    twice = _copies_within_splits(looked) - reasons.keys()
    if twice:
        done.append(f"Left out {len(twice)} exact copies within a split")
    return [i for i in range(len(looked.entries)) if i not in reasons and i not in twice], done


def _left_out(kind: str, number: int) -> str:
    title = KINDS[kind].title
    if title.startswith("pictures"):
        return f"Left out {number} {title}"
    return f"Left out {number} pictures because of {title}: what they show is not known"


def _of_no_picture(looked: Looked, examined: Examined) -> Iterator[str]:
    """What the dataset names and has not, or has twice: readers leave it out."""
    keys = {entry.key for entry in looked.entries}
    kinds = Counter(
        one.kind for one in examined.verdict.findings if _is_of_none(one, keys, examined)
    )
    for kind, number in kinds.items():
        yield f"Left out {KINDS[kind].title} ({number} findings)"


def _is_of_none(fault: Fault, keys: set[str], examined: Examined) -> bool:
    explained = examined.proposal is not None and fault.kind not in _UNPAIRED
    known = fault.kind in _OF_THE_WHOLE or explained or fault.key in keys
    return fault.how_bad == "error" and not known


def _copies_within_splits(looked: Looked) -> set[int]:
    """All but the first of the pictures of a split that are the same with the same labels."""
    twice = set()
    for same in copies(looked):
        seen: set[tuple[str | None, str | None]] = set()
        for index in same:
            what = (looked.split(index), looked.looks[index].labels_hash)
            if what in seen and what[1] is not None:
                twice.add(index)
            seen.add(what)
    return twice


def _pictures(
    dataset: Dataset, looked: Looked, tally: Counter[str], progress: Callable[[int], None]
) -> Iterator[Labelled]:
    """The kept pictures with cleaned labels, one at a time."""
    sizes = dict(zip(looked.dataset.keys, (look.size_hw for look in looked.looks), strict=True))
    for done, entry in enumerate(dataset.entries, start=1):
        assert isinstance(entry.labels, Cleaned)
        labels = entry.labels.read_and_count(tally)
        size_hw = sizes[entry.key] or labels.size_hw
        yield Labelled(entry.key, entry.image, size_hw, labels, entry.split, entry.group)
        progress(done)


def _of_labels(tally: Counter[str]) -> Iterator[str]:
    """What was done to labels."""
    if tally[CUT]:
        yield f"Cut off {tally[CUT]} objects at the border of their picture"
    if tally[TRACED]:
        yield f"Drew {tally[TRACED]} of these anew along their pixels, because they are tangled"
    if tally[EMPTY]:
        yield f"Left out {tally[EMPTY]} objects without any pixel"
    for kind in _WITHOUT_AREA:
        if tally[kind]:
            yield f"Left out {KINDS[kind].title.removesuffix(' and are left out')} ({tally[kind]})"


def _of_declarations(examined: Examined) -> Iterator[str]:
    """What was done to the values of masks."""
    proposal = examined.proposal
    if proposal is not None and "threshold" in proposal.content:
        yield f"Cut the masks at {proposal.content['threshold']} into two values"
    elif proposal is not None:
        yield "Numbered the classes 0, 1, 2 …, as " + proposal.note


def _read_back(dataset: Dataset, folder: Path) -> Iterator[str]:
    """Whether the copy holds the pixels that it should."""
    try:
        after = open_dataset(folder, report=lambda fault: None)
        changed = compare(dataset, after).differences["pixels"]
    except SegwrightError as error:
        yield f"It could not be compared with the original: {error.problem}"
        return
    if changed:
        yield f"Read back, {changed:,} pixels have another class than they had"
