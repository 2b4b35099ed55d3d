"""`segwright plan`: what `train` would do with this data, and why."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from segwright.dataset import Dataset, ensure_split, open_dataset
from segwright.events import Listener, Note, StageStarted
from segwright.plan import Plan
from segwright.training.material import Material
from segwright.training.planning import decide


def plan(
    data: str | Path,
    *,
    budget_s: float | None = None,
    model: str | None = None,
    device: str | None = None,
    settings: Mapping[str, object] | None = None,
    seed: int = 0,
    on_event: Listener = lambda event: None,
) -> Plan:
    """Reads the data, times real steps on this machine, and decides; nothing is written.

    Raises:
        DataError: The data cannot be used.
        UsageError: A setting, model or device that cannot be used, or too short a budget.
    """
    started_at = time.time()
    train, val = learn_and_hold_out(open_dataset(data), seed=seed, on_event=on_event)
    material = Material.read(train, val, emit=on_event)
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


def learn_and_hold_out(
    dataset: Dataset, *, seed: int, on_event: Listener
) -> tuple[Dataset, Dataset]:
    """The training and the validation images; without a given split, some are held out."""
    on_event(StageStarted("opening data"))
    if "val" not in dataset.splits:
        dataset, note = ensure_split(dataset, seed=seed)
        on_event(Note(note))
    return dataset.split("train"), dataset.split("val")
