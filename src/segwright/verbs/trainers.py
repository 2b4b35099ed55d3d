"""Which code trains which model. What networks need is imported only for them."""

from __future__ import annotations

from pathlib import Path
from types import ModuleType
from typing import Protocol

from segwright.classical.catalog import CATALOG as METHODS
from segwright.dataset import Dataset
from segwright.errors import UsageError
from segwright.events import Listener
from segwright.training.launch import require_alone
from segwright.verbs.extras import missing_dependency
from segwright.verbs.wishes import TrainReport, Wishes


class Trainer(Protocol):
    """Trains on one part of the data and scores on another."""

    def __call__(
        self,
        learn: Dataset,
        hold_out: Dataset,
        wishes: Wishes,
        *,
        out: Path | None,
        budget_s: float | None,
        started_at: float,
        fold: tuple[int, int] | None = None,
        on_event: Listener,
    ) -> TrainReport: ...


def trainer_of(model: str | None) -> Trainer:
    """What trains a model of that name; None is a network that the plan chooses."""
    if model in METHODS:
        require_alone(f"the method {model!r}")
        from segwright.verbs import one_method

        return one_method.train_split
    return _networks().train_split


def refuse_beside_method(
    model: str | None, *, device: str | None, plan: object, from_run: object
) -> None:
    """Refuses what only networks have.

    Raises:
        UsageError: `model` is none, and one of these is given.
    """
    if model not in METHODS:
        return
    for option, given, why in (
        ("--device", device not in (None, "cpu"), "it runs on the CPU"),
        ("--plan", plan is not None, "its parameters are given with --set"),
        ("--from", from_run is not None, "it has no weights to start from"),
    ):
        if given:
            raise UsageError(f"{model} is no network: {why}", where=option, remedy="Leave it out")


def resume_run(
    path: Path,
    moved: Path | None = None,
    *,
    extra_s: float | None,
    started_at: float,
    on_event: Listener,
) -> TrainReport:
    """Goes on with a run of a network; see `one_run.resume_run`."""
    return _networks().resume_run(
        path, moved, extra_s=extra_s, started_at=started_at, on_event=on_event
    )


def _networks() -> ModuleType:
    try:
        from segwright.verbs import one_run
    except ModuleNotFoundError as error:
        raise missing_dependency(error, purpose="training a network") from error
    return one_run
