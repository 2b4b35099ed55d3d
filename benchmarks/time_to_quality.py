"""How good a net gets in a given time, everything included, on data that was not learned from.

Each row is a fresh process, `segwright train DATA --budget TIME`, timed from its start to its exit,
then `segwright evaluate RUN DATA --split test`. Rows run one after the other; keep the machine
free of other work, or the figures are worthless.

    python benchmarks/time_to_quality.py DATA --budgets 2m 10m 60m [--seeds 0 1 2] [--out DIR]
"""

from __future__ import annotations

import argparse
import json
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

from segwright.cli.duration import parse_duration


def segwright(*arguments: object) -> str:
    """Runs a command and returns its standard output; its progress stays visible."""
    command = [sys.executable, "-m", "segwright", *map(str, arguments)]
    return subprocess.run(command, check=True, stdout=subprocess.PIPE, text=True).stdout


def measure(data: Path, budget: str, seed: int, split: str, out: Path) -> list[str]:
    """One row of the table: trains, times, scores."""
    run = out / f"{budget}-seed{seed}"
    begun = time.monotonic()
    segwright("train", data, "--budget", budget, "--seed", seed, "--out", run)
    wall_s = time.monotonic() - begun
    held_out = json.loads((run / "scores.json").read_text(encoding="utf-8"))
    scored = json.loads(segwright("evaluate", run, data, "--split", split, "--json"))
    last = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    steps = max(row["step"] for row in last if row["kind"] == "train")
    score = scored["mean_iou"]
    interval = f"{100 * score['low']:.1f} – {100 * score['high']:.1f}" if score["low"] else "none"
    return [
        budget,
        str(seed),
        f"{wall_s / parse_duration(budget):.3f}",
        str(steps),
        f"{100 * held_out['mean_iou']['value']:.1f}",
        f"{100 * score['value']:.1f}",
        interval,
    ]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--budgets", nargs="+", default=["2m", "10m"])
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--split", default="test")
    parser.add_argument("--out", type=Path, default=None, help="keep the runs here")
    options = parser.parse_args()
    out = options.out or Path(tempfile.mkdtemp(prefix="time-to-quality-"))
    rows = [["budget", "seed", "wall/budget", "steps", "val mIoU", "mIoU", "95 % interval"]]
    for budget in options.budgets:
        for seed in options.seeds:
            rows.append(measure(options.data, budget, seed, options.split, out))
    print(f"{options.data.name}, split {options.split}, {platform.platform()}")
    for row in rows:
        print("  ".join(f"{cell:>14}" for cell in row))


if __name__ == "__main__":
    main()
