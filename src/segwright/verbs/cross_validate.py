"""`segwright train --folds K`: every image is scored by a net that has not seen it."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from pydantic import BaseModel, ConfigDict, ValidationError

from segwright.dataset import Dataset, make_folds, open_dataset
from segwright.errors import UsageError
from segwright.evaluation import (
    Report,
    evaluate_parts,
    picture_panels,
    write_report,
)
from segwright.segmenter import Segmenter, load
from segwright.training.events import Event, Note, StageAdvanced, StageStarted
from segwright.training.run_folder import require_free, unused_path
from segwright.verbs.one_run import TrainReport, Wishes, resume_run, train_split

Listener = Callable[[Event], None]

_RECORD = "folds.json"
_PICTURES_S = 0.5  # for each image of the final report, when the budget is shared out


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
    path = out or unused_path(Path("runs"), f"{root.stem}-{folds}-fold")
    require_free(path)
    path.mkdir(parents=True, exist_ok=True)
    record = FoldsRecord(
        data=root,
        folds=folds,
        budget_s=budget_s,
        model=wishes.model,
        device=wishes.device,
        settings=dict(wishes.settings),
        seed=wishes.seed,
        plan=wishes.plan,
        from_run=wishes.from_run,
    )
    (path / _RECORD).write_text(record.model_dump_json(indent=1), encoding="utf-8")
    return _work_through(path, record, dataset, started_at=started_at, on_event=on_event)


def resume_folds(
    path: Path, *, extra_s: float | None, started_at: float, on_event: Listener
) -> TrainReport:
    """Goes on with a cross-validation: finished folds are kept, the others continued."""
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
    dataset = open_dataset(record.data)
    return _work_through(path, record, dataset, started_at=started_at, on_event=on_event)


def _work_through(
    path: Path, record: FoldsRecord, dataset: Dataset, *, started_at: float, on_event: Listener
) -> TrainReport:
    pool = _without_test(dataset, on_event)
    parts = make_folds(pool, record.folds)
    wishes = Wishes(
        record.model, record.device, record.settings, record.seed, record.plan, record.from_run
    )
    end = None if record.budget_s is None else started_at + record.budget_s - 3.0 - _PICTURES_S * 12
    unseen: list[tuple[Segmenter, Dataset]] = []
    for number, (learn, hold_out) in enumerate(parts):
        fold = path / f"fold-{number + 1}"
        on_event(Note(f"fold {number + 1} of {record.folds}: {len(hold_out)} images held out"))
        begun = started_at if number == 0 else time.time()
        if not (fold / "report.html").exists():
            if (fold / "plan.yaml").exists():
                resume_run(fold, extra_s=None, started_at=begun, on_event=on_event)
            else:
                train_split(
                    pool.subset(learn),
                    pool.subset(hold_out),
                    wishes,
                    out=fold,
                    budget_s=None if end is None else (end - begun) / (record.folds - number),
                    started_at=begun,
                    fold=(number, record.folds),
                    on_event=on_event,
                )
        unseen.append((load(fold), pool.subset(hold_out)))
    on_event(StageStarted("scoring all folds", total=sum(len(part) for _, part in unseen)))
    evaluation = evaluate_parts(unseen, progress=lambda done: on_event(StageAdvanced(done)))
    (path / "scores.json").write_text(evaluation.to_json(), encoding="utf-8")
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


def _without_test(dataset: Dataset, on_event: Listener) -> Dataset:
    """All images but a test split's."""
    if "test" not in dataset.splits:
        return dataset
    on_event(Note("the test split is left out of the folds"))
    test = set(dataset.split("test").keys)
    return dataset.subset([i for i, key in enumerate(dataset.keys) if key not in test])
