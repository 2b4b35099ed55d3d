"""Real training processes that can be killed: started from a warm server, so that it is cheap."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest

# What every process would import anew; torch's optimisers bring the compiler along.
_PRELOADED = [
    "segwright.verbs.train",
    "segwright.models.fast",
    "torch._dynamo",
    "torch.utils.tensorboard",
]


def train(arguments: dict[str, Any], log: Path) -> None:
    """The work of a child process: one call of `segwright.train`, its failure in a file."""
    import torch

    from segwright.verbs.train import train as run_training

    torch.set_num_threads(1)
    try:
        run_training(**arguments)
    except Exception as error:
        log.write_text(f"{type(error).__name__}: {error}", encoding="utf-8")
        raise SystemExit(1) from None


@dataclass
class Trainer:
    """Starts training processes on one data set and says how they ended."""

    data: Path
    folder: Path
    settings: dict[str, Any]

    def start(self, **arguments: Any) -> BaseProcess:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOADED)
        self.log = self.folder / "failure.txt"
        self.log.unlink(missing_ok=True)
        process = context.Process(target=train, args=(arguments, self.log))
        process.start()
        return process

    def finish(self, process: BaseProcess) -> None:
        process.join(120)
        failure = self.log.read_text(encoding="utf-8") if self.log.exists() else ""
        assert process.exitcode == 0, f"exit code {process.exitcode}: {failure}"

    def new(self, out: Path, **arguments: Any) -> BaseProcess:
        settings = {**self.settings, **arguments.pop("settings", {})}
        return self.start(data=self.data, out=out, settings=settings, **arguments)

    def run(self, out: Path, **arguments: Any) -> Path:
        """Trains a new run to its end."""
        self.finish(self.new(out, **arguments))
        return out

    def resume_to_the_end(self, out: Path) -> None:
        """Goes on with a run, whatever state it was left in; as the first process would have."""
        if (out / "plan.yaml").exists():
            self.finish(self.start(resume=out))
        else:  # killed before it was a run: what is there may be replaced by hand
            for path in out.glob("*"):
                path.unlink()
            self.run(out)


def kill_when(process: BaseProcess, moment: Callable[[], bool], *, limit_s: float = 60) -> bool:
    """Kills a process without warning (SIGKILL) once `moment` comes; False if it ended before."""
    end = time.monotonic() + limit_s
    while process.is_alive() and time.monotonic() < end:
        if moment():
            process.kill()
            break
        time.sleep(0.0005)
    process.join(60)
    return process.exitcode == -9


def weights_of(run: Path) -> str:
    """Hash of the weights that a run ships."""
    return hashlib.sha256((run / "segmenter" / "weights.safetensors").read_bytes()).hexdigest()


def metrics_of(run: Path) -> list[dict[str, Any]]:
    """The steps and validations of a run, without what depends on the clock."""
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    return [
        {key: value for key, value in row.items() if key not in ("elapsed_s", "left_s")}
        for row in rows
        if row["kind"] in ("train", "val")
    ]


@pytest.fixture(scope="module")
def trainer(
    draw_scenes: Callable[..., Path], tiny_settings: dict[str, Any], tmp_path_factory: Any
) -> Trainer:
    folder = tmp_path_factory.mktemp("faults")
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    settings = {**tiny_settings, "steps": 40, "checkpoints": 10, "validation.times": 5}
    return Trainer(draw_scenes(folder / "data"), folder, settings)


@pytest.fixture(scope="module")
def unbroken(trainer: Trainer) -> Path:
    """A run that nothing happened to."""
    return trainer.run(trainer.folder / "unbroken")
