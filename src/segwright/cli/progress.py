"""What a run tells while it works: a live bar in a terminal, slow plain lines elsewhere."""

from __future__ import annotations

import sys
import time
from collections.abc import Callable
from types import TracebackType
from typing import TextIO

from segwright.cli.duration import format_duration
from segwright.events import Decided, Event, Note, StageAdvanced, StageStarted, TrainStep, Validated
from segwright.training.launch import Launch

LINE_EVERY_S = 10.0


class PlainProgress:
    """One line for every event of note, and at most one in ten seconds for steps and items.

    Args:
        stream: Where the lines go.
        clock: Seconds that never run backwards.
    """

    def __init__(self, stream: TextIO, *, clock: Callable[[], float] = time.monotonic) -> None:
        self._stream = stream
        self._clock = clock
        self._last_line = -LINE_EVERY_S
        self._stage = StageStarted("")

    def __enter__(self) -> PlainProgress:
        return self

    def __exit__(self, *_: object) -> None:
        self._stream.flush()

    def __call__(self, event: Event) -> None:
        if isinstance(event, StageStarted):
            self._stage = event
            self._write(event.stage)
        elif isinstance(event, TrainStep | StageAdvanced):
            if self._clock() - self._last_line >= LINE_EVERY_S:
                self._write(describe(event, self._stage))
        elif text := describe(event, self._stage):
            self._write(text)

    def _write(self, text: str) -> None:
        print(text, file=self._stream, flush=True)
        self._last_line = self._clock()


class QuietProgress:
    """Nothing: of several processes, the first one tells what all do."""

    def __enter__(self) -> QuietProgress:
        return self

    def __exit__(self, *_: object) -> None:
        pass

    def __call__(self, event: Event) -> None:
        pass


class LiveProgress:
    """A bar with the time left and the last mean IoU; what is worth keeping scrolls above it.

    Args:
        stream: The terminal.
    """

    def __init__(self, stream: TextIO) -> None:
        from rich.console import Console
        from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn

        self._stage = StageStarted("")
        self._bar = Progress(
            SpinnerColumn(),
            TextColumn("{task.description}", markup=False),
            BarColumn(bar_width=28),
            TextColumn("{task.fields[beside]}", markup=False),
            console=Console(file=stream),
            transient=True,
        )
        self._task = self._bar.add_task("starting", total=None, beside="")
        self._metric = ""

    def __enter__(self) -> LiveProgress:
        self._bar.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._bar.stop()

    def __call__(self, event: Event) -> None:
        if isinstance(event, StageStarted):
            self._stage = event
            self._bar.reset(self._task, total=event.total, description=event.stage, beside="")
            if event.total is None:  # reset() keeps the old total where the new one is not known
                self._bar.update(self._task, total=None)
        elif isinstance(event, StageAdvanced):
            self._bar.update(
                self._task, completed=event.done, beside=_share(event.done, self._stage.total)
            )
        elif isinstance(event, TrainStep):
            self._bar.update(
                self._task,
                description="training",
                total=event.last_step,
                completed=event.step,
                beside=describe(event, self._stage) + self._metric,
            )
        elif text := describe(event, self._stage):
            if isinstance(event, Validated):
                self._metric = f" · mean IoU {100 * event.mean_iou:.1f}"
            self._bar.console.print(text, markup=False, highlight=False)


def open_progress(
    stream: TextIO | None = None,
) -> PlainProgress | LiveProgress | QuietProgress:
    """The progress that suits `stream` (default: stderr): live in a terminal, plain elsewhere."""
    if not Launch.read().leads:
        return QuietProgress()
    where = sys.stderr if stream is None else stream
    return LiveProgress(where) if where.isatty() else PlainProgress(where)


def describe(event: Event, stage: StageStarted) -> str:
    """An event as one line of text; empty for kinds that say nothing by themselves."""
    match event:
        case Note(text=text):
            return text
        case StageAdvanced(done=done):
            return f"{stage.stage}: {_share(done, stage.total)}"
        case TrainStep():
            left = "" if event.left_s is None else f" · {format_duration(event.left_s)} left"
            return f"step {event.step} of {event.last_step} · loss {event.loss:.3f}{left}"
        case Validated():
            return (
                f"validation at step {event.step}: mean IoU {100 * event.mean_iou:.1f} "
                f"on {event.images} images" + (" (best so far)" if event.best else "")
            )
        case Decided():
            return (
                f"plan changed at step {event.step}: {event.what} = {event.value}, {event.reason}"
            )
        case _:
            return ""


def _share(done: int, total: int | None) -> str:
    return str(done) if total is None else f"{done} of {total}"
