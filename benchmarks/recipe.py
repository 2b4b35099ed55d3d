"""What each part of the default recipe is worth: the recipe, and it with one thing changed.

Rows train for the same number of seconds and are scored on whole sequences that were not learned
from. To that end a folder of links is made: pictures of the train and val splits whose name
matches --hold-out are validated on, the others learned from; the test split is not touched.

    python benchmarks/recipe.py DATA --hold-out '^0016E5' [--budget 3m] [--seeds 0] [--only muon]
"""

from __future__ import annotations

import argparse
import json
import platform
import re
import subprocess
import sys
import tempfile
from pathlib import Path

ROWS: dict[str, tuple[str, ...]] = {
    "the recipe": (),
    "AdamW in place of Muon": ("optimiser.name=adamw",),
    "SGD in place of Muon": ("optimiser.name=sgd",),
    "crops anywhere": ("crops.focus=0",),
    "no class weights": ("loss.class_weights=none",),
    "cross-entropy and Jaccard": ("loss.terms={cross_entropy: 1.0, jaccard: 1.0}",),
    "batches of 8": ("batch_size=8",),
    "crops of half the area": ("input.crop_hw=[192, 288]",),
    "no averaging of weights": ("ema_decay=0",),
    "float32": ("input.precision=float32",),
    "3/4 of the width": ("model.config={widths: [48, 96, 96]}",),
    "no mirror images in use": ("inference.flips=[]",),
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


def score(data: Path, budget: str, seed: int, settings: tuple[str, ...], out: Path) -> float:
    """Mean IoU, in percent, of one training run in a process of its own."""
    command = [sys.executable, "-m", "segwright", "train", str(data), "--budget", budget]
    command += ["--seed", str(seed), "--out", str(out)]
    for setting in settings:
        command += ["--set", setting]
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL)
    return 100 * json.loads((out / "scores.json").read_text(encoding="utf-8"))["mean_iou"]["value"]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--hold-out", required=True, help="pattern of the names to validate on")
    parser.add_argument("--budget", default="3m")
    parser.add_argument("--seeds", nargs="+", type=int, default=[0])
    parser.add_argument("--only", default="", help="rows whose name has this in it")
    options = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="recipe-") as scratch:
        data = linked(options.data, options.hold_out, Path(scratch) / "data")
        print(f"{options.data.name}, {options.budget} each, {platform.platform()}", flush=True)
        for number, (name, settings) in enumerate(ROWS.items()):
            if options.only not in name:
                continue
            scores = [
                score(data, options.budget, seed, settings, Path(scratch) / f"{number}-{seed}")
                for seed in options.seeds
            ]
            print(f"{name:28}  " + "  ".join(f"{value:5.1f}" for value in scores), flush=True)


if __name__ == "__main__":
    main()
