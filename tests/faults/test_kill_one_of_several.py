"""One of several processes is killed: the others end, and a resumed run ends with the same bits."""

from __future__ import annotations

import hashlib
import json
import multiprocessing
import os
import socket
import subprocess
import sys
import time
from collections.abc import Callable
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import Any

import pytest
import torch
from safetensors.torch import load_file

_LONGEST_S = 30.0  # that a process may outlive another, as the tool promises
_SIZE = 2

# What a process does that torchrun would start; `exec` is the one function that needs no module.
_CALL = """
import os
os.environ.update(environment)
import sys
sys.stderr = open(said, "w", buffering=1)
from segwright.verbs.train import train
train(**arguments)
"""


class Several:
    """Starts some processes that train together."""

    def __init__(self, folder: Path, size: int, **arguments: Any) -> None:
        with socket.create_server(("localhost", 0)) as server:
            port = server.getsockname()[1]
        context = multiprocessing.get_context("forkserver")
        context.set_forkserver_preload(["segwright.verbs.one_run", "torch.utils.tensorboard"])
        self._said = [folder / f"said-{time.monotonic_ns()}-{rank}" for rank in range(size)]
        self.processes: list[BaseProcess] = []
        for rank in range(size):
            environment = {"RANK": rank, "WORLD_SIZE": size, "LOCAL_RANK": rank}
            given = {
                "environment": {
                    **{key: str(value) for key, value in environment.items()},
                    "MASTER_ADDR": "localhost",
                    "MASTER_PORT": str(port),
                },
                "said": str(self._said[rank]),
                "arguments": arguments,
            }
            process = context.Process(target=exec, args=(_CALL, given))
            process.start()
            self.processes.append(process)

    def end(self) -> list[int | None]:
        """Waits, and says how each has ended."""
        for process in self.processes:
            process.join(240)
        return [process.exitcode for process in self.processes]

    def said(self, rank: int) -> str:
        return self._said[rank].read_text()

    def kill(self, rank: int, moment: Callable[[], bool]) -> float:
        """Kills one once `moment` comes; gives how many seconds the others outlived it."""
        limit = time.monotonic() + 240
        while not moment() and all(process.is_alive() for process in self.processes):
            assert time.monotonic() < limit
            time.sleep(0.002)
        self.processes[rank].kill()
        self.processes[rank].join()
        begun = time.monotonic()
        self.end()
        return time.monotonic() - begun


def weights_of(run: Path) -> str:
    return hashlib.sha256((run / "segmenter" / "weights.safetensors").read_bytes()).hexdigest()


def metrics_of(run: Path) -> list[dict[str, Any]]:
    """Steps and validations, without what depends on the clock."""
    rows = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    clock = ("elapsed_s", "left_s")
    return [
        {key: value for key, value in row.items() if key not in clock}
        for row in rows
        if row["kind"] in ("train", "val")
    ]


def steps_told(run: Path, wanted: int) -> Callable[[], bool]:
    def come() -> bool:
        path = run / "metrics.jsonl"
        return path.exists() and path.read_bytes().count(b'"kind": "train"') >= wanted

    return come


@pytest.fixture(scope="module")
def data(draw_scenes: Callable[..., Path], tmp_path_factory: Any) -> Path:
    os.environ.setdefault("OMP_NUM_THREADS", "1")
    return draw_scenes(tmp_path_factory.mktemp("scenes") / "data")


@pytest.fixture(scope="module")
def settings(tiny_settings: dict[str, Any]) -> dict[str, Any]:
    """Shares differ: a batch of three for two processes."""
    return {**tiny_settings, "batch_size": 3, "steps": 24, "checkpoints": 8}


@pytest.fixture(scope="module")
def unbroken(data: Path, settings: dict[str, Any], tmp_path_factory: Any) -> Path:
    """A run of two processes that nothing happened to."""
    folder = tmp_path_factory.mktemp("unbroken")
    several = Several(folder, _SIZE, data=data, out=folder / "run", settings=settings)
    assert several.end() == [0, 0], several.said(0) + several.said(1)
    return folder / "run"


@pytest.mark.parametrize("rank", [0, 1])
def test_the_others_end_and_a_resumed_run_has_the_same_bits(
    data: Path, settings: dict[str, Any], unbroken: Path, tmp_path: Path, rank: int
) -> None:
    run = tmp_path / "run"
    several = Several(tmp_path, _SIZE, data=data, out=run, settings=settings)
    outlived_s = several.kill(rank, steps_told(run, 11))
    other = 1 - rank
    assert several.end()[rank] == -9 and several.end()[other] == 1
    assert outlived_s < _LONGEST_S
    assert f"rank {rank} of 2 processes has ended without a word" in several.said(other)
    assert "Continue from the last checkpoint with --resume" in several.said(other)
    again = Several(tmp_path, _SIZE, resume=run)
    assert again.end() == [0, 0], again.said(0) + again.said(1)
    assert metrics_of(run) == metrics_of(unbroken)
    assert weights_of(run) == weights_of(unbroken)


