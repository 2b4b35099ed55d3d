"""The command line: arguments, progress, exit codes; no logic."""

from __future__ import annotations


def main() -> None:
    """Runs the command `segwright` and leaves the process with its exit code."""
    from segwright.cli.app import app
    from segwright.cli.process import process_started_at, wait_politely

    wait_politely()
    app(prog_name="segwright", obj=process_started_at())
