"""Run folders appear whole, are never overwritten, and belong to one process at a time."""

from __future__ import annotations

import multiprocessing
from multiprocessing.connection import Connection
from pathlib import Path

import pytest

from segwright.errors import StorageError, UsageError
from segwright.training import run_folder
from segwright.training.run_folder import make_folder, sole_use


def test_a_folder_is_there_with_all_its_files_or_not_at_all(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = run_folder.write_whole
    seen: list[bool] = []

    def write_and_fail(path: Path, text: str) -> None:
        write(path, text)
        seen.append((tmp_path / "run").exists())
        if path.name == "last":
            raise OSError(28, "No space left on device")

    monkeypatch.setattr(run_folder, "write_whole", write_and_fail)
    with pytest.raises(StorageError, match="No space left"):
        make_folder(tmp_path / "run", {"first": "1", "last": "2"})
    assert seen == [False, False]
    assert not list(tmp_path.iterdir())
    make_folder(tmp_path / "run", {"first": "1"})
    assert [path.name for path in (tmp_path / "run").iterdir()] == ["first"]
    assert [path.name for path in tmp_path.iterdir()] == ["run"]


def test_of_two_that_make_the_same_folder_one_is_told(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write = run_folder.write_whole

    def overtaken(path: Path, text: str) -> None:
        write(path, text)
        (tmp_path / "run").mkdir()
        (tmp_path / "run/theirs").touch()

    monkeypatch.setattr(run_folder, "write_whole", overtaken)
    with pytest.raises(UsageError, match="this place is taken"):
        make_folder(tmp_path / "run", {"ours": "1"})
    assert [path.name for path in tmp_path.rglob("*")] == ["run", "theirs"]


def test_an_empty_folder_may_be_filled(tmp_path: Path) -> None:
    make_folder(tmp_path, {"file": "text"})
    assert (tmp_path / "file").read_text() == "text"


def _hold(path: Path, link: Connection) -> None:
    with sole_use(path):
        link.send("held")
        link.recv()


def test_a_run_belongs_to_one_process_until_it_ends_or_dies(tmp_path: Path) -> None:
    here, there = multiprocessing.Pipe()
    other = multiprocessing.get_context("spawn").Process(target=_hold, args=(tmp_path, there))
    other.start()
    try:
        assert here.poll(60) and here.recv() == "held"
        problem = "another process is working in this run"
        with pytest.raises(UsageError, match=problem), sole_use(tmp_path):
            pass
    finally:
        other.kill()
        other.join()
    with sole_use(tmp_path):
        pass
