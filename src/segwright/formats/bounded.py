"""Files of unknown origin, of which no more is read than was agreed."""

from __future__ import annotations

from pathlib import Path

from segwright.errors import LabelError


def read_bytes(path: Path, *, max_bytes: int, too_long: str) -> bytes:
    """All bytes of a file.

    Args:
        path: The file.
        max_bytes: How long it may be.
        too_long: What to do about a longer one, as an imperative or a question.

    Raises:
        LabelError: It cannot be read, or is longer.
    """
    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise LabelError(
                f"is {size:,} bytes long; accepted are up to {max_bytes:,}",
                where=path,
                remedy=too_long,
            )
        return path.read_bytes()
    except (OSError, ValueError) as error:  # ValueError: a path with a NUL in it
        raise LabelError(
            f"cannot be read: {error}",
            where=path,
            remedy="Check that the file is there and may be read",
        ) from None
