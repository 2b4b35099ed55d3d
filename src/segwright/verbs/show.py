"""`segwright show`: a page of what a network will see, or of what it said."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segwright.dataset import Dataset, ensure_split
from segwright.errors import DataError, SegwrightError, UsageError
from segwright.events import Listener, StageAdvanced, StageStarted
from segwright.formats.entry import Entry
from segwright.formats.faults import Fault, UnusableLabels
from segwright.formats.masks.pairing import pictures_in
from segwright.images import read_image
from segwright.labels.instances import as_label_map
from segwright.labels.label_map import LabelMap
from segwright.labels.paint import to_display
from segwright.pages.gallery import PICTURE_SIDE, Exhibit, Wall, exhibit, gallery, painted
from segwright.pages.pictures import shrunk_photo
from segwright.storage import write_whole
from segwright.verbs.opening import open_as_planned, open_data

if TYPE_CHECKING:
    from segwright.plan import Plan

_MEASURED = 200  # images that the settings of augmentation are taken from


@dataclass(frozen=True)
class _Wishes:
    """What is to be shown; see `show`."""

    number: int
    split: str | None
    augmented: bool
    on_event: Listener


def show(
    source: str | Path,
    *,
    out: str | Path | None = None,
    number: int = 24,
    split: str | None = None,
    augmented: bool = False,
    classes: str | Path | None = None,
    on_event: Listener = lambda event: None,
) -> Path:
    """Writes one HTML page that needs no other file.

    Of data: images with their labels, as they are read. Of a run: what the segmenter says of
    images that it did not learn from, beside what was drawn and where the two differ.

    Args:
        source: A data folder, a folder of images without labels, or a run folder.
        out: The page; None for `NAME-show.html` in the working folder. What is there is replaced.
        number: Images of each split, evenly spread; 1 or more.
        split: Show this split alone; None for all that there are.
        augmented: Add as many training samples as the network sees them: cropped and changed, with
            the labels it is compared with. Of data, by the plan that `train` would make without a
            budget; of a run, by its own plan.
        classes: File of a class map for data; a run has its own.
        on_event: Told of progress.

    Returns:
        The page written.

    Raises:
        UsageError: A number below 1, or a class map that does not fit.
        DataError: There is no image to show.
        StorageError: The page cannot be written.
    """
    if number < 1:
        raise UsageError(
            f"{number} images; accepted are 1 or more", where="--number", remedy="Ask for 24"
        )
    source = Path(source)
    wishes = _Wishes(number, split, augmented, on_event)
    if (source / "plan.yaml").is_file():
        if classes is not None:
            raise UsageError(
                "a run has the classes that it was trained with",
                where="--classes",
                remedy="Leave it out, or show the data instead of the run",
            )
        page = _page_of_run(source, wishes)
    else:
        page = _page_of_data(source, classes, wishes)
    path = Path(out) if out is not None else Path(f"{source.resolve().name}-show.html")
    write_whole(path, page)
    return path


def _page_of_data(root: Path, classes: str | Path | None, wishes: _Wishes) -> str:
    faults: list[Fault] = []
    wishes.on_event(StageStarted("opening data"))
    try:
        dataset = open_data(root, classes, report=faults.append)
    except DataError as error:
        return _page_without_labels(root, error, wishes)
    notes = [*dataset.describe().splitlines(), *_words_of(faults)]
    walls = [
        Wall(
            title=f"{name or 'all'}: {len(chosen)} of {len(part)} pictures",
            exhibits=list(_exhibits(chosen.entries, wishes.on_event)),
        )
        for name, part in _parts(dataset, wishes.split)
        for chosen in [part.subset(_spread(len(part), wishes.number))]
    ]
    if wishes.augmented:
        walls.append(_augmented(dataset, None, wishes))
    return gallery(
        root.resolve().name,
        subtitle=f"{len(dataset)} pictures of {len(dataset.classes)} classes",
        notes=notes,
        classes=dataset.classes,
        walls=walls,
    )


def _page_without_labels(root: Path, error: DataError, wishes: _Wishes) -> str:
    """Pictures alone, where nothing says what is on them.

    Raises:
        DataError: The one given, if there are no pictures either.
    """
    if not root.is_dir():
        raise error
    paths = list(pictures_in(root)[0].items())
    chosen = [paths[i] for i in _spread(len(paths), wishes.number)]
    wishes.on_event(StageStarted("painting", total=len(chosen)))
    exhibits = []
    for done, (key, path) in enumerate(chosen, start=1):
        try:
            shown = {"picture": shrunk_photo(to_display(read_image(path)), PICTURE_SIDE)}
            exhibits.append(Exhibit(key, shown))
        except DataError as fault:
            exhibits.append(Exhibit(f"{key}: {fault}", {}))
        wishes.on_event(StageAdvanced(done))
    if not any(one.pictures for one in exhibits):
        raise error
    return gallery(
        root.resolve().name,
        subtitle=f"{len(paths)} pictures without labels",
        notes=[f"No labels are shown: {error}"],
        classes=None,
        walls=[Wall(f"{len(chosen)} of {len(paths)} pictures", exhibits)],
    )


def _exhibits(entries: Sequence[Entry], on_event: Listener) -> Iterator[Exhibit]:
    """Every picture with its labels, or with what is wrong with them."""
    on_event(StageStarted("painting", total=len(entries)))
    for done, entry in enumerate(entries, start=1):
        faults: list[Fault] = []
        shown = Exhibit(entry.key, {})
        try:
            image = read_image(entry.image)
            shown = Exhibit(entry.key, {"picture": shrunk_photo(to_display(image), PICTURE_SIDE)})
            labels = entry.labels.read(faults.append)
            if as_label_map(labels).size_hw != image.size_hw:
                raise DataError(f"labels are of another size: {as_label_map(labels).size_hw}")
            shown = exhibit(entry.key, image, labels)
        except UnusableLabels:  # why is among the faults
            pass
        except SegwrightError as error:
            shown = Exhibit(f"{shown.caption}: {error}", shown.pictures)
        caption = " · ".join([shown.caption, *_words_of(faults)])
        yield Exhibit(caption, shown.pictures)
        on_event(StageAdvanced(done))


def _words_of(faults: Sequence[Fault], *, limit: int = 3) -> list[str]:
    words = [f"{fault.how_bad}: {fault.where}: {fault.problem}" for fault in faults[:limit]]
    more = len(faults) - limit
    return [*words, f"and {more:,} more; see `segwright check`"] if more > 0 else words


def _parts(dataset: Dataset, split: str | None) -> list[tuple[str, Dataset]]:
    if split is not None:
        return [(split, dataset.split(split))]
    named = [(name, dataset.split(name)) for name in dataset.splits]
    loose = dataset.subset([i for i, e in enumerate(dataset.entries) if e.split is None])
    return [*named, ("", loose)] if len(loose) else named


def _spread(length: int, number: int) -> list[int]:
    """At most `number` positions, evenly spread over all."""
    number = min(length, number)
    return [i * length // number for i in range(number)]


def _augmented(dataset: Dataset, plan: Plan | None, wishes: _Wishes) -> Wall:
    """Training samples as the network sees them.

    Args:
        dataset: Images to learn from.
        plan: How; None for what `train` would decide without a budget.
        wishes: How many.
    """
    from segwright.plan import draft
    from segwright.training.material import Material
    from segwright.training.planning import examine_machine

    learn = ensure_split(dataset, seed=0)[0].split("train") if plan is None else dataset
    learn = learn.subset(_spread(len(learn), _MEASURED))
    prepare = None if plan is None else plan.prepare
    material = Material.read(learn, learn.subset([0]), prepare=prepare, emit=wishes.on_event)
    how = plan or draft(material.facts, examine_machine(None), fingerprint=material.fingerprint)
    mean, std = (
        np.asarray(values, np.float32)
        for values in (material.preparation.mean, material.preparation.std)
    )
    exhibits = []
    batches = material.batches(how).starting_at(0)
    for batch in islice(batches, -(-wishes.number // how.batch_size)):
        for image, target, key in zip(batch.images, batch.targets, batch.keys, strict=True):
            pixels = image.permute(1, 2, 0).numpy() * std + mean
            photo = np.clip(pixels / material.facts.white * 255, 0, 255).astype(np.uint8)
            photo = photo[..., : 3 if photo.shape[-1] >= 3 else 1]
            photo = np.ascontiguousarray(np.broadcast_to(photo, (*photo.shape[:2], 3)))
            ids = target.numpy().astype(material.classes.dtype)
            labels = painted(_resized(photo, ids.shape), LabelMap(ids, material.classes))
            exhibits.append(Exhibit(key, {"sample": photo, "labels": labels}))
    batches.close()
    height, width = how.input.crop_hw
    lead = f"Crops of {height}×{width} pixels, changed as in training."
    if how.input.loss_stride > 1:
        lead += f" The network is judged on one label in {how.input.loss_stride} along each axis."
    return Wall("Training samples, augmented", exhibits[: wishes.number], lead)


def _resized(photo: np.ndarray, size_hw: tuple[int, ...]) -> np.ndarray:
    """A picture on the coarser grid of the labels beside it."""
    return photo if photo.shape[:2] == size_hw else shrunk_photo(photo, max(size_hw))


def _page_of_run(run: Path, wishes: _Wishes) -> str:
    from segwright.evaluation import Panel, evaluate_parts
    from segwright.evaluation.report.pictures import panel_pictures
    from segwright.segmenter import load
    from segwright.training.run_folder import RunFolder
    from segwright.verbs.one_run import divided_as_in

    folder = RunFolder.open(run)
    dataset = open_as_planned(folder.record.data, folder.plan)
    learn, hold_out = divided_as_in(folder, dataset, on_event=wishes.on_event)
    parts = {"train": learn, "val": hold_out}
    name = wishes.split or "val"
    part = parts[name] if name in parts else dataset.split(name)
    chosen = part.subset(_spread(len(part), wishes.number))
    said: dict[str, LabelMap] = {}

    wishes.on_event(StageStarted("segmenting", total=len(chosen)))
    segmenter = load(run)
    evaluation = evaluate_parts(
        [(segmenter, chosen)],
        progress=lambda done: wishes.on_event(StageAdvanced(done)),
        keep=lambda key, result: said.__setitem__(key, result.labels),
    )
    exhibits = []
    for score, sample in zip(evaluation.images, chosen, strict=True):
        panel = Panel.of(score, sample.image, sample.labels, said[sample.key])
        pictures = panel_pictures(
            panel.photo, panel.truth.ids, panel.predicted.ids, chosen.classes, max_side=PICTURE_SIDE
        )
        names = ("picture", "drawn", "said", "where they differ")
        exhibits.append(Exhibit(panel.caption, dict(zip(names, pictures, strict=True))))
    lead = "It has learned from these." if name == "train" else "It has not learned from these."
    walls = [Wall(f"{name}: {len(chosen)} of {len(part)} pictures", exhibits, lead)]
    if wishes.augmented:
        walls.append(_augmented(learn, folder.plan, wishes))
    return gallery(
        f"{run.resolve().name}: what it says and what was drawn",
        subtitle=f"on {folder.record.data}",
        notes=dataset.describe().splitlines(),
        classes=dataset.classes,
        walls=walls,
    )
