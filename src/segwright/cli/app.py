"""The commands and their options. Each calls the verb of its name and prints what it returns."""

from __future__ import annotations

import time
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from segwright.cli.command import ClassesFile, Data, Device, RunDevice, Settings, Verb
from segwright.cli.data_commands import data_commands
from segwright.cli.outcome import SOME_FAILED
from segwright.cli.score_commands import score_commands

if TYPE_CHECKING:
    from segwright.result import Saved

# What a verb needs (torch, OpenCV) is imported inside its command: `--help` answers at once.

app = typer.Typer(
    help="From a folder of images and masks to a segmenter that can be trusted.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
)
app.add_typer(data_commands)
app.add_typer(score_commands)


Budget = Annotated[
    str | None, typer.Option(metavar="TIME", help="Wall clock, start to exit: 90s, 10m, 1h30m.")
]
ModelName = Annotated[
    str | None, typer.Option(metavar="NAME", help="A method of `segwright methods`.")
]
Seed = Annotated[int, typer.Option(min=0, help="Same seed, same weights.")]


def _show_version(wanted: bool) -> None:
    if wanted:
        from segwright import __version__

        typer.echo(f"segwright {__version__}")
        raise typer.Exit


@app.callback()
def segwright(
    debug: Annotated[bool, typer.Option("--debug", help="Show tracebacks of errors.")] = False,
    version: Annotated[
        bool,
        typer.Option(
            "--version", callback=_show_version, is_eager=True, help="Print the version and exit."
        ),
    ] = False,
) -> None:
    """From a folder of images and masks to a segmenter that can be trusted."""


@app.command(cls=Verb)
def plan(
    data: Data,
    budget: Budget = None,
    model: ModelName = None,
    device: Device = None,
    setting: Settings = None,
    seed: Seed = 0,
    classes: ClassesFile = None,
    yaml: Annotated[
        bool, typer.Option("--yaml", help="Print the file for `train --plan`.")
    ] = False,
) -> None:
    """Show what `train` would do with DATA, and why."""
    from segwright.cli.duration import parse_duration
    from segwright.cli.progress import open_progress
    from segwright.cli.settings import parse_settings
    from segwright.verbs.plan import plan as make_plan

    budget_s = None if budget is None else parse_duration(budget)
    settings = parse_settings(setting or [])
    with open_progress() as progress:
        made = make_plan(
            data,
            budget_s=budget_s,
            model=model,
            device=device,
            settings=settings,
            seed=seed,
            classes=classes,
            on_event=progress,
        )
    typer.echo(made.to_yaml() if yaml else made.explain())


@app.command(cls=Verb)
def train(
    ctx: typer.Context,
    data: Annotated[
        Path | None,
        typer.Argument(
            metavar="DATA", help="Folder of images with labels, in a format of `segwright formats`."
        ),
    ] = None,
    budget: Budget = None,
    model: ModelName = None,
    task: Annotated[Literal["semantic", "instance"], typer.Option()] = "semantic",
    device: Device = None,
    setting: Settings = None,
    seed: Annotated[
        int | None, typer.Option(min=0, help="Same seed, same weights. Default: the plan's, or 0.")
    ] = None,
    folds: Annotated[
        int | None, typer.Option(min=2, help="Cross-validate; the budget is for all together.")
    ] = None,
    plan: Annotated[
        Path | None, typer.Option(metavar="FILE", help="A plan.yaml to follow, edited or not.")
    ] = None,
    out: Annotated[
        Path | None, typer.Option(metavar="RUN", help="Run folder to write; must be new.")
    ] = None,
    resume: Annotated[
        Path | None,
        typer.Option(metavar="RUN", help="Go on with a run; --budget +10m gives it more time."),
    ] = None,
    from_run: Annotated[
        Path | None, typer.Option("--from", metavar="RUN", help="Start from a run's weights.")
    ] = None,
    classes: ClassesFile = None,
) -> None:
    """Train a segmenter on DATA and score it on the validation images."""
    from segwright.cli.duration import parse_duration
    from segwright.cli.progress import open_progress
    from segwright.cli.settings import parse_settings
    from segwright.errors import UsageError
    from segwright.training.launch import Launch
    from segwright.verbs.train import train as run_training

    if data is None and resume is None:
        raise UsageError(
            "no data is given", remedy="Name the data folder, or a run to go on with: --resume RUN"
        )
    budget_s = None if budget is None else parse_duration(budget)
    settings = parse_settings(setting or [])
    with open_progress() as progress:
        report = run_training(
            data,
            out=out,
            budget_s=budget_s,
            model=model,
            task=task,
            device=device,
            settings=settings,
            seed=seed,
            folds=folds,
            plan=plan,
            resume=resume,
            from_run=from_run,
            classes=classes,
            started_at=cast(float | None, ctx.find_root().obj) or time.time(),
            on_event=progress,
        )
    if Launch.read().leads:
        typer.echo(report.text())


