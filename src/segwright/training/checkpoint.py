"""Checkpoints that are whole or absent.

    checkpoints/
      step-00000400/   network.safetensors  average.safetensors  optimiser.safetensors  state.json
      last             the name of the newest checkpoint
      best             the name of the one with the best validation score

A checkpoint is written into a folder aside, synced to the disk, renamed, and only then does a
pointer name it. Whatever moment the process or the machine dies at, `last` names a whole one.
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


@dataclass
class TrainState:
    """Where a run stands, besides its tensors.

    Attributes:
        step: Optimiser steps done.
        elapsed_s: Wall clock spent by all processes of the run so far.
        pace_s: Seconds a step took lately; 0 before it was measured.
        extra_s: Time that was added to the budget by resuming with more.
        decisions: What was decided on the way.
        best_score: Best validation score so far; None before the first validation.
        best_step: Steps done when it was reached.
        stale: Validations since then.
    """

    step: int = 0
    elapsed_s: float = 0.0
    pace_s: float = 0.0
    extra_s: float = 0.0
    decisions: list[Decision] = field(default_factory=list)
    best_score: float | None = None
    best_step: int = 0
    stale: int = 0

    def to_json(self) -> str:
        return json.dumps(asdict(self), indent=1)

    @classmethod
    def from_dict(cls, content: dict) -> TrainState:
        decisions = [Decision(**entry) for entry in content.pop("decisions")]
        return cls(decisions=decisions, **content)


Tensors = dict[str, torch.Tensor]


class Checkpoints:
    """The checkpoints of one run.

    Args:
        folder: `checkpoints/` of the run; made if absent.
    """

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        folder.mkdir(parents=True, exist_ok=True)

    def write(self, state: TrainState, parts: dict[str, Tensors], *, best: bool = False) -> Path:
        """Writes a checkpoint and moves `last` (and `best`) to it; older ones are removed.

        Args:
            state: Where the run stands.
            parts: Named tensors by part ("network", "average", "optimiser").
            best: Whether this is the best so far.

        Raises:
            CheckpointError: It cannot be written (a full disk); the previous one is untouched.
        """
        name = f"{_PREFIX}{state.step:08d}"
        aside = self.folder / f"{_ASIDE}{name}"
        try:
            self._sweep()
            aside.mkdir()
            for part, tensors in parts.items():
                save_file(_plain(tensors), aside / f"{part}.safetensors")
            hashes = {file.name: _sha256(file) for file in sorted(aside.iterdir())}
            content = {"state": json.loads(state.to_json()), "sha256": hashes}
            (aside / "state.json").write_text(json.dumps(content, indent=1), encoding="utf-8")
            for file in aside.iterdir():
                _sync(file)
            _sync(aside)
            final = self.folder / name
            if final.exists():  # the same step, reached again after a resume
                shutil.rmtree(final)
            aside.rename(final)
            self._point("last", name)
            if best:
                self._point("best", name)
        except (OSError, SafetensorError) as error:
            shutil.rmtree(aside, ignore_errors=True)
            kept = self.named("last")
            raise CheckpointError(
                f"the checkpoint at step {state.step} cannot be written ({error})",
                where=self.folder,
                remedy="Free some space and continue with --resume"
                + (f"; {kept} is intact" if kept else ""),
            ) from error
        self._prune()
        return final

    def read(self, pointer: str = "last") -> tuple[TrainState, dict[str, Tensors]]:
        """Reads the checkpoint that `pointer` names, every byte of it checked.

        Raises:
            CheckpointError: There is none, or it is not what was written.
        """
        name = self.named(pointer)
        if name is None:
            raise CheckpointError(
                f"there is no {pointer!r} checkpoint",
                where=self.folder,
                remedy="Start the run anew; it ended before its first checkpoint",
            )
        folder = self.folder / name
        try:
            content = json.loads((folder / "state.json").read_text(encoding="utf-8"))
            parts = {}
            for file, expected in content["sha256"].items():
                if _sha256(folder / file) != expected:
                    raise CheckpointError(
                        f"{file} is not the file that was written (its hash differs)",
                        where=folder,
                        remedy="Restore the run folder from a copy, or start anew",
                    )
                parts[Path(file).stem] = load_file(folder / file)
            return TrainState.from_dict(content["state"]), parts
        except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
            raise CheckpointError(f"cannot be read ({error})", where=folder) from error

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

    def _point(self, pointer: str, name: str) -> None:
        aside = self.folder / f"{_ASIDE}{pointer}"
        aside.write_text(name + "\n", encoding="utf-8")
        _sync(aside)
        os.replace(aside, self.folder / pointer)
        _sync(self.folder)

    def _prune(self) -> None:
        kept = {self.named("last"), self.named("best")}
        for folder in self.folder.glob(f"{_PREFIX}*"):
            if folder.name not in kept:
                shutil.rmtree(folder, ignore_errors=True)

    def _sweep(self) -> None:
        """Removes what a killed process left half-written."""
        for path in self.folder.glob(f"{_ASIDE}*"):
            shutil.rmtree(path) if path.is_dir() else path.unlink()


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
