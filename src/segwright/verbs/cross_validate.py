"""`segwright train --folds K`: every image is scored by a net that has not seen it."""

from __future__ import annotations

import time
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from segwright.dataset import Dataset, make_folds
from segwright.dataset.class_map import ClassMap
from segwright.errors import UsageError
from segwright.evaluation import (
    Report,
    WrittenMasks,
    evaluate_parts,
    picture_panels,
    write_report,
)
from segwright.events import Listener, Note, StageAdvanced, StageStarted
from segwright.storage import write_whole
from segwright.training.run_folder import (
    OUT_OF_FOLD,
    make_folder,
    require_free,
    sole_use,
    unused_path,
)
from segwright.verbs.opening import open_data
from segwright.verbs.runs import refuse_learned
from segwright.verbs.trainers import resume_run, trainer_of
from segwright.verbs.wishes import TrainReport, Wishes

_RECORD = "folds.json"
# Kept of the budget for what follows the last fold: the report, and each image's masks read.
_REPORT_S = 9.0
_READING_S = 0.04


class FoldsRecord(BaseModel):
    """What a cross-validation was asked for, so that it can be resumed."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    folds: int
    budget_s: float | None
    model: str | None
    device: str | None
    settings: dict[str, object]
    seed: int
    plan: Path | None
    from_run: Path | None
    fingerprint: str
    classes: dict[str, list[str] | str] | None = None


def is_cross_validation(path: Path) -> bool:
    """Whether a folder is the run of a cross-validation."""
    return (path / _RECORD).is_file()


def cross_validate(
    dataset: Dataset,
    folds: int,
    wishes: Wishes,
    *,
    out: Path | None,
    budget_s: float | None,
    started_at: float,
    on_event: Listener,
) -> TrainReport:
    """Trains `folds` nets and scores each on the part it has not seen.

    Splits that the data comes with are put together first, but a test split is left out.

    Args:
        dataset: Labelled images.
        folds: At least 2; slices of a stack stay together in blocks, groups are never cut.
        wishes: What the user wants of each plan.
        out: Run folder; gets `fold-1` … beside the pooled report.
        budget_s: Wall clock for all folds together.
    """
    root = dataset.root.resolve()
    path = out or unused_path(Path("runs"), f"{root.name}-{folds}-fold")
    require_free(path)
    pool = _pool(dataset, on_event)
    make_folds(pool, folds)  # refused before anything is written
    refuse_learned(pool, wishes.from_run)
    record = FoldsRecord(
        data=root,
        folds=folds,
        budget_s=budget_s,
        model=wishes.model,
        device=wishes.device,
        settings=dict(wishes.settings),
        seed=wishes.seed,
        plan=wishes.plan and wishes.plan.resolve(),
        from_run=wishes.from_run and wishes.from_run.resolve(),
        fingerprint=pool.fingerprint(),
        classes=pool.class_map and pool.class_map.to_content(),
    )
    make_folder(path, {_RECORD: record.model_dump_json(indent=1)})
    with sole_use(path):
        return _work_through(path, record, pool, started_at=started_at, on_event=on_event)


def resume_folds(
    path: Path,
    moved: Path | None = None,
    *,
    extra_s: float | None,
    started_at: float,
    on_event: Listener,
) -> TrainReport:
    """Goes on with a cross-validation: finished folds are kept, the others continued.

    Args:
        path: Its folder.
        moved: Where its data lie now; None for where they lay.
    """
    if extra_s is not None:
        raise UsageError(
            "time cannot be added to a cross-validation, whose folds share one budget",
            where=path,
            remedy="Leave --budget out, or start a new one",
        )
    try:
        record = FoldsRecord.model_validate_json((path / _RECORD).read_bytes())
    except ValidationError as error:
        raise UsageError(f"cannot be read ({error})", where=path / _RECORD) from error
    data = record.data if moved is None else moved.resolve()
    class_map = None if record.classes is None else ClassMap.from_content(record.classes)
    pool = _pool(open_data(data, class_map), on_event)
    if pool.fingerprint() != record.fingerprint:
        raise UsageError(
            "the images or labels have changed since this cross-validation was started",
            where=data,
            remedy="Start a new one",
        )
    record = record.model_copy(update={"data": data})
    write_whole(path / _RECORD, record.model_dump_json(indent=1))
    with sole_use(path):
        return _work_through(path, record, pool, started_at=started_at, on_event=on_event)


def _work_through(
    path: Path, record: FoldsRecord, pool: Dataset, *, started_at: float, on_event: Listener
) -> TrainReport:
    """Trains the folds that are not done yet, then scores all of them together."""
    parts = make_folds(pool, record.folds)
    wishes = Wishes(
        record.model, record.device, record.settings, record.seed, record.plan, record.from_run
    )
    share_s = None
    if record.budget_s is not None:  # alike for all, so that folds can be compared and resumed
        after_s = _REPORT_S + _READING_S * len(pool)
        share_s = max(1.0, (record.budget_s - after_s) / record.folds)
    for number, (learn, hold_out) in enumerate(parts):
        fold = path / f"fold-{number + 1}"
        on_event(Note(f"fold {number + 1} of {record.folds}: {len(hold_out)} images held out"))
        begun = started_at if number == 0 else time.time()
        if not (fold / "report.html").exists():
            if (fold / "plan.yaml").exists():
                resume_run(fold, pool.root, extra_s=None, started_at=begun, on_event=on_event)
            else:
                trainer_of(record.model)(
                    pool.subset(learn),
                    pool.subset(hold_out),
                    wishes,
                    out=fold,
                    budget_s=share_s,
                    started_at=begun,
                    fold=(number, record.folds),
                    on_event=on_event,
                )
    # Not the nets but the masks that they wrote: pictures show what was scored, and no net is run
    # again in time that no fold had measured.
    held_out = [index for _, hold_out in parts for index in hold_out]
    masks = {
        pool.entries[index].image: path / OUT_OF_FOLD / f"{pool.keys[index]}.png"
        for index in held_out
    }
    unseen = [(WrittenMasks(masks, pool.classes), pool.subset(held_out))]
    on_event(StageStarted("scoring all folds", total=len(held_out)))
    evaluation = evaluate_parts(unseen, progress=lambda done: on_event(StageAdvanced(done)))
    write_whole(path / "scores.json", evaluation.to_json())
    report = path / "report.html"
    write_report(
        report,
        Report(
            title=f"{path.name}: {record.folds}-fold out-of-fold predictions",
            evaluation=evaluation,
            classes=pool.classes,
            panels=picture_panels(unseen, evaluation),
            notes=[("How the score was taken", _SCORING.format(folds=record.folds))],
        ),
    )
    return TrainReport(path, evaluation, report)


_SCORING = (
    "{folds} nets were trained, each without one part of the images, and every image was scored "
    "by the net that had not seen it. Each net's weights are those of the best of several "
    "validations on its held-out part, which flatters the score a little."
)


def _pool(dataset: Dataset, on_event: Listener) -> Dataset:
    """The images that the folds are made of."""
    if "test" in dataset.splits:
        on_event(Note("the test split is left out of the folds"))
    return dataset.without_test()
