"""`segwright split`: train, val and test that share no patient, scene or near-duplicate."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np

from segwright.dataset import Dataset, open_dataset
from segwright.dataset.declaring import declared_in, places_of, write_declared
from segwright.dataset.division import SPLITS, class_areas, divide, with_reason
from segwright.dataset.opening import grouped
from segwright.errors import DataError, UsageError
from segwright.events import Listener, StageAdvanced, StageStarted
from segwright.storage import storage_errors, whole_folder
from segwright.verbs.opening import open_data, require_outside

_DEFAULT = (0.7, 0.15, 0.15)


@dataclass(frozen=True)
class SplitReport:
    """How a dataset was divided.

    Attributes:
        out: The folder that was written.
        reason: What stays together and why.
        notes: What else the user should know.
        fractions: The shares that were asked for, by split.
        shares: "pictures" and the name of each class → the share of each split in it.
        counts: Pictures of each split.
    """

    out: Path
    reason: str
    notes: tuple[str, ...]
    fractions: dict[str, float]
    shares: dict[str, dict[str, float]]
    counts: dict[str, int]

    def text(self) -> str:
        """What was decided, and each split's share of pictures and classes beside its target."""
        parts = ", ".join(f"{name} {number:,}" for name, number in self.counts.items())
        rows = [("", *self.counts)]
        rows.append(("asked for", *(_percent(self.fractions[name]) for name in self.counts)))
        for what, held in self.shares.items():
            rows.append((what, *(_percent(held[name]) for name in self.counts)))
        wide = [max(len(row[column]) for row in rows) for column in range(len(rows[0]))]
        table = [
            f"  {row[0]:{wide[0]}}"
            + "".join(f"  {cell:>{width}}" for cell, width in zip(row[1:], wide[1:], strict=True))
            for row in rows
        ]
        return "\n".join([f"{parts} pictures: {self.out}", self.reason, *self.notes, *table])


def split(
    data: str | Path,
    out: str | Path,
    *,
    by: str = "auto",
    fractions: Sequence[float] = _DEFAULT,
    seed: int = 0,
    classes: str | Path | None = None,
    on_event: Listener = lambda event: None,
) -> SplitReport:
    """Copies a dataset as it is and writes which picture is in which split into `dataset.yaml`.

    No file changes its place or content, so that every format stays what it is; what reads folders
    by their names alone needs `segwright convert` on the copy.

    The same seed gives the same splits wherever the data lie, and pictures that are added move few
    others. Classes get their share of pixels in every split as far as what stays together allows.

    Args:
        data: A dataset folder in any format.
        out: Folder to write; must be new or empty. It appears whole or not at all.
        by: Regular expression whose first group in a picture's name is its patient, scene or
            video; "auto" for the groups of the data, numbered sequences, or pictures that show the
            same thing.
        fractions: Shares of train, val and test; test may be left out.
        seed: Decides where there is a choice.
        classes: A class map (`dataset.class_map`) for the shares; the data keep their classes.
        on_event: Told of progress.

    Raises:
        UsageError: Fractions that are none, or `out` is taken or inside `data`.
        DataError: The data cannot be used, or there is too little to divide.
    """
    data, out = Path(data), Path(out)
    asked = _fractions(fractions)
    require_outside(out, data)
    on_event(StageStarted("opening data"))
    dataset = open_data(data, classes)
    pattern = None if by == "auto" else by
    if pattern is not None:
        dataset = replace(dataset, entries=grouped(dataset.entries, pattern, where="--by"))

    def progress(done: int) -> None:
        on_event(StageAdvanced(done))

    on_event(StageStarted("reading labels", total=len(dataset)))
    areas_px = class_areas(dataset, progress=progress)
    on_event(StageStarted("finding what belongs together", total=len(dataset)))
    units, reason = with_reason(dataset, by=pattern, progress=progress)
    chosen = divide(dataset, units, areas_px, fractions=asked, seed=seed)
    on_event(StageStarted("copying"))
    with whole_folder(out) as folder:
        _copy(data, folder, out)
        declared = {"splits": places_of(dataset.entries, chosen)}
        write_declared(
            folder, declared_in(data) | declared | ({"groups": pattern} if pattern else {})
        )
        _require_as_decided(open_dataset(folder), dataset, chosen)
    return SplitReport(
        out,
        f"{reason}.",
        _notes(dataset, chosen, areas_px),
        dict(zip(SPLITS, asked, strict=True)),
        _shares(dataset, chosen, areas_px),
        {name: chosen.count(name) for name in SPLITS if name in chosen},
    )


