"""Text files of unknown origin: bounded in size, UTF-8, with or without byte order mark."""

from __future__ import annotations

from pathlib import Path

from segwright.errors import LabelError
from segwright.formats.bounded import read_bytes

MAX_TEXT_BYTES = 2**28


def read_text(path: Path, *, max_bytes: int = MAX_TEXT_BYTES) -> str:
    """Reads one text file.

    Raises:
        LabelError: It cannot be read, is longer than `max_bytes`, or is no UTF-8.
    """
    data = read_bytes(path, max_bytes=max_bytes, too_long="Is this the right file?")
    try:
        # As Python opens text: a line may end in any of the three ways.
        return data.decode("utf-8-sig").replace("\r\n", "\n").replace("\r", "\n")
    except UnicodeDecodeError as error:
        raise LabelError(
            f"cannot be read as text: {error}", where=path, remedy="Write it again as UTF-8"
        ) from None


def read_lines(path: Path, *, max_bytes: int = MAX_TEXT_BYTES) -> list[str]:
    """The lines of a text file that are not empty, without space around them.

    Raises:
        LabelError: As `read_text`.
    """
    lines = (line.strip() for line in read_text(path, max_bytes=max_bytes).splitlines())
    return [line for line in lines if line]
