"""The commands about data: what comes in, what goes out, and whether it is fit to learn from."""

from __future__ import annotations

import typer

# What a verb needs is imported inside its command: `--help` answers at once.

data_commands = typer.Typer()
