"""Files are whole or absent, whatever stops their writing."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from segwright.errors import StorageError, UsageError
from segwright.storage import open_whole, whole_folder, write_whole


@pytest.mark.parametrize("sync", [True, False])
def test_text_and_bytes_replace_what_was_there(tmp_path: Path, sync: bool) -> None:
    path = tmp_path / "a"
    write_whole(path, "細胞\n", sync=sync)
    assert path.read_bytes() == "細胞\n".encode()
    write_whole(path, b"\x00\r\n", sync=sync)
    assert path.read_bytes() == b"\x00\r\n"
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.parametrize("failure", [OSError("full"), ValueError("wrong"), KeyboardInterrupt()])
def test_a_block_that_fails_leaves_the_old_file_and_nothing_else(
    tmp_path: Path, failure: BaseException
) -> None:
    path = tmp_path / "a"
    path.write_bytes(b"old")
    expected = StorageError if isinstance(failure, OSError) else type(failure)
    with pytest.raises(expected), open_whole(path) as file:
        file.write(b"half")
        raise failure
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_what_must_last_is_on_the_disk_before_it_takes_its_place(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    done: list[str] = []
    fsync, replace = os.fsync, os.replace
    monkeypatch.setattr("os.fsync", lambda handle: (done.append("fsync"), fsync(handle)))
    monkeypatch.setattr("os.replace", lambda a, b: (done.append("replace"), replace(a, b)))
    write_whole(tmp_path / "a", "x")
    assert done == ["fsync", "replace"]


def test_a_place_that_cannot_be_written_is_named(tmp_path: Path) -> None:
    with pytest.raises(StorageError, match=r"absent.a: cannot be written \(No such file"):
        write_whole(tmp_path / "absent" / "a", "x")


def test_a_folder_appears_whole(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder"
    with whole_folder(path) as aside:
        (aside / "a").write_bytes(b"1")
        assert not path.exists()
    assert [one.name for one in path.iterdir()] == ["a"]
    with pytest.raises(UsageError, match="taken"), whole_folder(path):
        pytest.fail("the block must not run")
    (path / "a").unlink()
    with whole_folder(path) as aside:
        (aside / "b").write_bytes(b"2")
    assert [one.name for one in path.iterdir()] == ["b"]


@pytest.mark.parametrize("failure", [ValueError("wrong"), KeyboardInterrupt()])
def test_a_folder_whose_block_fails_is_absent(tmp_path: Path, failure: BaseException) -> None:
    with pytest.raises(type(failure)), whole_folder(tmp_path / "folder") as aside:
        (aside / "a").write_bytes(b"1")
        raise failure
    assert not list(tmp_path.iterdir())
