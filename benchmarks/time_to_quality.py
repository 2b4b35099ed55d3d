"""How good a net gets in a given time, everything included, beside peers in the same time.

Each row is a fresh process, timed from its start to its exit: `segwright train DATA --budget TIME`
or a peer in an environment of its own (`peers/`). What it segmented of the test split is scored by
`segwright evaluate` for all alike. Rows run one after the other; keep the machine free of other
work, or the figures are worthless.

    python benchmarks/time_to_quality.py DATA --budgets 2m 10m 60m
        [--methods segwright smp torchvision ultralytics nnunet] [--seeds 0 1 2] [--choose-at 2m]
        [--leave-out SETTING …] [--environments DIR] [--out DIR]

Ours runs with its defaults. Of each peer, three documented settings are trained at the budget (or
at --choose-at, which saves time) with the first seed, and the best on val goes on to be scored on
test. All start from random weights. Our budget has validation, scoring and report in it; a peer's
has what its own training does, and no prediction. Data without a test split are divided by the
rule in `peers/plain.py`.

Every finished row is a JSON file in --out and is not repeated, so a table can be made in pieces.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Collection
from dataclasses import asdict, dataclass
from importlib.metadata import version
from pathlib import Path

from peers.environment import OFFLINE, python_of, versions
from peers.plain import write_plain
from peers.task import NOTHING_LEARNED
from segwright.cli.duration import parse_duration
from segwright.dataset import open_dataset

OURS = "segwright"
SETTINGS = {
    OURS: ("defaults",),
    "smp": ("unet-resnet34", "fpn-resnet34", "fpn-resnext50"),
    "torchvision": ("fcn_resnet50", "deeplabv3_resnet50", "lraspp_mobilenet_v3_large"),
    "ultralytics": ("yolo26n-640", "yolo26s-640", "yolo26n-480"),
    "nnunet": ("as-planned", "batch-2", "batch-2-patch-256"),
}
_OVERRUN = 1.5  # of a budget: who still trains then is stopped
_GRACE_S = 60.0


@dataclass
class Row:
    """One training and its scores.

    Attributes:
        method: A key of SETTINGS.
        setting: One of its settings.
        budget: As typed.
        seed: Of the training.
        wall_s: From process start to exit.
        val: Mean IoU on val; None where nothing was learned.
        test: Mean IoU on test with its interval (value, low, high); None until it is scored.
        note: What went otherwise than planned.
    """

    method: str
    setting: str
    budget: str
    seed: int
    wall_s: float = 0.0
    val: float | None = None
    test: tuple[float, float | None, float | None] | None = None
    note: str = ""

    @property
    def name(self) -> str:
        """Of its files."""
        return f"{self.method}-{self.setting}-{self.budget}-seed{self.seed}"


@dataclass(frozen=True)
class Place:
    """Where a benchmark reads and writes.

    Attributes:
        data: What is scored: the data set as given, or its divided form.
        plain: The form that peers read.
        environments: Of the peers.
        out: Rows, runs and masks.
    """

    data: Path
    plain: Path
    environments: Path
    out: Path

    @classmethod
    def of(cls, data: Path, environments: Path, out: Path) -> tuple[Place, str]:
        """The place for a data set, and how it is divided, in words."""
        plain = out / "data" / "plain"
        rule = write_plain(data, plain)
        given = "test" in open_dataset(data).splits
        return cls(data if given else plain, plain, environments, out), rule

    def kept(self, row: Row) -> Row | None:
        """The finished row of that name, if there is one."""
        file = self.out / f"{row.name}.json"
        return Row(**json.loads(file.read_text(encoding="utf-8"))) if file.is_file() else None

    def keep(self, row: Row) -> None:
        """Writes a row to its file."""
        text = json.dumps(asdict(row), indent=1)
        (self.out / f"{row.name}.json").write_text(text, encoding="utf-8")


def segwright(*arguments: object) -> str:
    """Runs a command and returns its standard output; its progress stays visible."""
    command = [sys.executable, "-m", "segwright", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def peer(place: Place, row: Row, verb: str, *arguments: object) -> list[str]:
    """The command that has a peer do something in its own environment."""
    python = python_of(row.method, place.environments)
    every = ["--data", place.plain.resolve(), "--setting", row.setting, *arguments]
    return [str(python), "-m", f"peers.{row.method}", verb, *map(str, every)]


def surroundings() -> dict:
    """How a peer is run: beside this file, and without network."""
    return {"cwd": Path(__file__).parent, "env": os.environ | OFFLINE}


def logged(command: list[str], log: Path) -> None:
    """Runs a peer's command that is not timed; what it says is in the log."""
    with log.open("wb") as words:
        done = subprocess.run(command, stdout=words, stderr=words, check=False, **surroundings())
    if done.returncode:
        raise SystemExit(f"failed: {' '.join(command)}\nsee {log}")


