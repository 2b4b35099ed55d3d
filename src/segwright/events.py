"""What a verb tells while it works, as typed events."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import ClassVar


@dataclass(frozen=True)
class Event:
    """Something that happened. `kind` is its name in metrics.jsonl."""

    kind: ClassVar[str] = "event"


@dataclass(frozen=True)
class Note(Event):
    """Something the user should read once."""

    kind: ClassVar[str] = "note"
    text: str


@dataclass(frozen=True)
class StageStarted(Event):
    """A named part of the work began ("reading data", "timing steps")."""

    kind: ClassVar[str] = "stage"
    stage: str
    total: int | None = None


@dataclass(frozen=True)
class StageAdvanced(Event):
    """`done` of the stage's items are done. Not kept in files."""

    kind: ClassVar[str] = "advance"
    done: int


@dataclass(frozen=True)
class TrainStep(Event):
    """One optimiser step."""

    kind: ClassVar[str] = "train"
    step: int
    last_step: int
    loss: float
    grad_norm: float
    lr_scale: float
    elapsed_s: float
    left_s: float | None


@dataclass(frozen=True)
class Validated(Event):
    """The averaged weights were scored on validation images."""

    kind: ClassVar[str] = "val"
    step: int
    mean_iou: float
    loss: float
    images: int
    best: bool
    elapsed_s: float


@dataclass(frozen=True)
class Decided(Event):
    """The run changed its plan; the decision is in the checkpoint too."""

    kind: ClassVar[str] = "decision"
    step: int
    what: str
    value: int
    reason: str


Listener = Callable[[Event], None]
"""Is told of every event."""