def _fractions(given: Sequence[float]) -> tuple[float, ...]:
    """Shares of train, val and test."""
    asked = (*given, 0.0) if len(given) == 2 else tuple(given)
    if len(asked) != 3 or not all(0 <= one < 1 for one in asked) or abs(sum(asked) - 1) > 1e-6:
        raise UsageError(
            f"{', '.join(f'{one:g}' for one in given)} are no shares of train, val and test",
            where="--fractions",
            remedy="Give two or three numbers from 0 to 1 whose sum is 1, such as 0.7,0.15,0.15",
        )
    return asked


def _shares(
    dataset: Dataset, chosen: Sequence[str], areas_px: np.ndarray
) -> dict[str, dict[str, float]]:
    """The share of each split in the pictures and in the pixels of each class that occurs."""
    held = np.column_stack((np.ones(len(dataset)), areas_px))
    total = held.sum(axis=0)
    of_split = np.array(chosen)
    rows = {name: held[of_split == name].sum(axis=0) for name in SPLITS}
    names = ("pictures", *dataset.classes.names)
    return {
        what: {name: float(row[i] / total[i]) for name, row in rows.items()}
        for i, what in enumerate(names)
        if total[i]
    }


def _notes(dataset: Dataset, chosen: Sequence[str], areas_px: np.ndarray) -> tuple[str, ...]:
    """What the user should know before using the splits."""
    notes = []
    if dataset.splits:
        given = ", ".join(f"{n} {len(dataset.split(n))}" for n in dataset.splits)
        moved = sum(e.split != new for e, new in zip(dataset.entries, chosen, strict=True))
        notes.append(
            f"The splits that the data had ({given}) are replaced: {moved} pictures change. No "
            "file is moved, so folders may still be called after the old splits: 'splits' in "
            "dataset.yaml decides, and `segwright convert` writes folders as it says."
        )
    of_split = np.array(chosen)
    for name in SPLITS:
        if name in chosen:
            absent = (areas_px[of_split == name].sum(axis=0) == 0) & (areas_px.sum(axis=0) > 0)
            if absent.any():
                names = [dataset.classes.names[i] for i in np.flatnonzero(absent)]
                notes.append(
                    f"WARNING: {name} has no pixel of {', '.join(names)}: too little stays "
                    "together in too few pieces."
                )
    return tuple(notes)


def _copy(data: Path, folder: Path, out: Path) -> None:
    """Copies all files of a folder byte by byte; hidden ones are left out."""
    with storage_errors(out):
        for here, folders, files in os.walk(data, followlinks=False):
            folders[:] = sorted(name for name in folders if not name.startswith("."))
            target = folder / Path(here).relative_to(data)
            target.mkdir(exist_ok=True)
            for name in sorted(files):
                if not name.startswith("."):
                    shutil.copyfile(Path(here) / name, target / name)


def _require_as_decided(written: Dataset, dataset: Dataset, chosen: Sequence[str]) -> None:
    """Refuses a copy that is not read back as it was decided."""
    decided = dict(zip(dataset.keys, chosen, strict=True))
    read = {entry.key: entry.split for entry in written.entries}
    if read != decided:
        odd = sorted(
            key for key in decided.keys() | read.keys() if decided.get(key) != read.get(key)
        )
        raise DataError(
            f"the splits are read back otherwise for {len(odd)} pictures, such as {odd[0]!r}",
            where=dataset.root,
            remedy="Give pictures and folders names that differ",
        )


def _percent(share: float) -> str:
    return f"{100 * share:.1f} %"
