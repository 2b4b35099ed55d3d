"""What all commands share: how they fail, and the arguments that several of them take."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer
from typer.core import TyperCommand

from segwright.cli.outcome import exit_codes
from segwright.training.launch import require_alone


class Verb(TyperCommand):
    """A command whose failures become one line on stderr and an exit code."""

    def invoke(self, ctx: typer.Context) -> object:  # pyright: ignore[reportIncompatibleMethodOverride]
        with exit_codes(debug=ctx.find_root().params["debug"]):
            if self.name != "train":
                require_alone(f"segwright {self.name}")
            return super().invoke(ctx)


Data = Annotated[
    Path,
    typer.Argument(
        metavar="DATA", help="Folder of images with labels, in a format of `segwright formats`."
    ),
]
ClassesFile = Annotated[
    Path | None,
    typer.Option(metavar="FILE", help="YAML that renames, merges and ignores classes."),
]
Device = Annotated[
    Literal["cpu", "cuda", "mps"] | None, typer.Option(help="Default: the fastest one here.")
]
RunDevice = Annotated[
    Literal["cpu", "cuda", "mps"] | None, typer.Option(help="Where to run. Default: cpu.")
]
Settings = Annotated[
    list[str] | None,
    typer.Option("--set", metavar="KEY=VALUE", help="Replace a setting of the plan; repeatable."),
]
