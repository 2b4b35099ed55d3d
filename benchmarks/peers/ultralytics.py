"""Ultralytics' semantic segmentation, through its command line and nothing else (AGPL-3.0).

Settings: https://docs.ultralytics.com/tasks/semantic (models; built from the `.yaml`, so from
random weights) and https://docs.ultralytics.com/usage/cfg (its defaults: images of 640 pixels,
batches of 16, optimiser chosen by it; `time` in hours, which its schedule follows). Off are
plots, the sending of statistics and whatever else would need a network.

Its `time` begins with the first step and ends before its last two validations, so what a training
costs beside it is measured by a rehearsal of one step, before the clock runs.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import tempfile
import time
from dataclasses import dataclass
from pathlib import Path

from peers.pictures import class_names, pairs
from peers.task import NOTHING_LEARNED, Prediction, Training, perform

_ONE_STEP_S = 0.001


@dataclass(frozen=True)
class Setting:
    """A model of its table, and the longer side that images are brought to."""

    model: str
    imgsz: int


SETTINGS = {
    "yolo26n-640": Setting("yolo26n-sem", 640),
    "yolo26s-640": Setting("yolo26s-sem", 640),
    "yolo26n-480": Setting("yolo26n-sem", 480),
}


def layout(data: Path) -> Path:
    """Where its own arrangement of the data is."""
    return data.parent / "for-ultralytics"


def prepare(data: Path, setting: str) -> None:
    """Arranges the plain data as it reads them, and rehearses a training."""
    folder = layout(data)
    if not (folder / "data.yaml").is_file():
        arrange(data, folder)
    told = folder / f"{setting}.rehearsed.json"
    if not told.is_file():
        # the first one reads files from disk for the first time and finds out about the labels
        shortest_s = min(rehearsed_s(data, setting) for _ in range(2))
        told.write_text(json.dumps(shortest_s), encoding="utf-8")


def rehearsed_s(data: Path, setting: str) -> float:
    """Seconds that a training of one step takes, start to exit."""
    with tempfile.TemporaryDirectory() as scratch:
        begun = time.time()
        train_for(data, setting, seconds=_ONE_STEP_S, seed=0, run=Path(scratch))
        return time.time() - begun


def arrange(data: Path, folder: Path) -> None:
    """Copies the plain data to images/SPLIT and masks/SPLIT with a data.yaml."""
    for split in ("train", "val", "test"):
        for kind in ("images", "masks"):
            (folder / kind / split).mkdir(parents=True, exist_ok=True)
        for image, mask in pairs(data, split):
            for kind, file in (("images", image), ("masks", mask)):
                shutil.copyfile(file.resolve(), folder / kind / split / file.name)
    content = {
        "path": str(folder.resolve()),
        **{split: f"images/{split}" for split in ("train", "val", "test")},
        "masks_dir": "masks",
        "names": dict(enumerate(class_names(data))),
    }
    (folder / "data.yaml").write_text(json.dumps(content), encoding="utf-8")


def train(task: Training) -> None:
    told = layout(task.data) / f"{task.setting}.rehearsed.json"
    seconds = task.left_s() - json.loads(told.read_text(encoding="utf-8"))
    if seconds < _ONE_STEP_S:
        print(f"a training of one step takes {-seconds:.0f} s longer than the budget")
        raise SystemExit(NOTHING_LEARNED)
    train_for(task.data, task.setting, seconds=seconds, seed=task.seed, run=task.run)


def train_for(data: Path, setting: str, *, seconds: float, seed: int, run: Path) -> None:
    """Trains for a time of its own reckoning; weights are in trained/weights."""
    chosen = SETTINGS[setting]
    yolo(
        "train",
        f"data={layout(data) / 'data.yaml'}",
        f"model={chosen.model}.yaml",
        f"imgsz={chosen.imgsz}",
        f"time={seconds / 3600:.7f}",
        f"seed={seed}",
        f"project={run.resolve()}",
        "name=trained",
        config=layout(data),
    )


def predict(task: Prediction) -> None:
    """Its validation writes masks on the pixels of the images."""
    with tempfile.TemporaryDirectory() as scratch:
        yolo(
            "val",
            f"data={layout(task.data) / 'data.yaml'}",
            f"model={task.run / 'trained' / 'weights' / 'best.pt'}",
            f"imgsz={SETTINGS[task.setting].imgsz}",
            f"split={task.split}",
            "save_json=True",
            f"project={scratch}",
            "name=scored",
            config=layout(task.data),
        )
        for mask in (Path(scratch) / "scored" / "results").glob("*.png"):
            shutil.copyfile(mask, task.masks / mask.name)


def yolo(verb: str, *arguments: str, config: Path) -> None:
    """Runs its command, with its settings kept in a folder of ours."""
    command = [str(Path(sys.executable).with_name("yolo")), "semantic", verb, *arguments]
    environment = os.environ | {"YOLO_CONFIG_DIR": str(config.resolve())}
    subprocess.run([*command, "device=cpu", "plots=False"], env=environment, check=True)


if __name__ == "__main__":
    perform(train, predict, prepare)
