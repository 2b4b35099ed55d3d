"""nnU-Net v2 (Apache-2.0): its fingerprint, plans and preprocessing, then as many steps as fit.

Source: https://github.com/MIC-DKFZ/nnUNet, documentation/how_to_use_nnunet.md (2d configuration)
and documentation/explanation_plans_files.md (a configuration that inherits from another with a
batch and patch size of one's own). Its trainer counts 1000 epochs of 250 steps; here its own
steps are taken until the budget ends, and its polynomial schedule follows the share of the time.
All training images are learned from (fold "all").
"""

from __future__ import annotations

import json
import os
import random
import time
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch

from peers.pictures import IGNORED, class_names, pairs, read_ids, read_rgb, write_ids
from peers.task import NOTHING_LEARNED, Prediction, Training, perform

_NAME, _ID = "Dataset001_Benchmark", 1
_PROCESSES = 2


@dataclass(frozen=True)
class Setting:
    """What the inheriting configuration sets; None leaves the planner's choice."""

    batch_size: int | None = None
    patch_size: tuple[int, int] | None = None


SETTINGS = {
    "as-planned": Setting(),
    "batch-2": Setting(batch_size=2),
    "batch-2-patch-256": Setting(batch_size=2, patch_size=(256, 256)),
}


def layout(data: Path) -> Path:
    """Where its own arrangement of the data is."""
    return data.parent / "for-nnunet"


def prepare(data: Path, setting: str) -> None:
    """Writes the training images in its raw format: PNG, ignored pixels as the last label."""
    folder = layout(data) / _NAME
    if (folder / "dataset.json").is_file():
        return
    names = class_names(data)
    for kind in ("imagesTr", "labelsTr"):
        (folder / kind).mkdir(parents=True, exist_ok=True)
    files = pairs(data, "train")
    ignored = False
    for image, mask in files:
        ids = read_ids(mask)
        ignored |= bool((ids == IGNORED).any())
        _write_rgb(folder / "imagesTr" / f"{image.stem}_0000.png", read_rgb(image))
        write_ids(
            folder / "labelsTr" / f"{image.stem}.png", np.where(ids == IGNORED, len(names), ids)
        )
    # It wants label 0 to be called background; what it is called changes the Dice term alone.
    labels = {"background": 0, **{f"class {i}": i for i in range(1, len(names))}}
    if ignored:
        labels["ignore"] = len(names)
    content = {
        "channel_names": {"0": "red", "1": "green", "2": "blue"},
        "labels": labels,
        "numTraining": len(files),
        "file_ending": ".png",
        "overwrite_image_reader_writer": "NaturalImage2DIO",
    }
    (folder / "dataset.json").write_text(json.dumps(content), encoding="utf-8")


def _write_rgb(path: Path, pixels: np.ndarray) -> None:
    from PIL import Image

    Image.fromarray(pixels).save(path)


def point_to(data: Path, run: Path) -> None:
    """Tells nnU-Net its three folders; before it is imported."""
    os.environ.update(
        nnUNet_raw=str(layout(data).resolve()),
        nnUNet_preprocessed=str((run / "preprocessed").resolve()),
        nnUNet_results=str((run / "results").resolve()),
        nnUNet_n_proc_DA=str(_PROCESSES),
    )


def train(task: Training) -> None:
    point_to(task.data, task.run)
    random.seed(task.seed)
    np.random.seed(task.seed)
    torch.manual_seed(task.seed)
    plans, configuration = planned(SETTINGS[task.setting], task.run)
    steps = learn(task, plans, configuration)
    if not steps:
        print("no step was finished within the budget")
        raise SystemExit(NOTHING_LEARNED)
    print(f"{steps} steps")


def planned(setting: Setting, run: Path) -> tuple[dict[str, Any], str]:
    """Its plans with the configuration of a setting, preprocessed; and that one's name."""
    from nnunetv2.experiment_planning import plan_and_preprocess_api as api

    api.extract_fingerprints([_ID], num_processes=_PROCESSES)
    identifier = api.plan_experiments([_ID])
    api.preprocess([_ID], identifier, configurations=("2d",), num_processes=(_PROCESSES,))
    file = run / "preprocessed" / _NAME / f"{identifier}.json"
    plans = json.loads(file.read_text(encoding="utf-8"))
    own = {"inherits_from": "2d"}
    if setting.batch_size is not None:
        own["batch_size"] = setting.batch_size
    if setting.patch_size is not None:
        own["patch_size"] = list(setting.patch_size)
    plans["configurations"]["benchmark"] = own
    return plans, "benchmark"


def learn(task: Training, plans: dict[str, Any], configuration: str) -> int:
    """Takes its training steps until the time is over; returns how many."""
    from nnunetv2.training.nnUNetTrainer.nnUNetTrainer import nnUNetTrainer

    described = json.loads((layout(task.data) / _NAME / "dataset.json").read_text(encoding="utf-8"))
    plans["continue_training"] = False
    device = torch.device("cpu")
    trainer = nnUNetTrainer(plans, configuration, "all", described, device=device)
    trainer.initialize()
    trainer.on_train_start()
    trainer.network.train()
    begun, steps, slowest_s = time.time(), 0, 0.0
    while (now := time.time()) + slowest_s < task.ends_at:
        share = (now - begun) / (task.ends_at - begun)
        trainer.lr_scheduler.step(share * trainer.num_epochs)
        trainer.train_step(next(trainer.dataloader_train))
        slowest_s = max(0.9 * slowest_s, time.time() - now)
        steps += time.time() < task.ends_at
    trainer.on_train_end()
    return steps


def predict(task: Prediction) -> None:
    point_to(task.data, task.run)
    from nnunetv2.inference.predict_from_raw_data import nnUNetPredictor

    predictor = nnUNetPredictor(device=torch.device("cpu"), allow_tqdm=False)
    (trained,) = (task.run / "results" / _NAME).iterdir()
    predictor.initialize_from_trained_model_folder(str(trained), ("all",), "checkpoint_final.pth")
    for image, _ in pairs(task.data, task.split):
        pixels = read_rgb(image).transpose(2, 0, 1)[:, None].astype(np.float32)
        ids = predictor.predict_single_npy_array(pixels, {"spacing": (999, 1, 1)})
        write_ids(task.masks / f"{image.stem}.png", ids[0])


if __name__ == "__main__":
    perform(train, predict, prepare)
