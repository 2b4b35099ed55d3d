"""Divides a dataset into folds, or into training and validation.

What must not be torn apart decides how:

- Groups (patients, scenes, videos) stay whole.
- Pictures that look like frames or slices, because their names are numbered at regular steps,
  are divided into contiguous blocks: neighbours are nearly the same picture, and a random choice
  would let a network see its validation pictures in training.
- Anything else is divided by a hash of the name.

A group or picture is held out for validation if its hash is low, so that adding one moves no
other. Folds, being of equal size, and the ends of sequences do move.
"""

from __future__ import annotations

import hashlib
import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from segwright.dataset.dataset import Dataset
from segwright.errors import DataError, UsageError

Fold = tuple[list[int], list[int]]

_VALIDATION_SHARE = 0.2
MANY_SEQUENCES = 10


def make_folds(dataset: Dataset, k: int) -> list[Fold]:
    """Divides a dataset into `k` parts and pairs each with the rest.

    Args:
        dataset: What to divide; its splits are not looked at.
        k: Number of folds, at least 2.

    Returns:
        For every fold the positions to train on and those to validate on, both ascending. Every
        position is validated on exactly once.

    Raises:
        UsageError: `k` is below 2.
        DataError: Fewer pictures or groups than folds.
    """
    if k < 2:
        raise UsageError(
            f"{k} folds; accepted are 2 or more",
            where="--folds",
            remedy="Ask for 5, or train once without folds",
        )
    division = _division(dataset, seed=0)
    if len(division.units) < k:
        raise DataError(
            f"{k} folds of only {len(division.units)} {division.noun}s",
            where=dataset.root,
            remedy=f"Ask for {len(division.units)} folds or fewer, or add pictures",
        )
    parts = division.parts(k)
    everything = set(range(len(dataset)))
    return [(sorted(everything - set(part)), sorted(part)) for part in parts]


def ensure_split(dataset: Dataset, seed: int) -> tuple[Dataset, str]:
    """Makes sure that there are a training and a validation split.

    Where no validation split exists, a fifth of the training pictures is held out. A test split
    is never touched.

    Args:
        dataset: A dataset with any splits or none.
        seed: Decides which pictures or groups are held out, where there is a choice.

    Returns:
        The dataset with both splits, and a sentence that says what was done.

    Raises:
        DataError: No picture to train on, or too few to hold any out.
    """
    if {"train", "val"} <= set(dataset.splits):
        counts = {name: len(dataset.split(name)) for name in ("train", "val")}
        return dataset, f"Splits as given: train {counts['train']}, val {counts['val']}."
    chosen = [i for i, entry in enumerate(dataset.entries) if entry.split in ("train", None)]
    if not chosen or "val" in dataset.splits:
        dataset.split("train")  # raises, and says what is missing
    training = dataset.subset(chosen)
    division = _division(training, seed=seed)
    if len(division.units) < 2:
        raise DataError(
            f"nothing can be held out for validation: there is only one {division.noun}",
            where=dataset.root,
            remedy="Add pictures, or make a folder 'val'",
        )
    held_out = {chosen[i] for i in division.held_out()}
    names = {i: "val" if i in held_out else "train" for i in chosen}
    entries = tuple(
        replace(entry, split=names.get(i, entry.split)) for i, entry in enumerate(dataset.entries)
    )
    text = (
        f"No validation split was given: {len(held_out)} of {len(chosen)} training pictures were "
        f"held out, {division.description}."
    )
    return replace(dataset, entries=entries), text