def test_one_process_learns_nearly_the_same(
    data: Path, settings: dict[str, Any], unbroken: Path, tmp_path: Path
) -> None:
    """The same samples and batch statistics; only sums are taken in another order."""
    alone = Several(tmp_path, 1, data=data, out=tmp_path / "run", settings=settings)
    assert alone.end() == [0]
    assert json.loads((unbroken / "run.json").read_text())["processes"] == _SIZE
    assert json.loads((unbroken / "environment.json").read_text())["processes"] == _SIZE
    first = [row for row in metrics_of(unbroken) if row["kind"] == "train"]
    other = [row for row in metrics_of(tmp_path / "run") if row["kind"] == "train"]
    assert [row["loss"] for row in first[:6]] == pytest.approx(
        [row["loss"] for row in other[:6]], rel=1e-4
    )


@pytest.mark.parametrize("now", [1, pytest.param(3, marks=pytest.mark.slow)])
def test_a_run_goes_on_with_another_number_of_processes(
    settings: dict[str, Any], unbroken: Path, data: Path, tmp_path: Path, now: int
) -> None:
    """From the very next sample on, with weights that differ in their last digits."""
    run = tmp_path / "run"
    several = Several(tmp_path, _SIZE, data=data, out=run, settings=settings)
    several.kill(1, steps_told(run, 11))
    again = Several(tmp_path, now, resume=run)
    assert again.end() == [0] * now, again.said(0)
    assert json.loads((run / "run.json").read_text())["processes"] == now
    notes = [json.loads(line) for line in (run / "metrics.jsonl").read_text().splitlines()]
    assert [row["step"] for row in notes if row["kind"] == "train"] == list(range(1, 25))
    expected = load_file(unbroken / "segmenter" / "weights.safetensors")
    found = load_file(run / "segmenter" / "weights.safetensors")
    for name, tensor in expected.items():
        if tensor.is_floating_point():
            torch.testing.assert_close(found[name], tensor, rtol=0.05, atol=0.05, msg=name)


def test_too_many_processes_are_refused_by_all(
    data: Path, settings: dict[str, Any], tmp_path: Path
) -> None:
    small = {**settings, "batch_size": 2}
    several = Several(tmp_path, 3, data=data, out=tmp_path / "run", settings=small)
    assert several.end() == [1, 1, 1]
    for rank in range(3):
        assert "a batch of 2 crops cannot be shared by 3 processes" in several.said(rank)
    assert not (tmp_path / "run").exists()


@pytest.mark.slow
def test_torchrun_ends_and_says_why(data: Path, settings: dict[str, Any], tmp_path: Path) -> None:
    """The whole way: torchrun starts, one process is killed, exit code 1 within the time."""
    run, torchrun = tmp_path / "run", Path(sys.executable).with_name("torchrun")
    command = [torchrun, "--nproc-per-node", "2", "-m", "segwright", "train", data, "--out", run]
    given = [f"{key}={json.dumps(value)}" for key, value in {**settings, "steps": 4000}.items()]
    pairs = [part for each in given for part in ("--set", each)]
    launched = subprocess.Popen(
        [*command, "--device", "cpu", *pairs], stderr=subprocess.PIPE, text=True
    )
    come, limit = steps_told(run, 11), time.monotonic() + 240
    while not come():
        assert launched.poll() is None and time.monotonic() < limit
        time.sleep(0.01)
    children = Path(f"/proc/{launched.pid}/task/{launched.pid}/children").read_text().split()
    ranks = {_rank_of(child): int(child) for child in children}
    os.kill(ranks["1"], 9)
    begun = time.monotonic()
    _, said = launched.communicate(timeout=120)
    assert time.monotonic() - begun < _LONGEST_S
    assert launched.returncode == 1
    assert "error: rank 1 of 2 processes has ended without a word" in said


def _rank_of(process: str) -> str:
    """The rank in a process's environment."""
    variables = Path(f"/proc/{process}/environ").read_bytes().split(b"\0")
    found = [value.decode() for value in variables if value.startswith(b"RANK=")]
    return found[0].removeprefix("RANK=") if found else ""
