"""The report as a file."""

from __future__ import annotations

import os
from pathlib import Path

from segwright.evaluation.report.content import Report
from segwright.evaluation.report.page import render
from segwright.storage import write_whole


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
    write_whole(path, render(report))
    return path
