"""`segwright evaluate`: score a trained segmenter, or masks that are there, on labelled images."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Collection
from pathlib import Path

from segwright.dataset import Dataset
from segwright.errors import DataError, UsageError
from segwright.evaluation import (
    METRICS,
    Evaluation,
    Method,
    Report,
    Tolerances,
    WrittenMasks,
    chosen_metrics,
    evaluate_parts,
    picture_panels,
    write_report,
)
from segwright.events import Listener, Note, StageAdvanced, StageStarted
from segwright.images import IMAGE_SUFFIXES
from segwright.segmenter import Segmenter, load
from segwright.storage import storage_errors, write_whole
from segwright.verbs.extras import require_packages
from segwright.verbs.method_plan import METHOD_FILE
from segwright.verbs.opening import open_data, with_known_classes
from segwright.verbs.runs import class_map_of, is_run, record_of


def evaluate(
    run: str | Path,
    data: str | Path,
    *,
    split: str | None = None,
    device: str | None = None,
    classes: str | Path | None = None,
    metrics: Collection[str] = (),
    tolerances: Tolerances | None = None,
    on_event: Listener = lambda event: None,
) -> Evaluation:
    """Scores a segmenter on one split, and writes report and scores beside it.

    In place of the segmenter, a folder of masks can be given, such as `segwright predict` writes:
    PNGs of class ids with the names of the images. Each image needs one.

    `RUN/evaluations/DATA-SPLIT/` gets `scores.json` and `report.html`; a later evaluation of the
    same split replaces them.

    Args:
        run: A run folder, a segmenter folder, or a folder of predicted masks.
        data: Labelled images.
        split: "train", "val", "test" …; None for "val", or for all images of undivided data.
            Where data that the run learned from have no "val", it is what the run has not seen.
            Images that it learned from are scored as "train" alone, and otherwise left out; test
            labels are read only where this says so.
        device: Where it shall run; None for the CPU.
        classes: A YAML file that renames, merges and ignores classes (`dataset.class_map`). None
            for the map that the run was trained with, if the data have the classes it is about.
        metrics: Names of `segwright.evaluation.METRICS` to measure too, or "all".
        tolerances: How near is near enough for them; None for what their papers say.
        on_event: Told of progress.

    Raises:
        UsageError: There is no segmenter, the device is not here, or a device is given for masks.
        UnknownNameError: There is no such metric.
        DataError: There is no such split, its classes are not those of the segmenter, or an image
            has no mask.
        MissingDependencyError: A metric needs a package that is not installed.
    """
    run, data = Path(run), Path(data)
    wanted = chosen_metrics(metrics)
    needed = dict.fromkeys(package for name in wanted for package in METRICS[name].packages)
    require_packages(needed, purpose=f"measuring {', '.join(wanted)}")
    on_event(StageStarted("opening"))
    segmenter = None if is_mask_folder(run) else load(run, device=device or "cpu")
    if segmenter is None and device is not None:
        raise UsageError("masks run on no device", where="device", remedy="Leave it out")
    dataset = opened_for(run, data, classes)
    if dataset.class_map is not None:
        on_event(Note(dataset.notes[-1]))
    split, chosen = part_to_score(dataset, split, run, on_event)
    if warning := dataset.leaks():
        on_event(Note(warning))
    if segmenter is None:
        images = [entry.image for entry in chosen.entries]
        method: Method = WrittenMasks.found(run, images, dataset.classes)
    else:
        require_same_classes(segmenter, dataset, data)
        method = segmenter
    on_event(StageStarted("scoring", total=len(chosen)))
    parts = [(method, chosen)]
    evaluation = evaluate_parts(
        parts,
        metrics=wanted,
        tolerances=tolerances,
        progress=lambda done: on_event(StageAdvanced(done)),
    )
    name = f"{data.resolve().name}-{split}"
    folder = run / "evaluations" / re.sub(r"[^\w.-]", "_", name)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    about = {"run": str(run.resolve()), "data": str(data.resolve()), "split": split}
    scores = {**about, **json.loads(evaluation.to_json())}
    write_whole(folder / "scores.json", json.dumps(scores, indent=1))
    write_report(
        folder / "report.html",
        Report(
            title=f"{run.name} on {name}",
            evaluation=evaluation,
            classes=method.classes,
            panels=picture_panels(parts, evaluation),
        ),
    )
    on_event(Note(f"report: {folder / 'report.html'}"))
    return evaluation


def is_mask_folder(path: Path) -> bool:
    """Whether a folder has image files, and neither a segmenter nor a run."""
    names = ("segmenter.json", "plan.yaml", METHOD_FILE, "folds.json", "segmenter")
    if not path.is_dir() or any((path / name).exists() for name in names):
        return False
    return any(found.suffix.lower() in IMAGE_SUFFIXES for found in path.rglob("*"))


def opened_for(run: Path, data: Path, classes: str | Path | None) -> Dataset:
    """The data, with the class map that is given or that the run was trained with."""
    if classes is None and is_run(run):
        return with_known_classes(open_data(data), class_map_of(run), where=run)
    return open_data(data, classes)


def part_to_score(
    dataset: Dataset, split: str | None, run: Path, on_event: Listener
) -> tuple[str, Dataset]:
    """The name and the images of the split to score, without those that were learned from."""
    record = record_of(run)
    learned = frozenset(record.learned if record else ())
    if not learned:
        on_event(Note("there is no record of what this learned from: any of these may be among it"))
    hashes = zip(dataset.keys, dataset.image_hashes(), strict=True) if learned else ()
    seen = {key for key, image_hash in hashes if image_hash in learned}
    if split == "train" and seen:
        return "train", _where(dataset, lambda key: key in seen)
    is_fold = record is not None and record.fold is not None
    name, part = _named(dataset, split, is_own=bool(seen), is_fold=is_fold)
    if split == "train" or not seen.intersection(part.keys):
        return name, part
    unseen = _where(part, lambda key: key not in seen)
    on_event(Note(f"{len(part) - len(unseen)} images that it learned from are left out"))
    if not unseen:
        raise DataError(
            f"it learned from all {len(part)} images of {name!r}: there is nothing to score it on",
            where=dataset.root,
            remedy="Add labelled images that it has not seen, or score these with --split train",
        )
    return name, unseen


def _named(
    dataset: Dataset, split: str | None, *, is_own: bool, is_fold: bool
) -> tuple[str, Dataset]:
    """The images that a split's name stands for.

    Args:
        dataset: Labelled images.
        split: The name, or None for what is meant by default.
        is_own: Whether the run learned from some of these images.
        is_fold: Whether it held out images without regard to the splits of the data.
    """
    wanted = split or "val"
    if wanted == "val" and is_own and (is_fold or "val" not in dataset.splits):
        return "val", dataset.without_test()
    if wanted in dataset.splits:
        return wanted, dataset.split(wanted)
    if split is None and not dataset.splits:
        return "all", dataset
    raise DataError(
        f"there is no split {wanted!r}; there are: {', '.join(dataset.splits) or 'none'}",
        where=dataset.root,
        remedy="Name one of these with --split, or add the images as a folder of that name",
    )


def _where(dataset: Dataset, wanted: Callable[[str], bool]) -> Dataset:
    return dataset.subset([i for i, key in enumerate(dataset.keys) if wanted(key)])


def require_same_classes(segmenter: Segmenter, dataset: Dataset, data: Path) -> None:
    """Refuses data with other classes than the segmenter's, or in another order.

    Raises:
        DataError: They are others.
    """
    ours, theirs = segmenter.classes.names, dataset.classes.names
    if ours != theirs:
        raise DataError(
            f"the classes are {', '.join(theirs)}; this segmenter knows {', '.join(ours)}",
            where=data,
            remedy="Evaluate on data with the classes it was trained on, in the same order",
        )
