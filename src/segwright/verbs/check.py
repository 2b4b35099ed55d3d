"""Checks a dataset before a day is lost: what is wrong, how bad it is, and what to do."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from segwright.dataset.checks import Examined, Verdict, examine, repair
from segwright.dataset.checks import draft as draft_of
from segwright.dataset.class_map import ClassMap
from segwright.errors import DataError, StorageError, UsageError
from segwright.events import Event, Listener, StageAdvanced, StageStarted
from segwright.storage import require_empty, write_whole


def check(
    data: str | Path,
    *,
    classes: str | Path | None = None,
    write: bool = False,
    repair_to: str | Path | None = None,
    on_event: Listener | None = None,
) -> Verdict:
    """Looks at every picture and its labels, compares all pictures, and says what is wrong.

    What was seen is kept in a cache by content (see `dataset.checks.cache`), so that a second
    check reads the files but does not decode them again.

    Args:
        data: The dataset's folder.
        classes: File of a class map: the data are judged as they are with these classes.
        write: Draft a `dataset.yaml` beside the data, which must have none.
        repair_to: Write a repaired copy into this folder, which must be new or empty.
        on_event: Is told of the progress.

    Returns:
        The verdict; `usable` is False if training would refuse the data or learn nonsense. A
        draft that could not be written is in it with the reason; `after` is the verdict on a
        repaired copy, which may be unusable still.

    Raises:
        DataError: There is no such folder, or what is asked for needs data that can be opened.
        UsageError: There is a dataset.yaml already, the folder for the copy is not empty, or the
            class map cannot be used.
        StorageError: The repaired copy cannot be written.

    Example:
        >>> verdict = check("photos")  # doctest: +SKIP
        >>> verdict.usable, verdict.line  # doctest: +SKIP
        (True, 'usable, with 2 warnings')
    """
    root = Path(data)
    listener = on_event or _silent
    if write and (root / "dataset.yaml").exists():
        raise UsageError(
            "is there already, and a draft never overwrites it",
            where=root / "dataset.yaml",
            remedy="Edit it, or move it away",
        )
    if repair_to is not None:
        require_empty(Path(repair_to))
    if classes is not None and (write or repair_to is not None):
        raise UsageError(
            "a draft or a repaired copy holds the classes of the files",
            where="--classes",
            remedy="Leave it out, or write other classes with `segwright convert --classes`",
        )
    class_map = None if classes is None else ClassMap.read(Path(classes))
    examined = examine(root, classes=class_map, on_event=listener)
    verdict = examined.verdict
    if write:
        verdict = _drafted(verdict, examined)
    if repair_to is not None:
        listener(StageStarted("writing the repaired copy", _number(examined)))
        done = repair(
            examined, Path(repair_to), progress=lambda done: listener(StageAdvanced(done))
        )
        after = examine(Path(repair_to), on_event=listener).verdict
        verdict = replace(verdict, repaired=Path(repair_to), repairs=done, after=after)
    return verdict


def _drafted(verdict: Verdict, examined: Examined) -> Verdict:
    """The verdict with a draft of dataset.yaml, which is written if that is possible."""
    if examined.looked is None:
        raise DataError(
            "there is nothing to draft from: the dataset cannot be opened "
            f"({verdict.findings[0].problem})",
            where=verdict.data,
            remedy=verdict.findings[0].remedy,
        )
    text = draft_of(examined.looked, examined.groups, examined.proposal)
    path = verdict.data / "dataset.yaml"
    try:
        write_whole(path, text)
    except StorageError as error:
        return replace(verdict, draft=text, draft_problem=str(error))
    return replace(verdict, draft=text, draft_path=path)


def _number(examined: Examined) -> int | None:
    return None if examined.looked is None else len(examined.looked.looks)


def _silent(event: Event) -> None:
    pass
