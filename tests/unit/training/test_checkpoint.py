"""Checkpoints are whole or absent, whatever fails while one is written."""

from __future__ import annotations

import errno
import multiprocessing
import os
import resource
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from segwright.errors import CheckpointError
from segwright.training import checkpoint
from segwright.training.checkpoint import Checkpoints, TrainState
from segwright.training.timeline import Decision


def parts_of(value: float) -> dict[str, dict[str, torch.Tensor]]:
    weight = torch.full((2, 3, 4, 5), value).to(memory_format=torch.channels_last)
    return {
        "network": {"weight": weight, "count": torch.tensor(7)},
        "optimiser": {"0.0.momentum": torch.full((3,), value)},
    }


def state_at(step: int, *, best: int = 0) -> TrainState:
    return TrainState(step=step, best_step=best, best_score=0.5 if best else None)


def test_round_trip(tmp_path: Path) -> None:
    decisions = [Decision(3, "steps", 9, "slower"), Decision(4, "accumulate", 2, "memory")]
    state = TrainState(5, 1.25, 60.0, 0.1, 0.7, decisions, 0.3, 5, 1)
    Checkpoints(tmp_path).write(state, parts_of(1.5))
    again, parts = Checkpoints(tmp_path).read()
    assert again == state
    for part, tensors in parts_of(1.5).items():
        assert parts[part].keys() == tensors.keys()
        assert all(torch.equal(parts[part][name], tensors[name]) for name in tensors)


def test_only_the_last_and_the_best_are_kept(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    for step, best in ((1, 0), (2, 2), (3, 2), (4, 2), (5, 5), (6, 5)):
        checkpoints.write(state_at(step, best=best), parts_of(step))
    assert {path.name for path in tmp_path.iterdir()} == {
        "step-00000005",
        "step-00000006",
        "last",
        "best",
    }
    assert (checkpoints.named("last"), checkpoints.named("best")) == (
        "step-00000006",
        "step-00000005",
    )
    assert checkpoints.last_step == 6
    state, _ = checkpoints.read()
    assert checkpoints.read_best(state)["network"]["weight"].unique().tolist() == [5]


def test_none_yet(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path / "new")
    assert checkpoints.named("last") is None and checkpoints.last_step == 0
    with pytest.raises(CheckpointError, match=r"there is no checkpoint yet.*Start the run anew"):
        checkpoints.read()


@pytest.mark.parametrize("name", ["network.safetensors", "optimiser.safetensors", "state.json"])
@pytest.mark.parametrize("where", [0.1, 0.5, 0.9])
def test_a_changed_byte_is_noticed(tmp_path: Path, name: str, where: float) -> None:
    folder = Checkpoints(tmp_path).write(state_at(4, best=4), parts_of(2))
    content = bytearray((folder / name).read_bytes())
    content[int(where * len(content))] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(CheckpointError, match=r"step-00000004.*Restore the run folder"):
        Checkpoints(tmp_path).read()


@pytest.mark.parametrize("name", ["network.safetensors", "state.json"])
def test_a_missing_file_is_noticed(tmp_path: Path, name: str) -> None:
    folder = Checkpoints(tmp_path).write(state_at(4), parts_of(2))
    (folder / name).unlink()
    with pytest.raises(CheckpointError, match="cannot be read"):
        Checkpoints(tmp_path).read()


def test_the_state_is_amended_without_its_tensors(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    state = state_at(4, best=4)
    folder = checkpoints.write(state, parts_of(2))
    before = (folder / "network.safetensors").stat().st_mtime_ns
    state.decisions.append(Decision(4, "extend", 9, "more time"))
    checkpoints.amend(state)
    again, parts = Checkpoints(tmp_path).read()
    assert again == state
    assert parts["network"]["weight"].unique().tolist() == [2]
    assert (folder / "network.safetensors").stat().st_mtime_ns == before


def fails_as_full(*_: Any) -> Any:
    raise OSError(errno.ENOSPC, "No space left on device")


@pytest.mark.parametrize("at", range(12))
def test_a_disk_that_fills_up_at_any_moment_leaves_the_previous_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, at: int
) -> None:
    """Every call that writes fails in turn: tensors, state, syncs, renames, pointers."""
    checkpoints = Checkpoints(tmp_path)
    checkpoints.write(state_at(1, best=1), parts_of(1))
    calls = 0

    def counted(real: Callable[..., Any]) -> Callable[..., Any]:
        def call(*args: Any, **named: Any) -> Any:
            nonlocal calls
            calls += 1
            return fails_as_full() if calls - 1 == at else real(*args, **named)

        return call

    with monkeypatch.context() as patched:
        patched.setattr(checkpoint, "save_file", counted(checkpoint.save_file))
        patched.setattr(os, "fsync", counted(os.fsync))
        patched.setattr(os, "replace", counted(os.replace))
        patched.setattr(Path, "write_text", counted(Path.write_text))
        patched.setattr(Path, "rename", counted(Path.rename))
        try:
            checkpoints.write(state_at(2, best=2), parts_of(2))
        except CheckpointError as error:
            assert "No space left on device" in str(error)
            assert "Free some space and continue with --resume" in str(error)
    state, parts = Checkpoints(tmp_path).read()
    assert state.step in (1, 2)
    for tensors in (parts, checkpoints.read_best(state)):
        assert tensors["network"]["weight"].unique().tolist() == [state.step]
    # The next attempt, on a disk with room again, succeeds and clears up.
    checkpoints.write(state_at(2 + state.step, best=2 + state.step), parts_of(9))
    assert {path.name for path in tmp_path.iterdir()} == {
        "last",
        "best",
        f"step-{2 + state.step:08d}",
    }


def write_with_little_room(folder: Path, answer: Any) -> None:
    """In a process that may write no file beyond 4 KiB, as a full disk would have it."""
    import signal

    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, 4096))
    try:
        Checkpoints(folder).write(state_at(2), {"network": {"big": torch.ones(5000)}})
        answer.send("written")
    except CheckpointError as error:
        answer.send(str(error))


def test_a_real_limit_leaves_the_previous_one(tmp_path: Path) -> None:
    Checkpoints(tmp_path).write(state_at(1), parts_of(1))
    here, there = multiprocessing.Pipe()
    process = multiprocessing.get_context("fork").Process(
        target=write_with_little_room, args=(tmp_path, there)
    )
    process.start()
    assert here.poll(60)
    told = here.recv()
    process.join(60)
    assert "the checkpoint at step 2 cannot be written" in told
    assert "step-00000001 is intact" in told
    state, parts = Checkpoints(tmp_path).read()
    assert state.step == 1
    assert parts["network"]["weight"].unique().tolist() == [1]
    assert not list(tmp_path.glob(".writing-*"))


def test_what_a_killed_process_left_is_cleared(tmp_path: Path) -> None:
    checkpoints = Checkpoints(tmp_path)
    checkpoints.write(state_at(1), parts_of(1))
    (tmp_path / ".writing-step-00000002").mkdir()
    (tmp_path / ".writing-step-00000002" / "network.safetensors").write_bytes(b"half")
    (tmp_path / ".writing-last").write_text("step-0000")
    (tmp_path / "step-00000002").mkdir()  # renamed, but no pointer named it yet
    assert checkpoints.read()[0].step == 1
    checkpoints.write(state_at(2), parts_of(2))
    assert {path.name for path in tmp_path.iterdir()} == {"last", "step-00000002"}
    assert Checkpoints(tmp_path).read()[1]["network"]["weight"].unique().tolist() == [2]
