"""The files that a run's events are kept in.

`metrics.jsonl` holds one JSON object a line; the same numbers go to TensorBoard event files.
"""

from __future__ import annotations

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

from segwright.events import Decided, Event, Listener, Note, TrainStep, Validated
from segwright.storage import storage_errors, write_whole

_METRICS = "metrics.jsonl"
_NOT_PLOTTED = ("step", "last_step", "images", "best")
_KEPT = (Note, TrainStep, Validated, Decided)


class RunLog:
    """Writes a run's events to `metrics.jsonl` and to TensorBoard files, then passes them on.

    Args:
        folder: The run folder.
        listener: Told of every event.
        from_step: Lines of later steps are dropped first: a resumed run takes them again.
    """

    def __init__(self, folder: Path, listener: Listener, *, from_step: int = 0) -> None:
        self._listener = listener
        self._folder = folder
        with storage_errors(folder):
            _cut(folder, from_step)
            # Line by line: whenever a run is killed, the steps of its checkpoint are here.
            self._lines = (folder / _METRICS).open("a", encoding="utf-8", buffering=1)
            self._board = _board(folder, from_step)

    def __call__(self, event: Event) -> None:
        with storage_errors(self._folder, remedy="Free some space, then go on with --resume"):
            if isinstance(event, _KEPT):
                self._lines.write(json.dumps({"kind": event.kind, **asdict(event)}) + "\n")
            if self._board is not None and isinstance(event, TrainStep | Validated):
                for name, value in asdict(event).items():
                    if value is not None and name not in _NOT_PLOTTED:
                        self._board.add_scalar(f"{event.kind}/{name}", value, event.step)
        self._listener(event)

    def close(self) -> None:
        with storage_errors(self._folder):
            self._lines.close()
            if self._board is not None:
                self._board.close()


def read_metrics(folder: Path) -> list[dict[str, Any]]:
    """The rows of a run's `metrics.jsonl`; a last line that was cut short is left out."""
    path = folder / _METRICS
    if not path.exists():
        return []
    rows = []
    for line in path.read_text(encoding="utf-8").splitlines():
        try:
            rows.append(json.loads(line))
        except json.JSONDecodeError:
            break
    return rows


def _cut(folder: Path, from_step: int) -> None:
    """Drops what was logged after the step that is resumed from."""
    rows = [row for row in read_metrics(folder) if row.get("step", 0) <= from_step]
    if rows or (folder / _METRICS).exists():
        write_whole(folder / _METRICS, "".join(json.dumps(row) + "\n" for row in rows))


def _board(folder: Path, from_step: int) -> Any:
    """TensorBoard's writer, or None where the package is not installed."""
    try:
        from torch.utils.tensorboard import SummaryWriter
    except ImportError:
        return None
    return SummaryWriter(str(folder / "tensorboard"), purge_step=from_step + 1)
