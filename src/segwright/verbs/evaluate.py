"""`segwright evaluate`: score a trained segmenter on labelled images."""

from __future__ import annotations

import re
from pathlib import Path

from segwright.dataset import Dataset, open_dataset
from segwright.errors import DataError
from segwright.evaluation import (
    Evaluation,
    Report,
    evaluate_parts,
    picture_panels,
    write_report,
)
from segwright.events import Listener, Note, StageAdvanced, StageStarted
from segwright.segmenter import Segmenter, load
from segwright.storage import storage_errors, write_whole
from segwright.training.run_folder import RunFolder


def evaluate(
    run: str | Path,
    data: str | Path,
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
        split: "train", "val", "test" …; None for "val", which of undivided data are the images
            that the run held out itself, or all where it is other data. Test labels are read only
            where this says so.
        on_event: Told of progress.

    Raises:
        DataError: There is no such split, or its classes are not those of the segmenter.
    """
    run, data = Path(run), Path(data)
    on_event(StageStarted("opening"))
    segmenter = load(run)
    dataset = open_dataset(data)
    split, chosen = _chosen(dataset, split, run, on_event)
    _require_same_classes(segmenter, dataset, data)
    on_event(StageStarted("scoring", total=len(chosen)))
    parts = [(segmenter, chosen)]
    evaluation = evaluate_parts(parts, progress=lambda done: on_event(StageAdvanced(done)))
    name = f"{data.resolve().stem}-{split}"
    folder = run / "evaluations" / re.sub(r"[^\w.-]", "_", name)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    write_whole(folder / "scores.json", evaluation.to_json())
    write_report(
        folder / "report.html",
        Report(
            title=f"{run.name} on {name}",
            evaluation=evaluation,
            classes=segmenter.classes,
            panels=picture_panels(parts, evaluation),
        ),
    )
    on_event(Note(f"report: {folder / 'report.html'}"))
    return evaluation


def _chosen(
    dataset: Dataset, split: str | None, run: Path, on_event: Listener
) -> tuple[str, Dataset]:
    """The name and the images of the split to score."""
    wanted = split or "val"
    if wanted in ("train", "val") and (own := _divided_by(run, dataset)):
        # What the run held out itself, or as a fold, may be called otherwise in the data.
        if set(own["val"].keys) != {*_keys(dataset, "val")}:
            on_event(Note(f"the run held out {len(own['val'])} of these images: they are its val"))
        return wanted, own[wanted]
    if wanted in dataset.splits:
        return wanted, dataset.split(wanted)
    if split is None and not dataset.splits:
        return "all", dataset
    raise DataError(
        f"there is no split {wanted!r}; there are: {', '.join(dataset.splits) or 'none'}",
        where=dataset.root,
        remedy="Name one of these with --split, or add the images as a folder of that name",
    )


def _keys(dataset: Dataset, split: str) -> tuple[str, ...]:
    return dataset.split(split).keys if split in dataset.splits else ()


def _divided_by(run: Path, dataset: Dataset) -> dict[str, Dataset] | None:
    """What a run learned from and what it held out, if these are its data."""
    if not (run / "plan.yaml").exists():
        return None
    # Here, because they need torch, which a run has and other segmenters may not.
    from segwright.training.material import fingerprint_of
    from segwright.verbs.one_run import divided_as_in

    folder = RunFolder.open(run)
    try:
        learned, held_out = divided_as_in(folder, dataset, on_event=lambda event: None)
    except DataError:  # cannot be divided that way: it is other data
        return None
    if fingerprint_of(learned, held_out) != folder.plan.fingerprint:
        return None
    return {"train": learned, "val": held_out}


def _require_same_classes(segmenter: Segmenter, dataset: Dataset, data: Path) -> None:
    ours, theirs = segmenter.classes.names, dataset.classes.names
    if ours != theirs:
        raise DataError(
            f"the classes are {', '.join(theirs)}; this segmenter knows {', '.join(ours)}",
            where=data,
            remedy="Evaluate on data with the classes it was trained on, in the same order",
        )