@app.command(cls=Verb)
def predict(
    run: Annotated[
        Path,
        typer.Argument(
            metavar="RUN|METHOD",
            help="A run folder, or a method without training like otsu.",
        ),
    ],
    inputs: Annotated[
        list[Path], typer.Argument(metavar="INPUT", help="Images, folders or quoted patterns.")
    ],
    out: Annotated[Path, typer.Option(metavar="DIR", help="Folder for the results.")],
    save: Annotated[
        str | None,
        typer.Option(
            metavar="WHAT",
            help="Any of mask,overlay,probabilities,coco,regions. Default: mask, or regions of "
            "methods that know no classes.",
        ),
    ] = None,
    spacing: Annotated[
        str | None,
        typer.Option(metavar="MM[,MM]", help="Millimetres per pixel [down, across] of the images."),
    ] = None,
    device: RunDevice = None,
    setting: Annotated[
        list[str] | None,
        typer.Option("--set", metavar="KEY=VALUE", help="tile=512, flips=[x,y], scales=[1,1.25] …"),
    ] = None,
    abstain: Annotated[
        float | None,
        typer.Option(metavar="SHARE", help="No answer (255) where less sure than this, like 0.9."),
    ] = None,
) -> None:
    """Segment images of any size with a trained segmenter, or a method that needs no training."""
    from segwright.cli.progress import open_progress
    from segwright.cli.settings import parse_settings, parse_spacing
    from segwright.verbs.predict import predict as run_prediction

    names = None if save is None else [name.strip() for name in save.split(",")]
    what = cast("list[Saved] | None", names)  # checked by the verb
    with open_progress() as progress:
        report = run_prediction(
            run,
            inputs,
            out,
            save=what,
            spacing=None if spacing is None else parse_spacing(spacing),
            device=device,
            settings=parse_settings(setting or []),
            abstain=abstain,
            on_event=progress,
        )
    typer.echo(f"{report.done} images segmented, results in {report.out}")
    if report.done > 1 and report.least_sure:
        path, confidence = report.least_sure[0]
        typer.echo(f"look first at {path}: least sure, {100 * confidence:.1f} % on average")
    if report.failed:
        total = report.done + len(report.failed)
        typer.echo(f"error: {len(report.failed)} of {total} images failed, named above", err=True)
        raise typer.Exit(SOME_FAILED)


@app.command(cls=Verb)
def methods(
    name: Annotated[str | None, typer.Argument(metavar="[NAME]", help="One method.")] = None,
) -> None:
    """List the networks and methods there are, or say all about one."""
    from segwright.verbs.methods import describe_method, list_methods

    typer.echo(list_methods() if name is None else describe_method(name))


@app.command(cls=Verb)
def doctor(
    json: Annotated[bool, typer.Option("--json", help="Print JSON instead of a table.")] = False,
) -> None:
    """Say what is installed here, what this machine can do, and whether it works."""
    from segwright.verbs.doctor import examine

    findings = examine()
    typer.echo(findings.to_json() if json else findings.text())
    if not findings.healthy:
        raise typer.Exit(1)
