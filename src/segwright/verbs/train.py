"""`segwright train`: from labelled images to a run folder with a scored segmenter."""

from __future__ import annotations

import time
from collections.abc import Mapping
from pathlib import Path

from segwright.dataset import Dataset
from segwright.errors import UsageError
from segwright.events import Event, Listener
from segwright.plan import Plan
from segwright.training.launch import Launch, require_alone
from segwright.training.run_folder import RunFolder
from segwright.verbs.cross_validate import cross_validate, is_cross_validation, resume_folds
from segwright.verbs.method_plan import METHOD_FILE
from segwright.verbs.opening import learn_and_hold_out, open_as_planned, open_data
from segwright.verbs.trainers import refuse_beside_method, resume_run, trainer_of
from segwright.verbs.wishes import TrainReport, Wishes, refuse_unsettable


def train(
    data: str | Path | None = None,
    *,
    out: str | Path | None = None,
    budget_s: float | None = None,
    model: str | None = None,
    task: str = "semantic",
    device: str | None = None,
    settings: Mapping[str, object] | None = None,
    seed: int | None = None,
    folds: int | None = None,
    plan: str | Path | None = None,
    resume: str | Path | None = None,
    from_run: str | Path | None = None,
    classes: str | Path | None = None,
    started_at: float | None = None,
    on_event: Listener = lambda event: None,
) -> TrainReport:
    """Trains a segmenter and scores it on the validation images; test labels are not read.

    Where torchrun has started several processes, all of them call this with the same arguments
    and share the training of a network; rank 0 writes, and all get its report.

    Args:
        data: Folder of images with masks or COCO JSON. With `resume`, only if moved.
        out: Run folder to write; must be new. Default: the next free `runs/DATA-MODEL-N`.
        budget_s: Wall clock from `started_at` to return. With `resume`, time to add.
        model: A name of `segwright methods`; None lets the plan choose a network.
        task: "semantic".
        device: "cpu", "cuda" or "mps"; None for the fastest here.
        settings: Dotted settings of the plan to fix; for a method without a network, its
            parameters.
        seed: Of all randomness, and of what is held out. None for that of `plan` or `from_run`,
            or 0.
        folds: Train that many nets, each scored on the part it has not seen; the budget is for
            all together.
        plan: A plan file to follow instead of deciding.
        resume: A run to go on with.
        from_run: A run whose weights to start from.
        classes: A YAML file that renames, merges and ignores classes (`dataset.class_map`). None
            for that of `plan` or `from_run`, if they have one.
        started_at: `time.time()` of the process start; None for now.
        on_event: Told of progress; of several processes, only that of rank 0.

    Raises:
        UsageError: Arguments that do not go together, or that name what is not there.
        DataError: The data cannot be used.
        TrainingError: Training cannot go on; the run can be resumed.
    """
    started_at = started_at or time.time()
    settings = dict(settings or {})
    out, plan, resume, from_run, moved = map(_path, (out, plan, resume, from_run, data))
    if not Launch.read().leads:
        on_event = _unheard
    if folds is not None or (resume is not None and is_cross_validation(resume)):
        require_alone("a cross-validation")
    if task != "semantic":
        raise UsageError(
            f"the task {task!r} cannot be trained yet; accepted is 'semantic'",
            where="--task",
            remedy="Train it as semantic classes; touching objects will come out as one region",
        )
    if resume is not None:
        _refuse_beside_resume(
            {
                "--out": out,
                "--model": model,
                "--device": device,
                "--seed": seed,
                "--folds": folds,
                "--plan": plan,
                "--from": from_run,
                "--classes": classes,
                **{f"--set {key}": value for key, value in settings.items()},
            }
        )
        _refuse_methods(resume)
        resumed = resume_folds if is_cross_validation(resume) else resume_run
        return resumed(resume, moved, extra_s=budget_s, started_at=started_at, on_event=on_event)
    if data is None:
        raise UsageError("no data was given", remedy="Give the folder of images and masks")
    refuse_unsettable(settings)
    refuse_beside_method(model, device=device, plan=plan, from_run=from_run)
    train_split = trainer_of(model)  # before data are read: a package may be missing
    seed = _seed(seed, plan, from_run)
    wishes = Wishes(model, device, settings, seed, plan, from_run)
    dataset = _opened(data, classes, plan, from_run)
    if folds is not None:
        return cross_validate(
            dataset,
            folds,
            wishes,
            out=out,
            budget_s=budget_s,
            started_at=started_at,
            on_event=on_event,
        )
    learn, hold_out = learn_and_hold_out(dataset, seed=seed, on_event=on_event)
    return train_split(
        learn,
        hold_out,
        wishes,
        out=out,
        budget_s=budget_s,
        started_at=started_at,
        on_event=on_event,
    )


def _seed(given: int | None, plan: Path | None, from_run: Path | None) -> int:
    """The seed of the run: what is held out and all that follows must rest on the same one."""
    if given is not None:
        return given
    if plan is not None:
        return Plan.read(plan).seed
    return 0 if from_run is None else RunFolder.open(from_run).plan.seed


def _opened(
    data: str | Path,
    classes: str | Path | None,
    plan: Path | None,
    from_run: Path | None,
) -> Dataset:
    """The data, with the class map that is given or that the plan or run to follow has."""
    if classes is None and plan is not None:
        return open_as_planned(Path(data), Plan.read(plan))
    if classes is None and from_run is not None:
        return open_as_planned(Path(data), RunFolder.open(from_run).plan)
    return open_data(data, classes)


def _refuse_methods(run: Path) -> None:
    if (run / METHOD_FILE).is_file():
        raise UsageError(
            "a method without a network is fitted at once: there is nothing to resume",
            where=run,
            remedy="Train it anew; a larger --budget tries more parameters",
        )


def _unheard(event: Event) -> None:
    """Rank 0 tells what all processes do."""


def _path(given: str | Path | None) -> Path | None:
    return None if given is None else Path(given)


def _refuse_beside_resume(given: Mapping[str, object]) -> None:
    named = [name for name, value in given.items() if value is not None]
    if named:
        raise UsageError(
            f"--resume continues a run as it was planned; {', '.join(named)} cannot be changed",
            remedy="Leave it out, or start a new run from the weights of the old one with --from",
        )
