"""`segwright plan`: what `train` would do with this data, and why."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from segwright.classical.catalog import CATALOG as METHODS
from segwright.dataset import Dataset, ensure_split
from segwright.errors import UsageError
from segwright.events import Listener, Note, StageStarted
from segwright.plan import Plan
from segwright.prepare import Prepare
from segwright.training.material import Material
from segwright.training.planning import decide
from segwright.verbs.opening import open_data


def plan(
    data: str | Path,
    *,
    budget_s: float | None = None,
    model: str | None = None,
    device: str | None = None,
    settings: Mapping[str, object] | None = None,
    seed: int = 0,
    classes: str | Path | None = None,
    on_event: Listener = lambda event: None,
) -> Plan:
    """Reads the data, times real steps on this machine, and decides; nothing is written.

    The arguments are those of `segwright.train`.

    Raises:
        DataError: The data cannot be used.
        UnknownNameError: `classes` names a class that the data do not have.
        UsageError: A setting, model or device that cannot be used, or too short a budget.
    """
    started_at = time.time()
    if model in METHODS:
        raise UsageError(
            f"{model} is no network, so that there is nothing to plan",
            where="--model",
            remedy=f"Train it: segwright train {data} --model {model}",
        )
    refuse_unsettable(settings or {})
    train, val = learn_and_hold_out(open_data(data, classes), seed=seed, on_event=on_event)
    prepare = Prepare.of((settings or {}).get("prepare"))
    material = Material.read(train, val, prepare=prepare, emit=on_event)
    made, _ = decide(
        material,
        model=model,
        budget_s=budget_s,
        device=device,
        settings=settings or {},
        seed=seed,
        elapsed_s=lambda: time.time() - started_at,
        emit=on_event,
    )
    return made


_NOT_SET = {
    "seed": "Give it as --seed",
    "device": "Give it as --device",
    "budget_s": "Give it as --budget",
    "task": "Give it as --task",
    "classes": "Give it as --classes",
    "fingerprint": "Leave it out: it is that of the data",
}


def refuse_unsettable(settings: Mapping[str, object]) -> None:
    """Refuses settings that more rests on than the plan, such as which images are held out.

    Raises:
        UsageError: One that has an option of its own, or that is no choice.
    """
    for key, remedy in _NOT_SET.items():
        if key in settings:
            raise UsageError(
                f"{key!r} is no setting to replace", where=f"--set {key}", remedy=remedy
            )


def learn_and_hold_out(
    dataset: Dataset, *, seed: int, on_event: Listener
) -> tuple[Dataset, Dataset]:
    """The training and the validation images; without a given split, some are held out."""
    on_event(StageStarted("opening data"))
    if "val" not in dataset.splits:
        dataset, note = ensure_split(dataset, seed=seed)
        on_event(Note(note))
    if warning := dataset.leaks():
        on_event(Note(warning))
    return dataset.split("train"), dataset.split("val")
