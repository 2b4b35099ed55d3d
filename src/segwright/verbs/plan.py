"""`segwright plan`: what `train` would do with this data, and why."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from segwright.classical.catalog import CATALOG as METHODS
from segwright.errors import UsageError
from segwright.events import Listener
from segwright.plan import Plan
from segwright.prepare import Prepare
from segwright.training.material import Material
from segwright.training.planning import decide
from segwright.verbs.opening import learn_and_hold_out, open_data
from segwright.verbs.wishes import refuse_unsettable


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
