"""The report as a file."""

from __future__ import annotations

import os
from pathlib import Path

from segwright.errors import StorageError
from segwright.evaluation.report.content import Report
from segwright.evaluation.report.page import render


def write_report(path: str | os.PathLike[str], report: Report) -> Path:
    """Writes the report as one HTML file that needs no other, whole or not at all.

    Args:
        path: The file, in a folder that exists; what was there is replaced.
        report: What it shows.

    Returns:
        The path written.

    Raises:
        StorageError: The file cannot be written.
    """
    path = Path(path)
    aside = path.with_name(f".{path.name}.{os.getpid()}")
    page = render(report)
    try:
        aside.write_text(page, encoding="utf-8", newline="\n")
        aside.replace(path)
    except OSError as error:
        aside.unlink(missing_ok=True)
        raise StorageError(
            f"the report cannot be written ({error.strerror})",
            where=path,
            remedy="Choose a folder that exists, is writable and has space left",
        ) from error
    return path
