"""The commands about data: what comes in, what goes out, and whether it is fit to learn from."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segwright.cli.command import ClassesFile, Data, Verb
from segwright.cli.outcome import SOME_FAILED, UNUSABLE

# What a verb needs is imported inside its command: `--help` answers at once.

data_commands = typer.Typer()


@data_commands.command(cls=Verb)
def check(
    data: Data,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
    write: Annotated[
        bool, typer.Option("--write", help="Draft a dataset.yaml beside the data.")
    ] = False,
    repair: Annotated[
        Path | None, typer.Option(metavar="DIR", help="Write a repaired copy; must be new.")
    ] = None,
    classes: ClassesFile = None,
) -> None:
    """Say what is wrong with DATA before a day is lost; exit code 4 if it is not usable."""
    from segwright.cli.progress import open_progress
    from segwright.verbs.check import check as run_check

    with open_progress() as progress:
        verdict = run_check(data, classes=classes, write=write, repair_to=repair, on_event=progress)
    typer.echo(verdict.to_json() if json else verdict.text())
    if verdict.draft_problem is not None:
        typer.echo(f"error: {verdict.draft_problem}", err=True)
        raise typer.Exit(1)
    if not verdict.usable:
        raise typer.Exit(UNUSABLE)


@data_commands.command(cls=Verb)
def convert(
    data: Data,
    to: Annotated[
        str, typer.Option(metavar="FORMAT", help="A format that `segwright formats` lists.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write; must be new.")],
    classes: ClassesFile = None,
    split: Annotated[
        str | None, typer.Option(metavar="NAME", help="Only train, val or test; default: all.")
    ] = None,
) -> None:
    """Write DATA in another format, read it back and count what was lost."""
    from segwright.cli.progress import open_progress
    from segwright.verbs.convert import convert as run_conversion

    with open_progress() as progress:
        report = run_conversion(data, to, out, classes=classes, split=split, on_event=progress)
    typer.echo(report.text())
    if report.failed:
        total = report.pictures + len(report.failed)
        typer.echo(
            f"error: {len(report.failed)} of {total} pictures left out, named above", err=True
        )
        raise typer.Exit(SOME_FAILED)


@data_commands.command(cls=Verb)
def split(
    data: Data,
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder to write; must be new.")],
    by: Annotated[
        str,
        typer.Option(
            metavar="PATTERN",
            help="Regular expression whose first group in a name is the patient, scene or video; "
            "auto: declared groups, numbered sequences, or pictures that show the same.",
        ),
    ] = "auto",
    fractions: Annotated[
        str, typer.Option(metavar="TRAIN,VAL[,TEST]", help="Shares whose sum is 1.")
    ] = "0.7,0.15,0.15",
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same splits.")] = 0,
    classes: ClassesFile = None,
) -> None:
    """Copy DATA and divide it so that nothing that belongs together is torn apart."""
    from segwright.cli.progress import open_progress
    from segwright.cli.settings import parse_numbers
    from segwright.verbs.split import split as run_division

    shares = parse_numbers(fractions, option="--fractions")
    with open_progress() as progress:
        report = run_division(
            data, out, by=by, fractions=shares, seed=seed, classes=classes, on_event=progress
        )
    typer.echo(report.text())


@data_commands.command(cls=Verb)
def formats(
    name: Annotated[str | None, typer.Argument(metavar="[FORMAT]", help="One format.")] = None,
    markdown: Annotated[
        bool, typer.Option("--markdown", help="Print the page docs/formats.md.")
    ] = False,
) -> None:
    """List the formats of labels there are, and what each cannot hold."""
    from segwright.verbs.formats import describe_format, formats_page, list_formats

    if markdown:
        typer.echo(formats_page(), nl=False)
    else:
        typer.echo(list_formats() if name is None else describe_format(name))


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
        report = make_page(
            source,
            out=out,
            number=number,
            split=split,
            augmented=augmented,
            classes=classes,
            on_event=progress,
        )
    typer.echo(str(report.page))
    if report.failed:
        typer.echo(f"error: {len(report.failed)} pictures not shown whole, named above", err=True)
        raise typer.Exit(SOME_FAILED)
