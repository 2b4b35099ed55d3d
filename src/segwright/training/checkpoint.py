"""Checkpoints that are whole or absent.

    checkpoints/
      step-00000400/   network.safetensors  average.safetensors  optimiser.safetensors  state.json
      last             the name of the newest checkpoint
      best             the name of the one with the best validation score

A checkpoint is written into a folder aside, synced to the disk, renamed, and only then does a
pointer name it. Whatever moment the process or the machine dies at, `last` names a whole one, and
the one it counts as the best is there too: `best` is for people, the state in `last` decides.
"""

from __future__ import annotations

import hashlib
import json
import os
import shutil
from dataclasses import asdict, dataclass, field
from pathlib import Path

import torch
from safetensors import SafetensorError
from safetensors.torch import load_file, save_file

from segwright.errors import CheckpointError
from segwright.training.timeline import Decision

_ASIDE = ".writing-"
_PREFIX = "step-"
_STATE = "state.json"


@dataclass
class TrainState:
    """Where a run stands, besides its tensors.

    Attributes:
        step: Optimiser steps done.
        elapsed_s: Wall clock spent by all processes of the run so far.
        budget_s: Wall clock of the whole run with all time that was added; None without a budget.
        pace_s: Seconds a step took lately; 0 before it was measured.
        glance_s: Seconds a validation took lately; 0 before the first.
        decisions: What was decided on the way.
        best_score: Best validation score so far; None before the first validation.
        best_step: Steps done when it was reached.
        stale: Validations since then.
    """

    step: int = 0
    elapsed_s: float = 0.0
    budget_s: float | None = None
    pace_s: float = 0.0
    glance_s: float = 0.0
    decisions: list[Decision] = field(default_factory=list)
    best_score: float | None = None
    best_step: int = 0
    stale: int = 0

    @classmethod
    def from_dict(cls, content: dict) -> TrainState:
        decisions = [Decision(**entry) for entry in content.pop("decisions")]
        return cls(decisions=decisions, **content)


Tensors = dict[str, torch.Tensor]


