"""The methods of a comparison on their way through training and scoring, one at a time."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from segwright.dataset import Dataset
from segwright.evaluation import Evaluation
from segwright.evaluation.verdict import Cost
from segwright.events import Listener, Note, StageAdvanced, StageStarted
from segwright.models.catalog import CATALOG as NETWORKS
from segwright.verbs.contender import Scoring, Task, Training, run_apart


@dataclass
class Contender:
    """A method on its way: its name, the folder it is taken from if any, and what it came to."""

    name: str
    given: Path | None
    evaluations: list[Evaluation] = field(default_factory=list)
    masks: Path | None = None
    costs: list[Cost] = field(default_factory=list)

    @property
    def cost(self) -> Cost:
        """The mean over its runs."""

        def mean(values: list[float | None]) -> float | None:
            known = [value for value in values if value is not None]
            return sum(known) / len(known) if known else None

        return Cost(
            mean([one.train_seconds for one in self.costs]),
            mean([one.seconds_per_image for one in self.costs]),
            mean([one.train_mb for one in self.costs]),
            mean([one.run_mb for one in self.costs]),
        )


@dataclass(frozen=True)
class Terms:
    """What is the same for all methods; `settings` says in its keys whom a setting is for."""

    data: Path
    chosen: Dataset
    classes: Path | None
    budget_s: float | None
    seeds: int
    device: str | None
    settings: Mapping[str, object]
    names: frozenset[str]
    folder: Path


def work_through(
    contenders: list[Contender], terms: Terms, on_event: Listener
) -> list[tuple[str, str]]:
    """Trains and scores every method, one at a time; gives those that failed."""
    failed: list[tuple[str, str]] = []
    jobs = [
        (one, seed)
        for one in contenders
        for seed in (range(terms.seeds) if one.given is None else [None])
    ]
    on_event(StageStarted("comparing", total=len(jobs)))
    for done, (one, seed) in enumerate(jobs, start=1):
        said = one.name if seed is None else f"{one.name}, seed {seed}"
        on_event(Note(f"{said}: {'scoring' if seed is None else 'training'}"))
        if (why := _one_run(one, seed, terms)) is not None:
            failed.append((said, why))
            on_event(Note(f"{said}: failed: {why}"))
        on_event(StageAdvanced(done))
    return failed


def settings_of(name: str, terms: Terms) -> dict[str, object]:
    """The settings for a contender: those after its name, and for networks those after no name."""
    own: dict[str, object] = {}
    for key, value in terms.settings.items():
        first, _, rest = key.partition(".")
        if first == name and rest:
            own[rest] = value
        elif first not in terms.names and name in NETWORKS:
            own[key] = value
    return own


def _one_run(one: Contender, seed: int | None, terms: Terms) -> str | None:
    """Trains if there is a seed, and scores; gives the reason if that fails."""
    stem = re.sub(r"[^\w.-]", "_", one.name) + ("" if seed is None else f"-seed{seed}")
    run, train_s, train_mb = one.given, None, None
    if seed is not None:
        run = terms.folder / stem
        training = Training(
            data=terms.data,
            model=one.name,
            out=run,
            seed=seed,
            budget_s=terms.budget_s,
            device=terms.device,
            settings=settings_of(one.name, terms),  # pyright: ignore[reportArgumentType]
            classes=terms.classes,
            started_at=time.time(),
        )
        outcome = run_apart(Task(training=training), terms.folder, f"{stem}-training")
        if outcome.error is not None:
            return outcome.error
        train_s, train_mb = outcome.wall_s, outcome.peak_mb
    assert run is not None  # given or just trained
    masks = terms.folder / f"{stem}-masks"
    scoring = Scoring(
        data=terms.data,
        keys=terms.chosen.keys,
        method=run,
        masks=masks,
        device=terms.device,
        classes=terms.classes,
    )
    outcome = run_apart(Task(scoring=scoring), terms.folder, f"{stem}-scoring")
    if outcome.evaluation is None:
        return outcome.error or "no scores came of it"
    one.evaluations.append(outcome.evaluation)
    one.masks = one.masks or masks
    run_mb = None if outcome.seconds_per_image is None else outcome.peak_mb
    one.costs.append(Cost(train_s, outcome.seconds_per_image, train_mb, run_mb))
    return None
