"""A dataset as the verbs see it: opened, and with other classes where `--classes` says so."""

from __future__ import annotations

from pathlib import Path

from segwright.dataset import Dataset, open_dataset
from segwright.dataset.class_map import ClassMap
from segwright.formats.faults import Report, refuse


def open_data(
    path: str | Path, classes: str | Path | ClassMap | None = None, report: Report = refuse
) -> Dataset:
    """Opens a dataset folder, and renames, merges and ignores classes.

    Args:
        path: A folder in one of the layouts of `formats.catalog`.
        classes: A class map or its file (see `dataset.class_map`); None to leave them.
        report: Is told of every fault; what is at fault is left out if it returns.

    Raises:
        DataError: The folder cannot be used.
        UsageError: The map cannot be read, or does not say what becomes of every class.
        UnknownNameError: The map names a class that the data do not have.
    """
    dataset = open_dataset(path, report=report)
    if classes is None:
        return dataset
    if isinstance(classes, ClassMap):
        return dataset.with_classes(classes)
    return dataset.with_classes(ClassMap.read(Path(classes)), where=classes)
