"""What must stay together when a dataset is divided, as far as groups and names tell.

- Groups (patients, scenes, videos) stay whole.
- Names that are numbered at regular steps are frames or slices, of which neighbours are nearly the
  same picture: sequences stay whole if there are many, and are cut into contiguous blocks if not.
- Names that differ in what follows their last number alone (`Image_01L`, `Image_01R`) are several
  pictures of one patient or scene, and stay together in either case.
"""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from itertools import pairwise

from segwright.dataset.dataset import Dataset

MANY_SEQUENCES = 10

_Name = tuple[str, int, str]  # what stands before the last number, the number, what follows


@dataclass(frozen=True)
class Units:
    """What stays together.

    Attributes:
        members: Name of each unit → positions of its pictures; each position is in one unit.
        noun: What a unit is, in the plural.
        runs: Names of units that follow each other, for each sequence that is to be cut into
            contiguous blocks of units; None if units may go anywhere.
    """

    members: dict[str, list[int]]
    noun: str
    runs: list[list[str]] | None = None

    @property
    def tell_nothing(self) -> bool:
        """Whether every picture goes by itself and may go anywhere."""
        return self.runs is None and self.noun == "pictures"


def find_units(dataset: Dataset) -> Units:
    """Finds out what must stay together; no picture is read."""
    keys = dataset.keys
    if any(entry.group is not None for entry in dataset.entries):
        return Units(positions_of(entry.group or entry.key for entry in dataset.entries), "groups")
    runs = sequences(keys)
    if len(runs) >= MANY_SEQUENCES:
        whole = {keys[run[0][0]]: [i for step in run for i in step] for run in runs}
        return Units(whole, "sequences")
    if runs:
        steps = {keys[step[0]]: step for run in runs for step in run}
        alone = all(len(step) == 1 for step in steps.values())
        noun = "pictures" if alone else "numbers"
        return Units(steps, noun, [[keys[step[0]] for step in run] for run in runs])
    names = [_parts(key) for key in keys]
    shared = _sharing(names)
    units = positions_of(
        f"{name[0]}{name[1]}" if name[0] in shared else key
        for key, name in zip(keys, names, strict=True)
    )
    return Units(units, "groups" if shared else "pictures")


def sequences(keys: Sequence[str]) -> list[list[list[int]]]:
    """Numbered sequences among names, in the order of the numbers.

    Names that differ in their last number alone are a sequence if there are three of them or more
    and one step between neighbours is more frequent than all other steps together. Names that
    share their numbers are one sequence with several pictures for each number.

    Returns:
        For every sequence and number the positions of its names. All names, each once, if at least
        half of them lie in such sequences; otherwise nothing.
    """
    names = [_parts(key) for key in keys]
    shared = _sharing(names)
    runs: defaultdict[tuple[str, str], defaultdict[int, list[int]]] = defaultdict(
        lambda: defaultdict(list)
    )
    for index, (before, number, after) in enumerate(names):
        runs[before, "" if before in shared else after][number].append(index)
    regular = 0
    for run in runs.values():
        steps = Counter(after - before for before, after in pairwise(sorted(run)))
        if len(run) >= 3 and 2 * max(steps.values()) > len(run) - 1:
            regular += sum(map(len, run.values()))
    if 2 * regular < len(keys) or not regular:
        return []
    ordered = (runs[name] for name in sorted(runs))
    return [
        [sorted(run[number], key=keys.__getitem__) for number in sorted(run)] for run in ordered
    ]


def positions_of(names: Iterable[str]) -> dict[str, list[int]]:
    """The positions of each name."""
    found: defaultdict[str, list[int]] = defaultdict(list)
    for index, name in enumerate(names):
        found[name].append(index)
    return dict(found)


def _parts(key: str) -> _Name:
    match = re.fullmatch(r"(.*?)(\d+)(\D*)", key)
    return (match[1], int(match[2]), match[3]) if match else (key, 0, "")


def _sharing(names: Sequence[_Name]) -> set[str]:
    """What stands before numbers that several names share.

    Once could be chance, as with a year in all names: at least half of the names must end in what
    others with another number end in too.
    """
    numbers_of: defaultdict[str, defaultdict[str, set[int]]] = defaultdict(lambda: defaultdict(set))
    for before, number, after in names:
        numbers_of[before][after].add(number)
    shared = set()
    for before, numbers in numbers_of.items():
        times = Counter(number for some in numbers.values() for number in some)
        recurring = sum(len(some) for some in numbers.values() if len(some) > 1)
        if max(times.values()) > 1 and 2 * recurring >= sum(times.values()):
            shared.add(before)
    return shared
