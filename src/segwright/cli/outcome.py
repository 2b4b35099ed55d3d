"""How a command ends: its message on stderr and its exit code, decided in this one place.

0 ok · 1 failure · 2 usage · 3 finished, but some items failed · 4 unusable data
130 interrupted (Ctrl-C) · 143 terminated (SIGTERM)
"""

from __future__ import annotations

import signal
import sys
import threading
import traceback
from collections.abc import Iterator
from contextlib import contextmanager
from types import FrameType

import typer

from segwright.errors import SegwrightError
from segwright.verbs.extras import missing_dependency

SOME_FAILED = 3
UNUSABLE = 4
INTERRUPTED = 128 + signal.SIGINT
TERMINATED = 128 + signal.SIGTERM


class _Terminated(BaseException):
    """SIGTERM arrived; like KeyboardInterrupt, no `except Exception` may swallow it."""


@contextmanager
def exit_codes(*, debug: bool) -> Iterator[None]:
    """Turns every way a command can fail into one line on stderr and an exit code.

    Args:
        debug: Show the traceback too.

    Raises:
        typer.Exit: In place of whatever the body raised.
    """
    try:
        with _sigterm_raises():
            yield
    except (typer.Exit, BrokenPipeError):
        raise  # a reader such as `head` that left early is no failure; typer closes quietly
    except (Exception, KeyboardInterrupt, _Terminated) as error:
        message, code = _ending(error)
        if debug:
            traceback.print_exc(file=sys.stderr)
        print(message, file=sys.stderr)  # noqa: T201
        raise typer.Exit(code) from None


def _ending(error: BaseException) -> tuple[str, int]:
    """The message and the exit code for what a command raised."""
    if isinstance(error, KeyboardInterrupt):
        return "interrupted", INTERRUPTED
    if isinstance(error, _Terminated):
        return "terminated", TERMINATED
    if isinstance(error, ModuleNotFoundError):
        error = missing_dependency(error, purpose="this command")
    if isinstance(error, SegwrightError):
        return f"error: {error}", error.exit_code
    if isinstance(error, MemoryError):
        return "error: out of memory. Use a smaller crop or batch, or smaller tiles.", 1
    return (
        f"error: {type(error).__name__}: {error}. This should not happen; "
        "`segwright --debug COMMAND …` shows where it did.",
        1,
    )


@contextmanager
def _sigterm_raises() -> Iterator[None]:
    """Lets SIGTERM unwind the stack, so that files are closed and temporary ones removed."""
    if threading.current_thread() is not threading.main_thread():
        yield  # signals can only be set from the main thread
        return

    def terminate(signum: int, frame: FrameType | None) -> None:
        raise _Terminated

    before = signal.signal(signal.SIGTERM, terminate)
    try:
        yield
    finally:
        signal.signal(signal.SIGTERM, before)
