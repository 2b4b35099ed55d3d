"""The commands about data: what comes in, what goes out, and whether it is fit to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segwright.cli.command import ClassesFile, Verb

# What a verb needs is imported inside its command: `--help` answers at once.

data_commands = typer.Typer()


@data_commands.command(cls=Verb)
def show(
    source: Annotated[
        Path, typer.Argument(metavar="DATA|RUN", help="A data folder, or a run folder.")
    ],
    out: Annotated[
        Path | None, typer.Option(metavar="FILE", help="The page. Default: NAME-show.html here.")
    ] = None,
    augmented: Annotated[
        bool, typer.Option("--augmented", help="Add training samples as the network sees them.")
    ] = False,
    number: Annotated[int, typer.Option(metavar="N", help="Images of each split.")] = 24,
    split: Annotated[
        str | None, typer.Option(metavar="NAME", help="This split alone. Default: all; a run: val.")
    ] = None,
    classes: ClassesFile = None,
) -> None:
    """Make a page of DATA as a network sees it, or of what RUN says beside what was drawn."""
    from segwright.cli.progress import open_progress
    from segwright.verbs.show import show as make_page

    with open_progress() as progress:
        page = make_page(
            source,
            out=out,
            number=number,
            split=split,
            augmented=augmented,
            classes=classes,
            on_event=progress,
        )
    typer.echo(str(page))
