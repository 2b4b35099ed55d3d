"""What a format is: a way to find it in a folder, to open it, and to write it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segwright.formats.entry import Collection, Entry
from segwright.formats.faults import Report, refuse
from segwright.formats.settings import DatasetSettings
from segwright.formats.writing import Export


@dataclass(frozen=True)
class Opening:
    """An order to open a dataset folder.

    Attributes:
        root: The dataset's folder.
        settings: What dataset.yaml and classes.txt declare.
        assign: Gives entries the splits and groups that are declared for them. A format whose
            opening looks into labels calls it first, because those of a test split stay closed.
        report: Is told of every fault; whatever is at fault is left out if it returns.
    """

    root: Path
    settings: DatasetSettings = field(default_factory=DatasetSettings)
    assign: Callable[[Sequence[Entry]], tuple[Entry, ...]] = tuple
    report: Report = refuse


@dataclass(frozen=True)
class Format:
    """One annotation format.

    Attributes:
        title: What people call it.
        layout: The folders and files of a dataset, in one line.
        found_in: Whether a folder holds such a dataset; looks at names and first bytes only.
        open: Pairs pictures with labels and finds the classes; labels are read later.
        write: Writes a dataset; None if the format is only read.
        loses: What it cannot hold (see `formats.lost`) → what becomes of it.
        source: Where the format is described.
    """

    title: str
    layout: str
    found_in: Callable[[Path], bool]
    open: Callable[[Opening], Collection]
    write: Callable[[Export], None] | None
    loses: Mapping[str, str]
    source: str
