"""What each part of the default recipe is worth: the recipe, and it with one thing changed.

Rows train for the same wall clock and are scored on whole sequences that were not learned from, so
each shows where minutes go: what is slower learns less. With --steps they train for the same number
of steps instead, which shows what a step learns, whatever else the machine does. Held out are the
pictures of the train and val splits whose name matches --hold-out, in a folder of links; the test
split is not touched. Most rows are settings anyone can give; what is no setting (start-up, images
kept in memory, normalisation) is changed from outside for the row.

    python benchmarks/recipe.py DATA --hold-out '^0016E5' [--budget 3m | --steps 250] [--seeds 0]
        [--only Muon] [--out DIR]

Every finished training keeps its scores in --out and is not repeated, so a table can be made in
pieces. A row shows the mean IoU and the steps of each seed, and the mean IoU less that of the
recipe with the same budget or steps and the same seeds.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import re
import shutil
import statistics
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True)
class Change:
    """What a row changes.

    Attributes:
        settings: Each as after --set.
        before: Python that is run first in the training's process.
    """

    settings: tuple[str, ...] = ()
    before: str = ""


def to(*settings: str) -> Change:
    """A change of settings alone."""
    return Change(settings)


@dataclass(frozen=True)
class Score:
    """What a training came to: mean IoU in percent, after so many steps."""

    mean_iou: float
    steps: int


_START = "from segwright.cli import main; main()"
_GROUP_NORM = """
from torch import nn
class GroupNorm(nn.GroupNorm):
    def __init__(self, width):
        super().__init__(8, width)
nn.BatchNorm2d = GroupNorm
"""

ROWS: dict[str, Change] = {
    "the recipe": Change(),
    # start-up and loading
    "torch's compiler imported at start": Change(before="import torch._dynamo"),
    "images read from disk every time": Change(
        before="from segwright.training import store; store._SHARE = 0.0"
    ),
    "no threads that prepare batches": to("workers=0"),
    # resolution
    "images at 3/4 of their size": to("input.scale=0.75"),
    "images at half their size": to("input.scale=0.5"),
    "loss at every pixel": to("input.loss_stride=1"),
    # crops and their changes
    "crops anywhere": to("crops.focus=0"),
    "crops of half the area": to("input.crop_hw=[192, 288]"),
    "whole images": to("input.crop_hw=[352, 480]"),
    "batches of 8": to("batch_size=8"),
    "batches of 2": to("batch_size=2"),
    "one size": to("augment.scale=[1.0, 1.0]"),
    "one light": to(
        "augment.brightness=0",
        "augment.contrast=0",
        "augment.channel_gain=0",
        "augment.saturation=0",
    ),
    # loss
    "no class weights": to("loss.class_weights=none"),
    "cross-entropy and Jaccard": to("loss.terms={cross_entropy: 1.0, jaccard: 1.0}"),
    # optimiser and schedule
    "AdamW in place of Muon": to("optimiser.name=adamw"),
    "SGD in place of Muon": to("optimiser.name=sgd"),
    "constant rate": to("schedule.name=constant"),
    "polynomial schedule": to("schedule.name=poly"),
    "no warm-up": to("schedule.warmup=0"),
    "no averaging of weights": to("ema_decay=0"),
    # network and arithmetic
    "group norm in place of batch norm": Change(before=_GROUP_NORM),
    "3/4 of the width": to("model.config={widths: [48, 96, 96]}"),
    "5/4 of the width": to("model.config={widths: [80, 160, 160]}"),
    "float32": to("input.precision=float32"),
    # use
    "no mirror images in use": to("inference.flips=[]"),
}


def linked(data: Path, hold_out: str, folder: Path) -> Path:
    """A data set of links whose val split is what matches `hold_out`."""
    for mask in sorted(data.glob("*/masks/*")):
        if mask.parts[-3] == "test":
            continue
        split = "val" if re.search(hold_out, mask.stem) else "train"
        image = next((mask.parents[1] / "images").glob(f"{mask.stem}.*"))
        for kind, file in (("images", image), ("masks", mask)):
            place = folder / split / kind
            place.mkdir(parents=True, exist_ok=True)
            (place / file.name).symlink_to(file.resolve())
    (folder / "classes.txt").write_text((data / "classes.txt").read_text(encoding="utf-8"))
    return folder


def score(data: Path, amount: list[str], *, seed: int, change: Change, run: Path) -> Score:
    """The score of one training in a process of its own; that of a kept one, if any."""
    scores = run / "scores.json"
    if not scores.is_file():
        shutil.rmtree(run, ignore_errors=True)  # left by a row that was broken off
        command = [sys.executable, "-c", f"{change.before}\n{_START}", "train", str(data)]
        command += [*amount, "--seed", str(seed), "--out", str(run)]
        for setting in change.settings:
            command += ["--set", setting]
        # as the command line sets it, which comes too late where torch is imported before
        environment = {"GOMP_SPINCOUNT": "1000", **os.environ}
        subprocess.run(command, check=True, stdout=subprocess.DEVNULL, env=environment)
    lines = (run / "metrics.jsonl").read_text(encoding="utf-8").splitlines()
    return Score(
        mean_iou=100 * json.loads(scores.read_text(encoding="utf-8"))["mean_iou"]["value"],
        steps=max(json.loads(line)["step"] for line in lines),
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--hold-out", required=True, help="pattern of the names to validate on")
    amounts = parser.add_mutually_exclusive_group()
    amounts.add_argument("--budget", default="3m")
    amounts.add_argument("--steps", type=int, help="train so many steps, however long it takes")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--only", default="", help="rows whose name has this in it")
    parser.add_argument("--out", type=Path, help="keep runs here")
    options = parser.parse_args()
    out = options.out or Path(tempfile.mkdtemp(prefix="recipe-"))
    data = out / "data"
    if not data.exists():
        linked(options.data, options.hold_out, data)
    each = f"{options.steps} steps" if options.steps else options.budget
    amount = ["--set", f"steps={options.steps}"] if options.steps else ["--budget", options.budget]
    print(f"{options.data.name}, {each} each, {platform.platform()}", flush=True)
    of_recipe: float | None = None
    for name, change in ROWS.items():
        if options.only not in name and name != next(iter(ROWS)):
            continue
        short = re.sub(r"[^a-z0-9]+", "-", f"{name} {each}".lower())
        scores = [
            score(data, amount, seed=seed, change=change, run=out / f"{short}-seed{seed}")
            for seed in options.seeds
        ]
        mean = statistics.fmean(one.mean_iou for one in scores)
        of_recipe = mean if of_recipe is None else of_recipe
        written = "  ".join(f"{one.mean_iou:5.1f} ({one.steps:4})" for one in scores)
        print(f"{name:36}  {written}  {mean - of_recipe:+6.1f}", flush=True)


if __name__ == "__main__":
    main()
