"""Files that are whole or absent."""

from __future__ import annotations

import os
import shutil
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from segwright.errors import StorageError, UsageError


@contextmanager
def storage_errors(
    path: Path, *, remedy: str = "Check that the folder exists, is writable and has space left"
) -> Iterator[None]:
    """Turns an OSError of the block into a StorageError that names the path."""
    try:
        yield
    except OSError as error:
        raise StorageError(
            f"cannot be written ({error.strerror or error})", where=path, remedy=remedy
        ) from error


@contextmanager
def open_whole(path: Path, *, sync: bool = True) -> Iterator[BinaryIO]:
    """A file to fill, which takes its place when the block ends, and never if the block fails.

    Args:
        path: The file to make or replace; its folder must exist.
        sync: Whether it must survive a power cut from then on. False is faster, for what is
            easily made again.

    Raises:
        StorageError: It cannot be written; what was there before is untouched.
    """
    aside = path.with_name(f".{uuid.uuid4().hex}.part")
    with storage_errors(path):
        try:
            with aside.open("wb") as file:
                yield file
                if sync:
                    file.flush()
                    os.fsync(file.fileno())
            os.replace(aside, path)
        finally:
            aside.unlink(missing_ok=True)


def write_whole(path: Path, content: bytes | str, *, sync: bool = True) -> None:
    """Writes a file, text as UTF-8: readers see what was there before, or the whole new one.

    Raises:
        StorageError: As `open_whole`.
    """
    with open_whole(path, sync=sync) as file:
        file.write(content.encode("utf-8") if isinstance(content, str) else content)


@contextmanager
def whole_folder(path: Path) -> Iterator[Path]:
    """A folder to fill, which takes its place when the block ends, and never if the block fails.

    Args:
        path: The folder to make; what is there must be empty.

    Raises:
        UsageError: There is something in that place already.
        StorageError: It cannot be written.
    """
    require_empty(path)
    aside = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    try:
        with storage_errors(path):
            aside.mkdir(parents=True)
        yield aside
        with storage_errors(path):
            if path.exists():
                path.rmdir()  # it is empty
            aside.rename(path)
    finally:
        shutil.rmtree(aside, ignore_errors=True)


def require_empty(path: Path, *, remedy: str = "Give a folder that is new or empty") -> None:
    """Refuses a place where there is something already.

    Raises:
        UsageError: Nothing is ever overwritten.
    """
    if path.exists() and (not path.is_dir() or any(path.iterdir())):
        raise UsageError(
            "this place is taken, and nothing is ever overwritten", where=path, remedy=remedy
        )
