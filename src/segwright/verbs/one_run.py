"""One training run, from a plan's wishes to a report: what `train` and its folds share."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import closing
from functools import partial
from pathlib import Path

from segwright.dataset import Dataset, make_folds
from segwright.errors import UsageError
from segwright.events import Listener, Note
from segwright.plan import Machine, Plan, Timings, adapted, fit, reserve_s
from segwright.prepare import Prepare
from segwright.training.checkpoint import Checkpoints
from segwright.training.distributed import World, joined
from segwright.training.finish import finish
from segwright.training.launch import Launch
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
from segwright.verbs.opening import learn_and_hold_out, open_as_planned
from segwright.verbs.runs import learned_by, refuse_learned
from segwright.verbs.wishes import TrainReport, Wishes

# A plan file has decided these, even where its steps are counted anew for another budget.
_NOT_REFITTED: tuple[str, ...] = ("input.precision", "validation.times", "validation.images")

_OTHER_PROCESSES = (
    "until now it was trained in {before} processes, from now on in {now}: the samples stay the "
    "same, but sums are taken in another order, so that weights differ in their last digits"
)


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
    """Trains on one part of the data and scores on another.

    Where torchrun has started several processes, all call this, and rank 0 does what is not
    training: it writes, scores and tells.
    """
    if out is not None:
        require_free(out)
    refuse_learned(hold_out, wishes.from_run)
    with joined(Launch.read()) as world:
        material = Material.read(learn, hold_out, prepare=_prepare(wishes), emit=on_event)
        plan, timings = _planned(material, wishes, budget_s, started_at, on_event, world)
        root = learn.root.resolve()
        source = None if wishes.from_run is None else wishes.from_run.resolve()
        record = RunRecord(
            data=root,
            from_run=source,
            fold=fold,
            learned=tuple(sorted({*learn.image_hashes(), *learned_by(wishes.from_run)})),
            reserve_s=reserve_s(timings.image_s, len(material.val), plan.budget_s or 0.0),
            glance_s=timings.glance_s * min(plan.validation.images, len(material.val)),
            processes=world.size,
        )

        def created() -> Path:
            path = out or unused_path(Path("runs"), f"{root.name}-{plan.model.name}")
            return RunFolder.create(path, plan, record).path

        folder = RunFolder(world.agree(created, Path))
        return _run(folder, material, world, started_at, extra_s=None, on_event=on_event)


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
    with joined(Launch.read()) as world:
        material = Material.read(learn, hold_out, prepare=plan.prepare, emit=on_event)
        if material.fingerprint != plan.fingerprint:
            raise UsageError(
                "the images or labels have changed since this run was started, or what "
                "dataset.yaml and classes.txt say of them",
                where=data,
                remedy=f"Start a new run from its weights: train {data} --from {path}",
            )
        if world.leads:
            if record.processes != world.size:
                on_event(Note(_OTHER_PROCESSES.format(before=record.processes, now=world.size)))
            folder.keep(record.model_copy(update={"data": data, "processes": world.size}))
        return _run(folder, material, world, started_at, extra_s=extra_s, on_event=on_event)


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


def _planned(
    material: Material,
    wishes: Wishes,
    budget_s: float | None,
    started_at: float,
    on_event: Listener,
    world: World,
) -> tuple[Plan, Timings]:
    """The plan, decided or read from a file, and the timings it rests on."""

    def elapsed_s() -> float:
        return time.time() - started_at

    if wishes.plan is not None:
        plan, timings = _planned_by_file(material, wishes, budget_s, elapsed_s, on_event, world)
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
            world=world,
        )
    plan = world.agree(lambda: plan, Plan)
    if plan.fingerprint != material.fingerprint:
        raise UsageError(
            f"the data seen by rank {world.rank} are not those that rank 0 sees",
            where=material.train.dataset.root,
            remedy="Give all processes the same files",
        )
    for key in ("model.config", "input.precision", "steps"):
        if key in plan.reasons:
            on_event(Note(f"plan: {key}: {plan.reasons[key]}"))
    return plan, timings


def _planned_by_file(
    material: Material,
    wishes: Wishes,
    budget_s: float | None,
    elapsed_s: Callable[[], float],
    on_event: Listener,
    world: World,
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
    machine = world.agree(lambda: examine_machine(wishes.device or plan.device), Machine)
    seed = None if wishes.seed == plan.seed else wishes.seed
    given = {"device": wishes.device, "seed": seed, "budget_s": budget_s}
    plan = plan.updated({key: value for key, value in given.items() if value is not None})
    require_sound(material, wishes.settings, plan.budget_s)
    decided = dict.fromkeys(_NOT_REFITTED, "")
    timings = time_steps(
        plan, material, machine, decided, elapsed_s=elapsed_s, emit=on_event, world=world
    )
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
    world: World,
    started_at: float,
    *,
    extra_s: float | None,
    on_event: Listener,
) -> TrainReport:
    """Trains to the end of the plan and finishes; all processes get the report."""
    train = partial(
        continue_run, folder, material, started_at=started_at, extra_s=extra_s, world=world
    )

    def kept() -> TrainReport:
        with sole_use(folder.path):
            done = Checkpoints(folder.checkpoints).last_step
            with closing(RunLog(folder.path, on_event, from_step=done)) as log:
                network = train(emit=log)
                with world.others_wait():
                    evaluation = finish(folder, network, material, emit=log)
        return TrainReport(folder.path, evaluation, folder.report)

    if not world.leads:
        train(emit=on_event)
    return world.agree(kept, TrainReport)


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