class Checkpoints:
    """The checkpoints of one run.

    Args:
        folder: `checkpoints/` of the run; made with the first of them.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder

    def write(self, state: TrainState, parts: dict[str, Tensors]) -> Path:
        """Writes a checkpoint and moves the pointers; those that none names are removed.

        Args:
            state: Where the run stands; a later step than the newest checkpoint's.
            parts: Named tensors by part ("network", "average", "optimiser").

        Raises:
            CheckpointError: It cannot be written (a full disk); the previous one is untouched.
        """
        name, best = _name(state.step), _name(state.best_step)
        aside = self.folder / f"{_ASIDE}{name}"
        try:
            self._sweep()
            aside.mkdir(parents=True)
            for part, tensors in parts.items():
                save_file(_plain(tensors), aside / f"{part}.safetensors")
            hashes = {file.name: _sha256(file) for file in sorted(aside.iterdir())}
            (aside / _STATE).write_text(_sealed(state, hashes), encoding="utf-8")
            for file in aside.iterdir():
                _sync(file)
            _sync(aside)
            final = self.folder / name
            if final.exists():  # written by a process that died before a pointer named it
                shutil.rmtree(final)
            aside.rename(final)
            _sync(self.folder)
            if state.best_score is not None and self.named("best") != best:
                self._point("best", best)
            self._point("last", name)
        except (OSError, SafetensorError) as error:
            shutil.rmtree(aside, ignore_errors=True)
            raise self._unwritten(state, error) from error
        self._prune({name, best})
        return final

    def amend(self, state: TrainState) -> None:
        """Replaces the state in the newest checkpoint; its tensors stay.

        For what is decided between two steps, such as time that is added on resume.

        Raises:
            CheckpointError: It cannot be written; the checkpoint is as it was.
        """
        folder = self._last()
        try:
            _, hashes = _unsealed((folder / _STATE).read_text(encoding="utf-8"))
            aside = folder / f"{_ASIDE}{_STATE}"
            aside.write_text(_sealed(state, hashes), encoding="utf-8")
            _sync(aside)
            os.replace(aside, folder / _STATE)
            _sync(folder)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise self._unwritten(state, error) from error

    def read(self) -> tuple[TrainState, dict[str, Tensors]]:
        """Reads the newest checkpoint, every byte of it checked.

        Raises:
            CheckpointError: There is none, or it is not what was written.
        """
        return self._read(self._last())

    def read_best(self, state: TrainState) -> dict[str, Tensors]:
        """Reads the tensors of the checkpoint that `state` counts as the best.

        Raises:
            CheckpointError: It is not what was written.
        """
        return self._read(self.folder / _name(state.best_step))[1]

    def _read(self, folder: Path) -> tuple[TrainState, dict[str, Tensors]]:
        try:
            state, hashes = _unsealed((folder / _STATE).read_text(encoding="utf-8"))
            parts = {}
            for file, expected in hashes.items():
                if _sha256(folder / file) != expected:
                    raise CheckpointError(
                        f"{file} is not the file that was written (its hash differs)",
                        where=folder,
                        remedy="Restore the run folder from a copy, or start anew",
                    )
                parts[Path(file).stem] = load_file(folder / file)
            return state, parts
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise CheckpointError(
                f"cannot be read ({error})",
                where=folder,
                remedy="Restore the run folder from a copy, or start anew",
            ) from error

    def named(self, pointer: str) -> str | None:
        """The name of the checkpoint that a pointer names, or None."""
        try:
            return (self.folder / pointer).read_text(encoding="utf-8").strip()
        except FileNotFoundError:
            return None

    @property
    def last_step(self) -> int:
        """Steps done at the newest checkpoint; 0 if there is none."""
        name = self.named("last")
        return 0 if name is None else int(name.removeprefix(_PREFIX))

    def _last(self) -> Path:
        """The folder of the newest checkpoint."""
        name = self.named("last")
        if name is None:
            raise CheckpointError(
                "there is no checkpoint yet",
                where=self.folder,
                remedy="Start the run anew; it ended before its first checkpoint",
            )
        return self.folder / name

    def _unwritten(self, state: TrainState, error: Exception) -> CheckpointError:
        kept = self.named("last")
        return CheckpointError(
            f"the checkpoint at step {state.step} cannot be written ({error})",
            where=self.folder,
            remedy="Free some space and continue with --resume"
            + (f"; {kept} is intact" if kept else ""),
        )

    def _point(self, pointer: str, name: str) -> None:
        aside = self.folder / f"{_ASIDE}{pointer}"
        aside.write_text(name + "\n", encoding="utf-8")
        _sync(aside)
        os.replace(aside, self.folder / pointer)
        _sync(self.folder)

    def _prune(self, kept: set[str]) -> None:
        for folder in self.folder.glob(f"{_PREFIX}*"):
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def _sweep(self) -> None:
        """Removes what a killed process left half-written."""
        for path in self.folder.glob(f"{_ASIDE}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


def _name(step: int) -> str:
    return f"{_PREFIX}{step:08d}"


def _sealed(state: TrainState, hashes: dict[str, str]) -> str:
    """The content of state.json: the state, a hash of every file, and one of all this."""
    content = {"state": asdict(state), "sha256": hashes}
    return json.dumps({**content, "seal": _seal(content)}, indent=1)


def _unsealed(text: str) -> tuple[TrainState, dict[str, str]]:
    """What `_sealed` was given.

    Raises:
        ValueError, KeyError, TypeError: It is not what was written.
    """
    content = json.loads(text)
    if content.pop("seal") != _seal(content):
        raise ValueError(f"{_STATE} is not the file that was written: its hash differs")
    return TrainState.from_dict(content["state"]), content["sha256"]


def _seal(content: dict) -> str:
    return hashlib.sha256(json.dumps(content, sort_keys=True).encode()).hexdigest()


def _plain(tensors: Tensors) -> Tensors:
    """Copies in row-major layout, which is what safetensors can hold."""
    return {name: tensor.detach().cpu().contiguous() for name, tensor in tensors.items()}


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _sync(path: Path) -> None:
    """Forces a file or folder onto the disk; Windows has no such thing for folders."""
    if os.name == "nt" and path.is_dir():
        return
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