def trained(place: Place, row: Row) -> Row:
    """Trains, times and scores on val."""
    run = (place.out / row.name).resolve()
    shutil.rmtree(run, ignore_errors=True)
    budget_s = parse_duration(row.budget)
    print(f"training {row.name}", file=sys.stderr, flush=True)
    if row.method == OURS:
        command = [sys.executable, "-m", "segwright", "train", str(place.data)]
        command += ["--budget", row.budget, "--seed", str(row.seed), "--out", str(run)]
        code, row.wall_s = timed(command, place.out / f"{row.name}.log", budget_s)
        if code == 0:
            scores = json.loads((run / "scores.json").read_text(encoding="utf-8"))
            row.val = scores["mean_iou"]["value"]
    else:
        run.mkdir(parents=True)
        logged(peer(place, row, "prepare"), place.out / f"{row.name}-prepare.log")
        told = ["--run", run, "--seed", row.seed, "--budget-s", budget_s]
        command = peer(place, row, "train", *told, "--started-at", time.time())
        code, row.wall_s = timed(command, place.out / f"{row.name}.log", budget_s)
        if code == 0:
            row.val = masks_scored(place, row, "val")["value"]
    if code == NOTHING_LEARNED:
        row.note = "no step finished in time"
    elif code != 0:
        row.note = "stopped: far over time" if code < 0 else f"failed: see {row.name}.log"
    place.keep(row)
    return row


def timed(command: list[str], log: Path, budget_s: float) -> tuple[int, float]:
    """Exit code and seconds of a training, which is killed if it runs far over its budget."""
    with log.open("wb") as words:
        begun = time.monotonic()
        process = subprocess.Popen(
            command, stdout=words, stderr=words, start_new_session=True, **surroundings()
        )
        try:
            code = process.wait(_OVERRUN * budget_s + _GRACE_S)
        except BaseException as error:  # over time, or interrupted: it must not go on alone
            os.killpg(process.pid, 9)
            code = process.wait()
            if not isinstance(error, subprocess.TimeoutExpired):
                raise
        return code, time.monotonic() - begun


def masks_scored(place: Place, row: Row, split: str) -> dict:
    """Has a peer write its masks of a split, and scores them."""
    masks = (place.out / f"{row.name}-{split}").resolve()
    shutil.rmtree(masks, ignore_errors=True)
    masks.mkdir(parents=True)
    run = (place.out / row.name).resolve()
    command = peer(place, row, "predict", "--run", run, "--split", split, "--masks", masks)
    logged(command, place.out / f"{row.name}-{split}.log")
    scored = json.loads(segwright("evaluate", masks, place.data, "--split", split, "--json"))
    return scored["mean_iou"]


def tested(place: Place, row: Row) -> Row:
    """Scores a training on test, once."""
    if row.val is None or row.test is not None:
        return row
    if row.method == OURS:
        run = place.out / row.name
        scored = segwright("evaluate", run, place.data, "--split", "test", "--json")
        score = json.loads(scored)["mean_iou"]
    else:
        score = masks_scored(place, row, "test")
    row.test = score["value"], score["low"], score["high"]
    place.keep(row)
    return row


