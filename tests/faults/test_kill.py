"""kill -9 at any moment, then --resume: the same weights and metrics, bit for bit.

Real processes, started from a server that has everything imported already, so that they are cheap.
"""

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
from random import Random
from typing import Any

import pytest

from segwright.verbs.train import train

_FEW, _MANY = 4, 50

# What every process would import anew; torch's optimisers bring the compiler along.
_PRELOADED = [
    "segwright.verbs.train",
    "segwright.models.fast",
    "torch._dynamo",
    "torch.utils.tensorboard",
]


@dataclass
class Trainer:
    """Starts training processes on one data set and says how they ended."""

    data: Path
    folder: Path
    settings: dict[str, Any]

    def start(self, **arguments: Any) -> BaseProcess:
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(_PRELOADED)
        process = context.Process(target=train, kwargs=arguments)
        process.start()
        return process

    def finish(self, process: BaseProcess) -> None:
        process.join(120)
        assert process.exitcode == 0  # its traceback is on stderr

    def new(self, out: Path, **arguments: Any) -> BaseProcess:
        settings = {**self.settings, **arguments.pop("settings", {})}
        return self.start(data=self.data, out=out, settings=settings, **arguments)

    def run(self, out: Path, **arguments: Any) -> Path:
        """Trains a new run to its end."""
        self.finish(self.new(out, **arguments))
        return out

    def resume_to_the_end(self, out: Path) -> None:
        """Goes on with a run, or starts it where there is none; there is nothing between."""
        if out.exists():
            self.finish(self.start(resume=out))
        else:
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


def at_a_random_moment(random: Random, out: Path) -> Callable[[], bool]:
    """Somewhere between a run's first line in its log and its report."""

    def lines() -> int:
        path = out / "metrics.jsonl"
        return path.read_bytes().count(b"\n") if path.exists() else 0

    wanted = lines() + random.randint(0, 45)
    return lambda: lines() >= wanted and _a_little_later(random, 0.02)


def while_a_checkpoint_is_written(random: Random, out: Path) -> Callable[[], bool]:
    """While a random one of the checkpoints, or of its pointers, is only half there."""
    wanted = random.randint(1, 10)
    seen: set[str] = set()

    def come() -> bool:
        folder = out / "checkpoints"
        if folder.exists():
            seen.update(path.name for path in folder.glob(".writing-step-*"))
        return len(seen) >= wanted and _a_little_later(random, 0.004)

    return come


def _a_little_later(random: Random, at_most_s: float) -> bool:
    time.sleep(random.uniform(0, at_most_s))
    return True


MOMENTS = [at_a_random_moment, while_a_checkpoint_is_written]


def kill_and_resume(trainer: Trainer, unbroken: Path, out: Path, number: int) -> None:
    """Kills a run up to three times, each time it goes on, and compares it with an unbroken one."""
    random = Random(number)
    moment = MOMENTS[number % len(MOMENTS)]
    kills = int(kill_when(trainer.new(out), moment(random, out)))
    for _ in range(random.randint(0, 2)):
        if kills and out.exists():
            kills += kill_when(trainer.start(resume=out), moment(random, out))
    trainer.resume_to_the_end(out)
    assert weights_of(out) == weights_of(unbroken)
    assert metrics_of(out) == metrics_of(unbroken)
    assert (out / "report.html").exists()
    assert not list((out / "checkpoints").glob(".writing-*"))


@pytest.mark.parametrize("number", range(_FEW))
def test_a_killed_run_ends_as_if_nothing_had_been(
    trainer: Trainer, unbroken: Path, tmp_path: Path, number: int
) -> None:
    kill_and_resume(trainer, unbroken, tmp_path / "run", number)


@pytest.mark.slow
@pytest.mark.parametrize("number", range(_FEW, _MANY))
def test_fifty_killed_runs(trainer: Trainer, unbroken: Path, tmp_path: Path, number: int) -> None:
    kill_and_resume(trainer, unbroken, tmp_path / "run", number)


def test_the_same_plan_gives_the_same_bits_and_another_seed_others(
    trainer: Trainer, unbroken: Path, tmp_path: Path
) -> None:
    assert weights_of(trainer.run(tmp_path / "again")) == weights_of(unbroken)
    assert weights_of(trainer.run(tmp_path / "other", seed=1)) != weights_of(unbroken)


@pytest.mark.parametrize("workers", [1, 2])
def test_worker_counts_give_the_same_weights(
    trainer: Trainer, unbroken: Path, tmp_path: Path, workers: int
) -> None:
    run = trainer.run(tmp_path / "run", settings={"workers": workers})
    assert weights_of(run) == weights_of(unbroken)
    assert metrics_of(run) == metrics_of(unbroken)
