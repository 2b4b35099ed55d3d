"""Under torchrun: one process speaks for all, and only training is shared."""

from __future__ import annotations

import io
import os
import subprocess
import sys
import time
from pathlib import Path

import pytest
from typer.testing import CliRunner

from segwright.cli.app import app
from segwright.cli.progress import open_progress
from segwright.events import Note


@pytest.fixture
def second_of_two(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in (
        ("WORLD_SIZE", "2"),
        ("RANK", "1"),
        ("LOCAL_RANK", "1"),
        ("MASTER_ADDR", "localhost"),
        ("MASTER_PORT", "29500"),
    ):
        monkeypatch.setenv(name, value)


@pytest.mark.parametrize(
    "command",
    [
        ["check", "data"],
        ["plan", "data"],
        ["predict", "run", "photos", "--out", "masks"],
        ["evaluate", "run", "data"],
        ["compare", "data", "--methods", "fast", "--out", "report.html"],
        ["methods"],
    ],
)
@pytest.mark.usefixtures("second_of_two")
def test_all_but_training_is_refused(command: list[str]) -> None:
    result = CliRunner().invoke(app, command)
    assert result.exit_code == 2
    expected = f"segwright {command[0]} runs in one process, but torchrun has started 2"
    assert expected in result.stderr


@pytest.mark.parametrize("extra", [["--folds", "3"], ["--model", "otsu"]])
@pytest.mark.usefixtures("second_of_two")
def test_training_that_cannot_be_shared_is_refused(extra: list[str], tmp_path: Path) -> None:
    (tmp_path / "data").mkdir()
    result = CliRunner().invoke(app, ["train", str(tmp_path / "data"), *extra])
    assert result.exit_code in (2, 4)
    if extra[0] == "--folds":
        assert "a cross-validation runs in one process" in result.stderr


@pytest.mark.usefixtures("second_of_two")
def test_others_than_the_first_are_quiet() -> None:
    stream = io.StringIO()
    with open_progress(stream) as progress:
        progress(Note("something"))
    assert stream.getvalue() == ""


def test_half_of_torchruns_variables_is_a_fault_of_usage(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("WORLD_SIZE", "2")
    result = CliRunner().invoke(app, ["train", "data"])
    assert result.exit_code == 2
    assert "WORLD_SIZE is 2, but RANK is not set" in result.stderr


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux tells when another process began")
def test_the_budget_of_a_process_of_torchrun_begins_with_torchrun() -> None:
    code = (
        "import time; time.sleep(0.5)\n"
        "from segwright.cli.process import process_started_at\n"
        "print(process_started_at())"
    )
    told = subprocess.run(
        [sys.executable, "-c", code],
        env={**os.environ, "TORCHELASTIC_RUN_ID": "none"},
        capture_output=True,
        text=True,
        check=True,
    )
    fields = Path("/proc/self/stat").read_text().rpartition(")")[2].split()
    boot = time.time() - time.clock_gettime(time.CLOCK_BOOTTIME)
    own = boot + int(fields[19]) / os.sysconf("SC_CLK_TCK")
    assert float(told.stdout) == pytest.approx(own, abs=0.1)
