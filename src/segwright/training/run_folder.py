"""The folder of one run, and what is known of it besides its plan.

RUN/
  plan.yaml  run.json  environment.json      what was decided, on which data, where
  metrics.jsonl  tensorboard/                how it went
  checkpoints/                               what --resume continues from
  segmenter/                                 what `segwright.load` reads
  report.html  MODEL_CARD.md                 for people
"""

from __future__ import annotations

import importlib.metadata
import json
import os
import platform
import shutil
import sys
import uuid
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from segwright.errors import UsageError
from segwright.plan import Plan
from segwright.storage import require_empty, storage_errors, write_whole
from segwright.training.launch import Launch

_PACKAGES = (
    "numba",
    "numpy",
    "opencv-python-headless",
    "pillow",
    "scikit-image",
    "scikit-learn",
    "scipy",
    "segwright",
    "timm",
    "torch",
    "torchvision",
)

OUT_OF_FOLD = "predictions"
"""Folder beside the folds with the mask of every image, by the segmenter that had not seen it."""


class RunRecord(BaseModel):
    """What resuming needs to know beyond the plan.

    Attributes:
        data: The data folder or file, as an absolute path.
        from_run: The run whose weights it started from.
        fold: Which fold of how many, from 0; None for an ordinary run.
        learned: Content hashes of all images that the weights have learned from, in this run and
            in those it started from.
        reserve_s: Part of the budget kept for what follows the last step.
        glance_s: Seconds that a validation while training is expected to take.
        processes: How many trained it together, lately.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    from_run: Path | None = None
    fold: tuple[int, int] | None = None
    learned: tuple[str, ...] = ()
    reserve_s: float = 0.0
    glance_s: float = 0.0
    processes: int = 1


class RunFolder:
    """Paths and small files of a run.

    Args:
        path: The folder; see `create` and `open`.
    """

    def __init__(self, path: Path) -> None:
        self.path = path
        self.checkpoints = path / "checkpoints"
        self.segmenter = path / "segmenter"
        self.report = path / "report.html"
        self.model_card = path / "MODEL_CARD.md"

    @classmethod
    def create(cls, path: Path, plan: Plan, record: RunRecord) -> RunFolder:
        """Makes a new run folder.

        Raises:
            UsageError: There is something in that place already; runs are never overwritten.
            StorageError: It cannot be written.
        """
        files = {
            "plan.yaml": plan.to_yaml(),
            "run.json": record.model_dump_json(indent=1),
            "environment.json": json.dumps(environment(), indent=1),
        }
        make_folder(path, files)
        return cls(path)

    @classmethod
    def open(cls, path: Path) -> RunFolder:
        """Opens an existing run.

        Raises:
            UsageError: It is not a run folder.
        """
        if not (path / "plan.yaml").is_file():
            raise UsageError(
                "this is not a run folder: it has no plan.yaml",
                where=path,
                remedy="Give the folder that `segwright train` wrote",
            )
        return cls(path)

    @property
    def plan(self) -> Plan:
        return Plan.read(self.path / "plan.yaml")

    def keep(self, record: RunRecord) -> None:
        """Replaces what is known of the run."""
        write_whole(self.path / "run.json", record.model_dump_json(indent=1))

    @property
    def record(self) -> RunRecord:
        """Raises UsageError where run.json is missing or foreign."""
        path = self.path / "run.json"
        try:
            return RunRecord.model_validate_json(path.read_bytes())
        except (OSError, ValidationError) as error:
            problem = f"cannot be read as the record of a run ({error})"
            raise UsageError(problem, where=path) from error


def make_folder(path: Path, files: Mapping[str, str]) -> None:
    """Makes a folder that appears with all its files in it, or not at all.

    Raises:
        UsageError: There is something in that place already; runs are never overwritten.
        StorageError: It cannot be written.
    """
    require_free(path)
    aside = path.with_name(f".{path.name}-{uuid.uuid4().hex}")
    with storage_errors(path):
        try:
            aside.mkdir(parents=True)
            for name, text in files.items():
                write_whole(aside / name, text)
            if path.exists():
                path.rmdir()  # it is empty
            aside.rename(path)
        except OSError:
            require_free(path)  # another process may have taken the place meanwhile
            raise
        finally:
            shutil.rmtree(aside, ignore_errors=True)


@contextmanager
def sole_use(path: Path) -> Iterator[None]:
    """Keeps other processes from working in a run's folder until the block, or the process, ends.

    Raises:
        UsageError: Another process does so already.
        StorageError: The lock cannot be written.
    """
    with storage_errors(path):
        file = (path / ".lock").open("ab")
    with file:
        try:
            _lock(file.fileno())
        except (BlockingIOError, PermissionError) as error:
            raise UsageError(
                "another process is working in this run",
                where=path,
                remedy="Wait until it has ended, or end it",
            ) from error
        yield


def _lock(descriptor: int) -> None:
    """Locks an open file; the system releases it when the file is closed or the process ends."""
    if sys.platform == "win32":
        import msvcrt

        msvcrt.locking(descriptor, msvcrt.LK_NBLCK, 1)
    else:
        import fcntl

        fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)


def require_free(path: Path) -> None:
    """Refuses a place where there is something already.

    Raises:
        UsageError: Runs are never overwritten.
    """
    require_empty(path, remedy="Choose another --out, or continue this run with --resume")


def unused_path(parent: Path, stem: str) -> Path:
    """`parent/stem-1`, or the first number that is free."""
    number = 1
    while (parent / f"{stem}-{number}").exists():
        number += 1
    return parent / f"{stem}-{number}"


def environment() -> dict[str, Any]:
    """Versions and machine, as far as they bear on results; torch where it is installed."""
    versions = {}
    for package in _PACKAGES:
        try:
            versions[package] = importlib.metadata.version(package)
        except importlib.metadata.PackageNotFoundError:
            continue
    return {
        "python": platform.python_version(),
        "platform": platform.platform(),
        "cores": os.cpu_count(),
        "processes": Launch.read().world_size,
        **_of_torch(),
        "packages": versions,
    }


def _of_torch() -> dict[str, Any]:
    try:
        import torch
    except ModuleNotFoundError:
        return {}
    return {
        "torch_threads": torch.get_num_threads(),
        "cpu_capability": torch.backends.cpu.get_cpu_capability(),
        "gpu": torch.cuda.get_device_name() if torch.cuda.is_available() else None,
    }
