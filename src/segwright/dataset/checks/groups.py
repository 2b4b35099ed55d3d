"""Patients, scenes and videos that lie in several splits: declared ones, and ones told by names.

Names such as `Seq05VD_f02610` count something: what stands before the last number is the same for
all frames of a sequence. Whether that means anything is asked of the pictures: if neighbours by
name are more alike than pictures picked at random, they come from one scene.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise

import numpy as np

from segwright.dataset.checks.alike import likeness_of, without_common
from segwright.dataset.checks.looked import Looked
from segwright.formats.entry import listed
from segwright.formats.faults import Fault

_SOURCES = r"patient|subject|case|video|clip|scene|seq|sequence|series|scan|slide|volume|drive"
_CLEARLY_ALIKE = 0.75
_FEWEST_NEIGHBOURS = 10
_MOST_PAIRS = 4000

PATTERNS: Mapping[str, str] = {
    "what stands before the last number": r"^(.*?)\d+\D*$",
    "the first word": r"^([^_\-. /]+)",
}
"""Ways in which names tell groups, as regular expressions for `groups` in dataset.yaml."""


@dataclass(frozen=True)
class Grouping:
    """Groups that names tell.

    Attributes:
        pattern: Regular expression whose first group is the name of the group.
        what: The pattern in words.
        members: Group → positions in the order of the names.
        likeness: Probability that neighbours within a group are more alike than two pictures at
            random: 0.5 says nothing, 1 all. None where there are too few neighbours.
        named: Whether the names hold a word such as patient or video.
    """

    pattern: str
    what: str
    members: Mapping[str, tuple[int, ...]]
    likeness: float | None
    named: bool

    @property
    def is_likely(self) -> bool:
        """Whether pictures or names say that the groups are real."""
        return self.named or (self.likeness is not None and self.likeness >= _CLEARLY_ALIKE)

    @property
    def evidence(self) -> str:
        if self.likeness is not None and self.likeness >= _CLEARLY_ALIKE:
            return (
                f"in {100 * self.likeness:.0f} % of cases neighbours by name are more alike than "
                "pictures at random"
            )
        return "the names say so"


def guess_groups(looked: Looked) -> Grouping | None:
    """The likeliest grouping by names, if any is likely."""
    contents = without_common(looked.thumbs)
    guesses = [
        guess
        for what, pattern in PATTERNS.items()
        if (guess := _grouping(looked, contents, pattern, what)) and guess.is_likely
    ]
    return max(guesses, key=lambda guess: guess.likeness or 0, default=None)


def torn_groups(looked: Looked, guess: Grouping | None) -> Iterator[Fault]:
    """Groups that lie in several splits: declared ones, or else guessed ones."""
    declared: defaultdict[str, list[int]] = defaultdict(list)
    for index, entry in enumerate(looked.entries):
        if entry.group is not None:
            declared[entry.group].append(index)
    if declared:
        for group, members in sorted(declared.items()):
            if len(splits := _splits(looked, members)) > 1:
                yield Fault(
                    "group-across-splits",
                    f"group {group!r} has pictures in {_counted(splits)}",
                    listed([looked.placed(i) for i in _one_of_each(looked, members)]),
                    "Put whole groups into one split: `segwright split` does; scores are too "
                    "good while they are divided",
                    looked.entries[members[0]].key,
                )
        return
    if guess is None:
        return
    for group, members in guess.members.items():
        if len(splits := _splits(looked, members)) > 1:
            named = f"sequence {group!r}" if group else "one numbered sequence"
            yield Fault(
                "guessed-group-across-splits",
                f"{named} has pictures in {_counted(splits)} ({guess.evidence})",
                listed([looked.placed(i) for i in _one_of_each(looked, members)]),
                "Put whole sequences into one split, or say with 'groups' in dataset.yaml what "
                "belongs together; scores will be better than on new scenes",
                looked.entries[members[0]].key,
            )


def _grouping(looked: Looked, contents: np.ndarray, pattern: str, what: str) -> Grouping | None:
    """The groups that a pattern finds; None if it does not fit all names."""
    names = [_bare_key(looked, index) for index in range(len(looked.entries))]
    matches = [re.search(pattern, name) for name in names]
    if not all(matches):
        return None
    members: defaultdict[str, list[int]] = defaultdict(list)
    for index, match in enumerate(matches):
        members[match.group(1) if match else ""].append(index)
    ordered = {
        group: tuple(sorted(found, key=lambda i: _counting(names[i])))
        for group, found in sorted(members.items())
    }
    if not 1 <= len(ordered) <= len(names) / 2:
        return None
    named = bool(re.search(rf"(?:^|[^a-z])(?:{_SOURCES})[^a-z]", " ".join(ordered).lower() + " "))
    return Grouping(pattern, what, ordered, _likeness(contents, ordered), named and bool(ordered))


def _likeness(contents: np.ndarray, members: Mapping[str, Sequence[int]]) -> float | None:
    """How often neighbours in groups are more alike than pictures at random (area under ROC)."""
    seen = np.abs(contents).sum(axis=(1, 2)) > 0
    near = np.array(
        [pair for group in members.values() for pair in pairwise(group)], dtype=np.intp
    ).reshape(-1, 2)
    near = near[seen[near].all(axis=1)]
    if len(near) < _FEWEST_NEIGHBOURS:
        return None
    near = near[np.linspace(0, len(near) - 1, min(len(near), _MOST_PAIRS)).astype(np.intp)]
    random = np.random.default_rng(0).choice(np.flatnonzero(seen), (_MOST_PAIRS, 2))
    random = random[random[:, 0] != random[:, 1]]
    of_near = likeness_of(contents, near[:, 0], near[:, 1])
    of_random = np.sort(likeness_of(contents, random[:, 0], random[:, 1]))
    below = np.searchsorted(of_random, of_near, side="left")
    upto = np.searchsorted(of_random, of_near, side="right")
    return float((below + upto).mean() / 2 / len(of_random))


def _bare_key(looked: Looked, index: int) -> str:
    """The key without the split, which stands before it where two splits use one name."""
    entry = looked.entries[index]
    return entry.key.removeprefix(f"{entry.split}/") if entry.split else entry.key


def _counting(name: str) -> list[tuple[int, str]]:
    """Sorts names by their numbers: f9 before f10."""
    return [(int(part), "") if part.isdigit() else (0, part) for part in re.split(r"(\d+)", name)]


def _splits(looked: Looked, members: Sequence[int]) -> dict[str, int]:
    splits = [looked.split(i) for i in members]
    return {name: splits.count(name) for name in looked.dataset.splits if name in splits}


def _counted(splits: Mapping[str, int]) -> str:
    return " and ".join(f"{name} ({number})" for name, number in splits.items())


def _one_of_each(looked: Looked, members: Sequence[int]) -> list[int]:
    """The two members of different splits that stand closest to each other."""
    for one, two in pairwise(members):
        if looked.split(one) != looked.split(two):
            return [one, two]
    return list(members[:2])
