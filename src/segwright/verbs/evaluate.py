"""`segwright evaluate`: score a trained segmenter on labelled images."""

from __future__ import annotations

import re
from collections.abc import Callable
from pathlib import Path

from segwright.dataset import Dataset, ensure_split, open_dataset
from segwright.errors import DataError
from segwright.evaluation import (
    Evaluation,
    Report,
    evaluate_parts,
    picture_panels,
    write_report,
)
from segwright.segmenter import Segmenter, load
from segwright.training.events import Event, Note, StageAdvanced, StageStarted
from segwright.training.run_folder import RunFolder

Listener = Callable[[Event], None]


def evaluate(
    run: Path,
    data: Path,
    *,
    split: str | None = None,
    on_event: Listener = lambda event: None,
) -> Evaluation:
    """Scores a segmenter on one split, and writes report and scores beside it.

    `RUN/evaluations/DATA-SPLIT/` gets `scores.json` and `report.html`; a later evaluation of the
    same split replaces them.

    Args:
        run: A run folder or a segmenter folder.
        data: Labelled images.
        split: "train", "val", "test" …; None for "val", or for all images where there are no
            splits. Test labels are read only where this says so.
        on_event: Told of progress.

    Raises:
        DataError: There is no such split, or its classes are not those of the segmenter.
    """
    on_event(StageStarted("opening"))
    segmenter = load(run)
    dataset = open_dataset(data)
    chosen = _chosen_split(dataset, split, run, on_event)
    _require_same_classes(segmenter, dataset, data)
    on_event(StageStarted("scoring", total=len(chosen)))
    parts = [(segmenter, chosen)]
    evaluation = evaluate_parts(parts, progress=lambda done: on_event(StageAdvanced(done)))
    name = f"{data.resolve().stem}-{split or ('val' if dataset.splits else 'all')}"
    folder = Path(run) / "evaluations" / re.sub(r"[^\w.-]", "_", name)
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "scores.json").write_text(evaluation.to_json(), encoding="utf-8")
    write_report(
        folder / "report.html",
        Report(
            title=f"{Path(run).name} on {name}",
            evaluation=evaluation,
            classes=segmenter.classes,
            panels=picture_panels(parts, evaluation),
        ),
    )
    on_event(Note(f"report: {folder / 'report.html'}"))
    return evaluation


def _chosen_split(dataset: Dataset, split: str | None, run: Path, on_event: Listener) -> Dataset:
    if split is None and not dataset.splits:
        return dataset
    wanted = split or "val"
    if wanted not in dataset.splits and (Path(run) / "plan.yaml").exists():
        # The run held images out by itself: by its seed, so they are the same ones again.
        dataset, note = ensure_split(dataset, seed=RunFolder.open(Path(run)).plan.seed)
        on_event(Note(note))
    if wanted not in dataset.splits:
        raise DataError(
            f"there is no split {wanted!r}; there are: {', '.join(dataset.splits) or 'none'}",
            where=dataset.root,
            remedy="Name one of these with --split, or add the images as a folder of that name",
        )
    return dataset.split(wanted)


def _require_same_classes(segmenter: Segmenter, dataset: Dataset, data: Path) -> None:
    ours, theirs = segmenter.classes.names, dataset.classes.names
    if ours != theirs:
        raise DataError(
            f"the classes are {', '.join(theirs)}; this segmenter knows {', '.join(ours)}",
            where=data,
            remedy="Evaluate on data with the classes it was trained on, in the same order",
        )
