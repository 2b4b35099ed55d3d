"""A dataset as the verbs see it: opened, and with other classes where `--classes` says so."""

from __future__ import annotations

from pathlib import Path

from segwright.dataset import Dataset, ensure_split, open_dataset
from segwright.dataset.class_map import ClassMap
from segwright.errors import UsageError
from segwright.events import Listener, Note, StageStarted
from segwright.formats.faults import Report, refuse
from segwright.plan import Plan
from segwright.storage import require_empty


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


def open_as_planned(path: Path, plan: Plan) -> Dataset:
    """Opens a dataset folder with the class map of a plan, so far as it is about its classes.

    Data with the original classes get the new ones; data that have the new ones already are left.

    Raises:
        DataError: The folder cannot be used.
    """
    return as_planned(open_dataset(path), plan)


def as_planned(dataset: Dataset, plan: Plan) -> Dataset:
    """A dataset with the class map of a plan, as `open_as_planned`."""
    return with_known_classes(dataset, plan.class_map, where="plan.yaml")


def with_known_classes(dataset: Dataset, class_map: ClassMap | None, *, where: object) -> Dataset:
    """A dataset with a class map, so far as it is about its classes."""
    limited = None if class_map is None else class_map.limited_to(dataset.classes)
    return dataset if limited is None else dataset.with_classes(limited, where=where)


def learn_and_hold_out(
    dataset: Dataset, *, seed: int, on_event: Listener
) -> tuple[Dataset, Dataset]:
    """The training and the validation images; without a given split, some are held out."""
    on_event(StageStarted("opening data"))
    if "val" not in dataset.splits:
        dataset, note = ensure_split(dataset, seed=seed)
        on_event(Note(note))
    if warning := dataset.leaks():
        on_event(Note(warning))
    return dataset.split("train"), dataset.split("val")


def require_outside(out: Path, data: Path) -> None:
    """Refuses, before anything is read, to write into the data or over something else.

    Raises:
        UsageError: `out` is inside `data`, or there is something already.
    """
    require_empty(out)
    if out.resolve().is_relative_to(data.resolve()):
        raise UsageError(
            f"this place is inside the data in {data}",
            where=out,
            remedy="Give a folder elsewhere",
        )
