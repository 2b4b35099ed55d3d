"""kill -9 at any moment, then --resume: the same weights and metrics, bit for bit."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path
from random import Random

import pytest
from tests.faults.conftest import Trainer, kill_when, metrics_of, weights_of

_FEW, _MANY = 4, 50


def at_a_random_moment(random: Random, out: Path) -> Callable[[], bool]:
    """From the first file of the run to its last, by the clock."""
    delay_s = random.uniform(0, 1.5)
    begun: list[float] = []

    def come() -> bool:
        if not begun and (out / "plan.yaml").exists():
            begun.append(time.monotonic())
        return bool(begun) and time.monotonic() - begun[0] > delay_s

    return come


def while_a_checkpoint_is_written(random: Random, out: Path) -> Callable[[], bool]:
    """At a random one of the sightings of a half-written checkpoint or pointer."""
    wanted = random.randint(1, 12)
    seen = 0

    def come() -> bool:
        nonlocal seen
        folder = out / "checkpoints"
        seen += folder.exists() and any(folder.glob(".writing-*"))
        return seen >= wanted

    return come


MOMENTS = [at_a_random_moment, while_a_checkpoint_is_written]


def kill_and_resume(trainer: Trainer, unbroken: Path, out: Path, number: int) -> None:
    """Kills a run up to three times, each time it goes on, and compares it with an unbroken one."""
    random = Random(number)
    moment = MOMENTS[number % len(MOMENTS)]
    kills = int(kill_when(trainer.new(out), moment(random, out)))
    for _ in range(random.randint(0, 2)):
        if kills and (out / "plan.yaml").exists():
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
