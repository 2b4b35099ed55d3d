"""The commands about how good segmenters are, alone and side by side, and what makes one better."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from segwright.cli.command import ClassesFile, Data, Device, RunDevice, Settings, Verb
from segwright.cli.outcome import SOME_FAILED

# What a verb needs is imported inside its command: `--help` answers at once.

score_commands = typer.Typer()


@score_commands.command(cls=Verb)
def evaluate(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN|MASKS", help="A run folder, or a folder of masks such as predict writes."
        ),
    ],
    data: Data,
    split: Annotated[
        str | None, typer.Option(metavar="NAME", help="train, val or test; default: val.")
    ] = None,
    device: RunDevice = None,
    classes: ClassesFile = None,
    metrics: Annotated[
        str | None,
        typer.Option(metavar="NAMES", help="More metrics: all, or some like boundary_iou,hd95."),
    ] = None,
    tolerance: Annotated[
        float | None,
        typer.Option(
            metavar="DISTANCE",
            help="How far outlines may be apart: mm where pixels have a known size, else pixels. "
            "Default: 0.75 % of the diagonal.",
        ),
    ] = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Score a trained segmenter, or masks that are there, on labelled images, with intervals."""
    from segwright.cli.progress import open_progress
    from segwright.evaluation import Tolerances
    from segwright.verbs.evaluate import evaluate as score

    with open_progress() as progress:
        evaluation = score(
            run,
            data,
            split=split,
            device=device,
            classes=classes,
            metrics=[name.strip() for name in (metrics or "").split(",") if name.strip()],
            tolerances=Tolerances(distance=tolerance),
            on_event=progress,
        )
    typer.echo(evaluation.to_json() if json else evaluation.table())


@score_commands.command(cls=Verb)
def refine(
    run: Annotated[Path, typer.Argument(metavar="RUN", help="A run folder; it is left as it is.")],
    data: Data,
    out: Annotated[Path, typer.Option(metavar="TUNED", help="Folder to write; must be new.")],
    steps: Annotated[
        str | None,
        typer.Option(metavar="STEPS", help="What may be part of it: crf,majority … Default: most."),
    ] = None,
    time_: Annotated[
        str, typer.Option("--time", metavar="TIME", help="For trying rows of steps: 90s, 10m.")
    ] = "2m",
    split: Annotated[
        str | None, typer.Option(metavar="NAME", help="train or val; default: val.")
    ] = None,
    seed: Annotated[int, typer.Option(min=0, help="Same seed, same images drawn.")] = 0,
    device: RunDevice = None,
    classes: ClassesFile = None,
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of text.")] = False,
) -> None:
    """Choose steps that make the labels of RUN better, on validation images; write it with them."""
    from segwright.cli.duration import parse_duration
    from segwright.cli.progress import open_progress
    from segwright.cli.settings import parse_steps
    from segwright.verbs.refine import refine as run_refinement

    seconds = parse_duration(time_, option="--time")
    chosen = [] if steps is None else parse_steps(steps)
    with open_progress() as progress:
        report = run_refinement(
            run,
            data,
            out=out,
            steps=chosen,
            seconds=seconds,
            split=split,
            seed=seed,
            device=device,
            classes=classes,
            on_event=progress,
        )
    typer.echo(report.to_json() if json else report.text())


@score_commands.command(cls=Verb)
def compare(
    data: Data,
    methods: Annotated[
        str,
        typer.Option(
            metavar="NAMES", help="Names of `segwright methods`, runs, folders of masks: a,b,…"
        ),
    ],
    out: Annotated[Path, typer.Option(metavar="FILE", help="The page to write: report.html.")],
    budget: Annotated[
        str | None, typer.Option(metavar="TIME", help="Wall clock of each training: 90s, 10m.")
    ] = None,
    seeds: Annotated[
        int, typer.Option(min=1, help="Runs of each method; claims about methods need 3.")
    ] = 1,
    split: Annotated[
        str | None, typer.Option(metavar="NAME", help="Default: test, or what is held out.")
    ] = None,
    device: Device = None,
    setting: Settings = None,
    classes: ClassesFile = None,
) -> None:
    """Train and score several methods on DATA, each with the same time, and write one page."""
    from segwright.cli.duration import parse_duration
    from segwright.cli.progress import open_progress
    from segwright.cli.settings import parse_settings
    from segwright.verbs.compare import compare as run_comparison

    budget_s = None if budget is None else parse_duration(budget)
    settings = parse_settings(setting or [])
    with open_progress() as progress:
        report = run_comparison(
            data,
            [name.strip() for name in methods.split(",") if name.strip()],
            out=out,
            budget_s=budget_s,
            seeds=seeds,
            split=split,
            device=device,
            settings=settings,
            classes=classes,
            on_event=progress,
        )
    typer.echo(report.text())
    if report.failed:
        raise typer.Exit(SOME_FAILED)