@dataclass(frozen=True)
class _Division:
    """How the pictures of a dataset may be divided.

    Attributes:
        units: Positions that stay together, in the order in which they are divided.
        noun: What a unit is, in the singular.
        description: How pictures are held out.
        num_held_out: Of the units in their order, how many are held out.
        sequences: For frames and slices, the positions of each sequence; a part is then
            contiguous.
    """

    units: list[list[int]]
    noun: str
    description: str
    num_held_out: int = 0
    sequences: list[list[int]] | None = None

    def parts(self, k: int) -> list[list[int]]:
        """`k` parts of nearly the same size."""
        if all(len(unit) == 1 for unit in self.units):
            order = [unit[0] for unit in self.units]
            bounds = [len(order) * part // k for part in range(k + 1)]
            return [order[start:end] for start, end in pairwise(bounds)]
        parts: list[list[int]] = [[] for _ in range(k)]
        for unit in sorted(self.units, key=len, reverse=True):
            min(parts, key=len).extend(unit)
        return parts

    def held_out(self) -> list[int]:
        """About a fifth: the ends of sequences, or the first units."""
        if self.sequences is not None:
            ends = [run[len(run) - round(len(run) * _VALIDATION_SHARE) :] for run in self.sequences]
            longest = max(self.sequences, key=len)
            return [index for end in ends for index in end] or longest[-1:]
        return [index for unit in self.units[: self.num_held_out] for index in unit]


def _division(dataset: Dataset, *, seed: int) -> _Division:
    """Finds out what must stay together: groups, sequences, or nothing."""
    if any(entry.group is not None for entry in dataset.entries):
        groups: defaultdict[str, list[int]] = defaultdict(list)
        for index, entry in enumerate(dataset.entries):
            groups[entry.group or entry.key].append(index)
        order, held_out = _shuffled(groups, seed)
        units = [groups[name] for name in order]
        return _Division(units, "group", "in whole groups", held_out)
    runs = sequences(dataset.keys)
    if len(runs) >= MANY_SEQUENCES:
        by_name = {dataset.keys[run[0]]: run for run in runs}
        order, held_out = _shuffled(by_name, seed)
        units = [by_name[name] for name in order]
        return _Division(units, "sequence", "in whole numbered sequences", held_out)
    if runs:
        what = "the end of the sequence" if len(runs) == 1 else f"the ends of {len(runs)} sequences"
        text = f"{what} (names are numbered like frames or slices, of which neighbours are alike)"
        return _Division(
            [[index] for run in runs for index in run], "picture", text, sequences=runs
        )
    position = {key: index for index, key in enumerate(dataset.keys)}
    order, held_out = _shuffled(position, seed)
    units = [[position[key]] for key in order]
    text = f"chosen by a hash of the name with seed {seed}"
    return _Division(units, "picture", text, held_out)


def sequences(keys: Sequence[str]) -> list[list[int]]:
    """Numbered sequences among names, as positions in the order of the numbers.

    Names that differ in their last number alone are a sequence if there are three of them or more
    and one step between neighbours is more frequent than all other steps together.

    Returns:
        All names, each in one list, if at least half of them lie in such sequences; otherwise
        nothing.
    """
    runs: defaultdict[tuple[str, str], list[tuple[int, int]]] = defaultdict(list)
    for index, key in enumerate(keys):
        match = re.fullmatch(r"(.*?)(\d+)(\D*)", key)
        before, number, after = match.groups() if match else (key, "0", "")
        runs[before, after].append((int(number), index))
    regular = 0
    for run in runs.values():
        run.sort()
        steps = Counter(after[0] - before[0] for before, after in pairwise(run))
        if len(run) >= 3 and 2 * max(steps.values()) > len(run) - 1:
            regular += len(run)
    if 2 * regular < len(keys) or not regular:
        return []
    return [[index for _, index in runs[name]] for name in sorted(runs)]


def _shuffled(names: Iterable[str], seed: int) -> tuple[list[str], int]:
    """Names in an order that depends on each name and the seed alone, and how many to hold out.

    A name is held out if its hash lies in the lowest fifth, whatever other names there are; but
    one always is, and one never.
    """
    place = {name: _hash(name, seed) for name in names}
    order = sorted(place, key=place.__getitem__)
    low = sum(value < _VALIDATION_SHARE for value in place.values())
    return order, max(1, min(low, len(order) - 1))


def _hash(name: str, seed: int) -> float:
    """A number in 0 … 1 that depends on a name and the seed alone."""
    digest = hashlib.sha256(f"{seed}:{name}".encode()).digest()
    return int.from_bytes(digest[:8], "big") / 2**64
