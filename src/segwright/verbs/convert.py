"""`segwright convert`: a dataset in another format, and a measured account of what was lost."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from segwright.dataset import Dataset, open_dataset
from segwright.dataset.account import Account
from segwright.dataset.comparing import Comparison, compare
from segwright.dataset.declaring import declare
from segwright.dataset.exporting import Pictures
from segwright.errors import DataError, SegwrightError, UnknownNameError, UsageError
from segwright.events import Listener, Note, StageAdvanced, StageStarted
from segwright.formats.catalog import FORMATS
from segwright.formats.entry import listed
from segwright.formats.format import Format
from segwright.formats.lost import KINDS_OF_LOSS, Losses
from segwright.formats.writing import Export
from segwright.storage import storage_errors, whole_folder
from segwright.verbs.opening import open_data, require_outside

_RESTORED = ("splits", "groups", "colours")


@dataclass(frozen=True)
class ConvertReport:
    """What a conversion came to.

    Attributes:
        out: The folder that was written.
        title: What the format is called.
        pictures: How many were written.
        losses: What the format counted while writing.
        comparison: What was measured by reading back.
        declared: Keys that were added to `dataset.yaml` because the format has no place for them.
        failed: Picture and reason of those that could not be read; they were left out.
    """

    out: Path
    title: str
    pictures: int
    losses: Losses
    comparison: Comparison
    declared: tuple[str, ...]
    failed: tuple[tuple[Path, str], ...]

    def text(self) -> str:
        """What was written, what was counted, what was measured."""
        lines = [f"{self.pictures:,} pictures written as {self.title}: {self.out}"]
        if self.declared:
            lines.append(f"dataset.yaml beside them keeps: {', '.join(self.declared)}")
        counted = Losses(self.losses)
        for kind in _RESTORED:
            if not self.comparison.differences[kind]:
                del counted[kind]
        lines.append("Lost, as counted while writing:" if counted else "Nothing was lost.")
        lines += [f"  {line}" for line in counted.lines()]
        total = self.comparison.total()
        lines.append(
            f"Measured by reading back: {total.changed:,} pixels of {total.pixels:,} changed; of "
            f"{total.objects:,} objects {total.cut:,} changed where others lie on them, "
            f"{total.lost:,} lost"
        )
        return "\n".join([*lines, *self._table()])

    def _table(self) -> list[str]:
        """One line for every class that had pixels or objects."""
        head = ("class", "pixels", "changed", "objects", "changed", "lost")
        rows = [
            (
                name,
                *(f"{n:,}" for n in (one.pixels, one.changed, one.objects, one.cut, one.lost)),
            )
            for name, one in self.comparison.classes.items()
            if one.pixels or one.objects
        ]
        wide = [max(len(row[column]) for row in (head, *rows)) for column in range(len(head))]
        return [
            f"  {row[0]:{wide[0]}}  "
            + "  ".join(f"{cell:>{width}}" for cell, width in zip(row[1:], wide[1:], strict=True))
            for row in (head, *rows)
        ]


def convert(
    data: str | Path,
    to: str,
    out: str | Path,
    *,
    classes: str | Path | None = None,
    split: str | None = None,
    on_event: Listener = lambda event: None,
) -> ConvertReport:
    """Writes a dataset in another format, reads it back and counts every difference.

    Args:
        data: A dataset folder in any format.
        to: The format to write, a name of `formats.catalog`.
        out: Folder to write; must be new or empty. It appears whole or not at all.
        classes: A YAML file that renames, merges and ignores classes (`dataset.class_map`).
        split: Write this split alone; None for all.
        on_event: Told of progress.

    Raises:
        UnknownNameError: There is no such format.
        UsageError: The format is only read, or `out` is taken or inside `data`.
        DataError: The data cannot be used, or no picture could be read.
        SegwrightError: What is read back differs in a way that no counted loss explains; the
            folder is kept under another name, which is told.
    """
    target = _target(to)
    data, out = Path(data), Path(out)
    require_outside(out, data)
    on_event(StageStarted("opening data"))
    dataset = open_data(data, classes)
    if split is not None:
        dataset = dataset.split(split)
    with whole_folder(out) as folder:
        return _convert(dataset, to, target, folder, out, on_event)


def _convert(
    dataset: Dataset, name: str, target: Format, folder: Path, out: Path, on_event: Listener
) -> ConvertReport:
    assert target.write is not None
    on_event(StageStarted(f"writing {target.title}", total=len(dataset)))
    pictures = Pictures(dataset, progress=lambda done: on_event(StageAdvanced(done)))
    account = Account()
    losses = account.whole
    target.write(Export(folder, dataset.classes, account.follow(pictures), losses))
    for path, reason in pictures.failed:
        on_event(Note(f"left out: {path}: {reason.removeprefix(f'{path}: ')}"))
    written = pictures.handed_out()
    if not written:
        raise DataError(
            f"none of {len(dataset)} pictures could be read, named above",
            where=dataset.root,
            remedy="Repair them; `segwright check` says what is wrong",
        )
    declared = declare(folder, written, name=name)
    on_event(StageStarted("reading back", total=len(written)))
    try:
        comparison = compare(
            written,
            open_dataset(folder),
            account=account,
            progress=lambda done: on_event(StageAdvanced(done)),
        )
        _require_explained(comparison, target)
    except SegwrightError as error:
        raise _unexplained(error, folder, out) from error
    return ConvertReport(
        out, target.title, len(written), losses, comparison, declared, tuple(pictures.failed)
    )


def _require_explained(comparison: Comparison, target: Format) -> None:
    """Refuses differences beyond what was counted while their very picture was written."""
    for kind, number in comparison.unexplained.items():
        among = f" (in {listed(comparison.suspects)})" if comparison.suspects else ""
        raise DataError(
            f"read back, {number:,} {KINDS_OF_LOSS[kind]}{among}, and nothing that was counted "
            f"while writing {target.title} explains it"
        )


def _unexplained(error: SegwrightError, folder: Path, out: Path) -> SegwrightError:
    """The error for what cannot be trusted; the folder is kept aside to be looked at."""
    kept = out.with_name(f"{out.name}.refused")
    number = 1
    while kept.exists():
        number += 1
        kept = out.with_name(f"{out.name}.refused-{number}")
    with storage_errors(kept):
        folder.rename(kept)
    problem = str(error).replace(str(folder), str(kept))
    return SegwrightError(
        f"what was written is not what was read: {problem}",
        where=out,
        remedy=f"It is kept as {kept}; please report it with the data, and do not use it",
    )


def _target(name: str) -> Format:
    if name not in FORMATS:
        raise UnknownNameError("format", name, FORMATS, where="--to")
    target = FORMATS[name]
    if target.write is None:
        writable = [one for one, fmt in FORMATS.items() if fmt.write is not None]
        raise UsageError(
            f"the format {name!r} is only read",
            where="--to",
            remedy=f"Formats that are written: {', '.join(writable)}",
        )
    return target
