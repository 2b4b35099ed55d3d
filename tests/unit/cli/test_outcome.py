"""Exit codes and messages of commands that fail."""

from __future__ import annotations

import os
import signal
from collections.abc import Callable

import pytest
import typer
from typer.testing import CliRunner

from segwright.cli.app import Verb
from segwright.errors import BudgetError, ImageError, StorageError, UsageError


def _app_that(fails: Callable[[], object]) -> typer.Typer:
    app = typer.Typer(pretty_exceptions_enable=False)

    @app.callback()
    def root(debug: bool = False) -> None: ...

    @app.command(cls=Verb)
    def verb() -> None:
        typer.echo("result")
        fails()

    return app


def _raiser(error: BaseException) -> Callable[[], object]:
    def fails() -> None:
        raise error

    return fails


@pytest.mark.parametrize(
    ("error", "code", "message"),
    [
        (StorageError("the disk is full", where="runs/a"), 1, "error: runs/a: the disk is full"),
        (UsageError("no"), 2, "error: no"),
        (BudgetError("5s is too short", remedy="Give 30s"), 2, "error: 5s is too short. Give 30s."),
        (ImageError("cut short", where="a.png"), 4, "error: a.png: cut short"),
        (KeyboardInterrupt(), 130, "interrupted"),
        (MemoryError(), 1, "error: out of memory"),
        (ZeroDivisionError("by zero"), 1, "error: ZeroDivisionError: by zero"),
        (ModuleNotFoundError("No module", name="torch"), 1, "pip install '.[train]'"),
        (ModuleNotFoundError("No module 'x'", name="x"), 1, "error: ModuleNotFoundError"),
    ],
)
def test_a_failure_is_one_line_on_stderr_and_its_exit_code(
    error: BaseException, code: int, message: str
) -> None:
    ended = CliRunner().invoke(_app_that(_raiser(error)), ["verb"])
    assert ended.exit_code == code
    assert ended.stdout == "result\n"
    assert message in ended.stderr
    assert ended.stderr.count("\n") == 1


def test_debug_adds_the_traceback() -> None:
    ended = CliRunner().invoke(_app_that(_raiser(UsageError("no"))), ["--debug", "verb"])
    assert ended.exit_code == 2
    assert "Traceback" in ended.stderr


def test_sigterm_unwinds_the_command_and_exits_143() -> None:
    cleaned_up: list[bool] = []
    before = signal.getsignal(signal.SIGTERM)

    def terminated() -> None:
        try:
            os.kill(os.getpid(), signal.SIGTERM)
            signal.pause() if hasattr(signal, "pause") else None
        finally:
            cleaned_up.append(True)

    ended = CliRunner().invoke(_app_that(terminated), ["verb"])
    assert ended.exit_code == 143
    assert cleaned_up == [True]
    assert signal.getsignal(signal.SIGTERM) is before


def test_an_exit_code_a_command_chose_is_kept() -> None:
    assert CliRunner().invoke(_app_that(_raiser(typer.Exit(3))), ["verb"]).exit_code == 3
