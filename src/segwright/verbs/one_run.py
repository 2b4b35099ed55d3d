"""One training run, from a plan's wishes to a report: what `train` and its folds share."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

from segwright.dataset import Dataset, make_folds
from segwright.errors import UsageError
from segwright.evaluation import Evaluation
from segwright.events import Listener, Note
from segwright.formats.entry import listed
from segwright.plan import Plan, Timings, adapted, fit, reserve_s
from segwright.prepare import Prepare
from segwright.training.checkpoint import Checkpoints
from segwright.training.finish import finish
from segwright.training.log import RunLog
from segwright.training.material import Material
from segwright.training.planning import (
    decide,
    examine_machine,
    require_sound,
    time_steps,
    with_class_map,
)
from segwright.training.run import continue_run
from segwright.training.run_folder import (
    RunFolder,
    RunRecord,
    require_free,
    sole_use,
    unused_path,
)
from segwright.verbs.opening import open_as_planned
from segwright.verbs.plan import learn_and_hold_out

# A plan file has decided these, even where its steps are counted anew for another budget.
_NOT_REFITTED: tuple[str, ...] = ("input.precision", "validation.times", "validation.images")


@dataclass(frozen=True)
class TrainReport:
    """What a training run came to.

    Attributes:
        run: The run folder.
        evaluation: Scores of the shipped segmenter on the validation images; with folds, of
            every image by the net that had not seen it.
        report: The page to open.
    """

    run: Path
    evaluation: Evaluation
    report: Path

    def text(self) -> str:
        """The score table and where things are."""
        return f"{self.evaluation.table()}\n\nrun: {self.run}\nreport: {self.report}"


@dataclass(frozen=True)
class Wishes:
    """What the user wants of a plan; see `train`."""

    model: str | None
    device: str | None
    settings: Mapping[str, object]
    seed: int
    plan: Path | None
    from_run: Path | None


def train_split(
    learn: Dataset,
    hold_out: Dataset,
    wishes: Wishes,
    *,
    out: Path | None,
    budget_s: float | None,
    started_at: float,
    fold: tuple[int, int] | None = None,
    on_event: Listener,
) -> TrainReport:
    """Trains on one part of the data and scores on another."""
    if out is not None:
        require_free(out)
    refuse_learned(hold_out, wishes.from_run)
    material = Material.read(learn, hold_out, prepare=_prepare(wishes), emit=on_event)
    plan, timings = _planned(material, wishes, budget_s, started_at, on_event)
    root = learn.root.resolve()
    path = out or unused_path(Path("runs"), f"{root.name}-{plan.model.name}")
    source = None if wishes.from_run is None else wishes.from_run.resolve()
    record = RunRecord(
        data=root,
        from_run=source,
        fold=fold,
        learned=tuple(sorted({*learn.image_hashes(), *learned_by(wishes.from_run)})),
        reserve_s=reserve_s(timings.image_s, len(material.val), plan.budget_s or 0.0),
        glance_s=timings.glance_s * min(plan.validation.images, len(material.val)),
    )
    folder = RunFolder.create(path, plan, record)
    return _run(folder, material, started_at=started_at, extra_s=None, on_event=on_event)


def resume_run(
    path: Path,
    moved: Path | None = None,
    *,
    extra_s: float | None,
    started_at: float,
    on_event: Listener,
) -> TrainReport:
    """Goes on with a run from its last checkpoint.

    Args:
        path: The run folder.
        moved: Where its data lie now; None for where they lay.
        extra_s: Time to add.
    """
    folder = RunFolder.open(path)
    record, plan = folder.record, folder.plan
    data = record.data if moved is None else moved.resolve()
    dataset = open_as_planned(data, plan)
    learn, hold_out = divided_as_in(folder, dataset, on_event=on_event)
    material = Material.read(learn, hold_out, prepare=plan.prepare, emit=on_event)
    if material.fingerprint != plan.fingerprint:
        raise UsageError(
            "the images or labels have changed since this run was started, or what dataset.yaml "
            "and classes.txt say of them",
            where=data,
            remedy=f"Start a new run from its weights: train {data} --from {path}",
        )
    folder.keep(record.model_copy(update={"data": data}))
    return _run(folder, material, started_at=started_at, extra_s=extra_s, on_event=on_event)


def divided_as_in(
    folder: RunFolder, dataset: Dataset, *, on_event: Listener
) -> tuple[Dataset, Dataset]:
    """What a run learned from and what it held out, of the same data."""
    if folder.record.fold is None:
        return learn_and_hold_out(dataset, seed=folder.plan.seed, on_event=on_event)
    number, count = folder.record.fold
    pool = dataset.without_test()
    learn, hold_out = make_folds(pool, count)[number]
    return pool.subset(learn), pool.subset(hold_out)


def learned_by(run: Path | None) -> frozenset[str]:
    """Content hashes of the images that a run's weights have learned from."""
    return frozenset() if run is None else frozenset(RunFolder.open(run).record.learned)


