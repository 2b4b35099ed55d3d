"""What can go wrong, as one tree.

    SegwrightError                 exit code 1
    ├── UsageError                 2   an argument, option or setting cannot be used
    │   ├── UnknownNameError       2   a name that is in no table; says the nearest ones
    │   └── BudgetError            2   the time given is too short for the work asked
    ├── DataError                  4   the user's files cannot be used
    │   ├── ImageError             4   one image file: unreadable, not an image, beyond a limit
    │   └── LabelError             4   one label file or mask: ids, sizes, geometry
    ├── MissingDependencyError     1   an optional package is not installed; names the extra
    ├── TrainingError              1   training cannot go on
    │   ├── NonFiniteError         1   a loss, gradient or output is not finite; names the samples
    │   └── CheckpointError        1   a checkpoint cannot be written or read
    └── StorageError               1   something else cannot be written (full disk, no permission)

Every message says what was given, what is accepted, where, and what to do.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from typing import ClassVar


class SegwrightError(Exception):
    """Something went wrong in a way that the user can act on.

    Args:
        problem: What is wrong, with the offending value, in one sentence without a full stop.
        where: File, option or setting it was found in.
        remedy: What to do, as an imperative without a full stop, or a question.
    """

    exit_code: ClassVar[int] = 1

    def __init__(self, problem: str, *, where: object = None, remedy: str | None = None) -> None:
        self.problem = problem
        self.where = None if where is None else str(where)
        self.remedy = remedy
        located = problem if where is None else f"{where}: {problem}"
        if remedy is not None:
            located += f". {remedy}" if remedy.endswith("?") else f". {remedy}."
        super().__init__(located)


class UsageError(SegwrightError):
    """An argument, option or setting cannot be used."""

    exit_code = 2


class UnknownNameError(UsageError):
    """A name that is in no table.

    Args:
        kind: What the name should be, in the singular ("model", "setting", "loss").
        name: The name that was given.
        known: All names that are accepted.
        where: File, option or setting it was found in.
    """

    def __init__(self, kind: str, name: str, known: Iterable[str], *, where: object = None) -> None:
        known = sorted(known)
        by_small = {one.lower(): one for one in known}
        close = difflib.get_close_matches(name.lower(), by_small, n=3, cutoff=0.5)
        nearest = [by_small[one] for one in close]
        remedy = (
            f"Did you mean {' or '.join(map(repr, nearest))}?"
            if nearest
            else f"Known names: {', '.join(known)}"
        )
        super().__init__(f"unknown {kind} {name!r}", where=where, remedy=remedy)
        self.name = name
        self.nearest = nearest


class BudgetError(UsageError):
    """The time given is too short for the work asked."""


class DataError(SegwrightError):
    """The user's files cannot be used."""

    exit_code = 4


class ImageError(DataError):
    """One image file cannot be used: unreadable, not an image, or beyond a limit."""


class LabelError(DataError):
    """One label file or mask cannot be used: its ids, its size or its geometry."""


class MissingDependencyError(SegwrightError):
    """An optional package is not installed.

    Args:
        package: The package that could not be imported.
        extra: The extra of segwright that brings it.
        purpose: What needs it ("training a network").
    """

    def __init__(self, package: str, *, extra: str, purpose: str) -> None:
        super().__init__(
            f"{purpose} needs the package {package!r}, which is not installed",
            remedy=f"In a checkout of segwright, run: pip install '.[{extra}]'",
        )


class TrainingError(SegwrightError):
    """Training cannot go on."""


class NonFiniteError(TrainingError):
    """A loss, a gradient or what a network gives is not finite."""


class CheckpointError(TrainingError):
    """A checkpoint cannot be written or read."""


class StorageError(SegwrightError):
    """Something cannot be written: the disk is full or the place is not writable."""