def chosen(
    place: Place, method: str, budget: str, *, seed: int, left_out: Collection[str]
) -> list[Row]:
    """The settings of a method at a budget, the best on val first."""
    asked = [Row(method, name, budget, seed) for name in SETTINGS[method] if name not in left_out]
    rows = [place.kept(row) or trained(place, row) for row in asked]
    return sorted(rows, key=lambda row: -1.0 if row.val is None else row.val, reverse=True)


def rows_of(place: Place, method: str, options: argparse.Namespace) -> list[Row]:
    """The rows of one method: its chosen setting at every budget and seed."""
    rows = []
    for budget in options.budgets:
        at = options.choose_at or budget
        tried = chosen(place, method, at, seed=options.seeds[0], left_out=options.leave_out)
        others = "; ".join(
            f"{row.setting} {100 * row.val:.1f}" if row.val is not None else f"{row.setting} –"
            for row in tried[1:]
        )
        for seed in options.seeds:
            asked = Row(method, tried[0].setting, budget, seed)
            row = tested(place, place.kept(asked) or trained(place, asked))
            if others and not row.note:
                row.note = f"best on val at {at} of: {others}"
            rows.append(row)
    return rows


def cells(row: Row) -> list[str]:
    """A row as text."""

    def percent(value: float | None) -> str:
        return "–" if value is None else f"{100 * value:.1f}"

    value, low, high = row.test or (None, None, None)
    return [
        row.method,
        row.setting,
        row.budget,
        str(row.seed),
        f"{row.wall_s / parse_duration(row.budget):.3f}",
        percent(row.val),
        percent(value),
        f"{percent(low)} … {percent(high)}",
        row.note,
    ]


def processor() -> str:
    """What the machine calls its processor, with the number of usable cores."""
    try:
        lines = Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
        names = [line.partition(":")[2].strip() for line in lines if line.startswith("model name")]
    except OSError:
        names = []
    return f"{names[0] if names else platform.processor()}, {os.cpu_count()} cores"


def print_table(data: Path, rule: str, rows: list[Row]) -> None:
    print(f"{data.name}: {rule}; {processor()}; {platform.platform()}")
    print(f"{OURS} {version(OURS)}, torch {version('torch')}, default precision")
    for method in dict.fromkeys(row.method for row in rows if row.method != OURS):
        print(f"{method}: {versions(method)}; float32, from random weights")
    head = ["method", "setting", "budget", "seed", "wall/budget", "val mIoU", "test mIoU"]
    table = [[*head, "95 % interval", "note"], *(cells(row) for row in rows)]
    widths = [max(len(line[i]) for line in table) for i in range(len(table[0]))]
    for line in table:
        print(
            "  ".join(f"{cell:{width}}" for cell, width in zip(line, widths, strict=True)).rstrip()
        )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--budgets", nargs="+", default=["2m", "10m"])
    parser.add_argument("--methods", nargs="+", default=[OURS], choices=SETTINGS)
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--leave-out", nargs="+", default=(), help="settings not to try")
    parser.add_argument("--choose-at", help="budget at which settings are chosen; each its own")
    parser.add_argument("--environments", type=Path, help="keep the peers' environments here")
    parser.add_argument("--out", type=Path, help="keep rows and runs here")
    options = parser.parse_args()
    out = options.out or Path(tempfile.mkdtemp(prefix="time-to-quality-"))
    environments = options.environments or Path(tempfile.mkdtemp(prefix="peers-"))
    for method in options.methods:
        if method != OURS:
            python_of(method, environments)
    place, rule = Place.of(options.data.resolve(), environments, out)
    rows = [row for method in options.methods for row in rows_of(place, method, options)]
    print_table(options.data, rule, rows)


if __name__ == "__main__":
    main()