def refuse_learned(hold_out: Dataset, from_run: Path | None) -> None:
    """Refuses to score weights on images that they have learned from already.

    Raises:
        UsageError: `from_run` learned from some of these.
    """
    if not (learned := learned_by(from_run)):
        return
    hashes = zip(hold_out.keys, hold_out.image_hashes(), strict=True)
    known = [key for key, image_hash in hashes if image_hash in learned]
    if known:
        raise UsageError(
            f"these weights have learned from {len(known)} of the {len(hold_out)} images that "
            f"would be held out to score them: {listed(known)}",
            where=f"--from {from_run}",
            remedy="Hold out what they have not seen: leave --seed and --folds out, or declare a "
            "'val' of other images",
        )


def _planned(
    material: Material,
    wishes: Wishes,
    budget_s: float | None,
    started_at: float,
    on_event: Listener,
) -> tuple[Plan, Timings]:
    """The plan, decided or read from a file, and the timings it rests on."""

    def elapsed_s() -> float:
        return time.time() - started_at

    if wishes.plan is not None:
        plan, timings = _planned_by_file(material, wishes, budget_s, elapsed_s, on_event)
    else:
        taken_over = _network_of_source(wishes)
        why = f"that of {wishes.from_run}, whose weights it starts from"
        plan, timings = decide(
            material,
            model=wishes.model,
            budget_s=budget_s,
            device=wishes.device,
            settings={**taken_over, **wishes.settings},
            reasons={key: why for key in taken_over if key not in wishes.settings},
            seed=wishes.seed,
            elapsed_s=elapsed_s,
            emit=on_event,
        )
    for key in ("input.precision", "steps"):
        if key in plan.reasons:
            on_event(Note(f"plan: {key}: {plan.reasons[key]}"))
    return plan, timings


def _planned_by_file(
    material: Material,
    wishes: Wishes,
    budget_s: float | None,
    elapsed_s: Callable[[], float],
    on_event: Listener,
) -> tuple[Plan, Timings]:
    """The plan of a file; device, seed and budget may be given beside it."""
    assert wishes.plan is not None
    plan = with_class_map(adapted(Plan.read(wishes.plan), wishes.settings), material)
    if wishes.model not in (None, plan.model.name):
        raise UsageError(
            f"the plan is for the model {plan.model.name!r}, not {wishes.model!r}",
            where=wishes.plan,
            remedy="Leave --model out, or make a plan for it: segwright plan DATA --model …",
        )
    if plan.fingerprint != material.fingerprint:
        on_event(Note("the plan was made for other data; classes and means are taken anew"))
        plan = plan.updated({"fingerprint": material.fingerprint}, {"fingerprint": ""})
    machine = examine_machine(wishes.device or plan.device)
    seed = None if wishes.seed == plan.seed else wishes.seed
    given = {"device": wishes.device, "seed": seed, "budget_s": budget_s}
    plan = plan.updated({key: value for key, value in given.items() if value is not None})
    require_sound(material, wishes.settings, plan.budget_s)
    decided = dict.fromkeys(_NOT_REFITTED, "")
    timings = time_steps(plan, material, machine, decided, elapsed_s=elapsed_s, emit=on_event)
    if plan.budget_s is None:
        return plan, timings
    fixed = {**decided, **wishes.settings}
    fitted = fit(plan, timings, val_images=len(material.val), fixed=fixed)
    if fitted.steps != plan.steps:
        on_event(
            Note(
                f"the budget decides: {fitted.steps} steps instead of the {plan.steps} of the plan "
                "file; take budget_s out of it to keep them"
            )
        )
    return fitted, timings


def _run(
    folder: RunFolder,
    material: Material,
    *,
    started_at: float,
    extra_s: float | None,
    on_event: Listener,
) -> TrainReport:
    """Trains to the end of the plan and finishes."""
    with sole_use(folder.path):
        done = Checkpoints(folder.checkpoints).last_step
        with closing(RunLog(folder.path, on_event, from_step=done)) as log:
            network = continue_run(
                folder, material, started_at=started_at, extra_s=extra_s, emit=log
            )
            evaluation = finish(folder, network, material, emit=log)
    return TrainReport(folder.path, evaluation, folder.report)


def _prepare(wishes: Wishes) -> Prepare:
    """What images go through; it must be known before they are read and measured."""
    if "prepare" in wishes.settings or wishes.plan is None:
        settings = {**_network_of_source(wishes), **wishes.settings}
        return Prepare.of(settings.get("prepare"))
    return Plan.read(wishes.plan).prepare


def _network_of_source(wishes: Wishes) -> dict[str, object]:
    """The settings of the network whose weights are taken over, if it is to be the same.

    How images are prepared is among them: the weights have learned to see them so.
    """
    if wishes.from_run is None:
        return {}
    plan = RunFolder.open(wishes.from_run).plan
    model = plan.model
    if wishes.model not in (None, model.name):
        return {}
    taken: dict[str, object] = {"model.name": model.name, "model.config": model.config}
    return {**taken, "prepare": plan.prepare} if plan.prepare.steps else taken
