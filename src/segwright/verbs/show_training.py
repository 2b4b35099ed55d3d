"""What `segwright show` makes of training: samples as a network sees them, and what a run says."""

from __future__ import annotations

from dataclasses import dataclass, field
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from segwright.dataset import Dataset, ensure_split
from segwright.errors import SegwrightError
from segwright.events import Listener, Note, StageAdvanced, StageStarted
from segwright.labels.label_map import LabelMap
from segwright.pages.gallery import PICTURE_SIDE, Exhibit, Wall, gallery, painted
from segwright.pages.pictures import shrunk_photo
from segwright.verbs.opening import open_as_planned

if TYPE_CHECKING:
    from segwright.evaluation import Panel
    from segwright.plan import Plan

_MEASURED = 200  # images that the settings of augmentation are taken from
_SHOWN_PERCENTILES = (0.5, 99.5)
_MARGIN = 0.25  # of white, that augmentation may go beyond black and white


@dataclass(frozen=True)
class Wishes:
    """What is to be shown; see `show`."""

    number: int
    split: str | None
    augmented: bool
    on_event: Listener
    failed: list[str] = field(default_factory=list)

    def fail(self, key: str, error: SegwrightError) -> None:
        """Tells of a picture that cannot be shown with what is drawn on it."""
        self.failed.append(f"{key}: {error}")
        self.on_event(Note(f"not shown whole: {key}: {error}"))


def spread(length: int, number: int) -> list[int]:
    """At most `number` positions, evenly spread over all."""
    number = min(length, number)
    return [i * length // number for i in range(number)]


def page_of_run(run: Path, wishes: Wishes) -> str:
    """What a segmenter says of images that it did not learn from, beside what was drawn."""
    from segwright.evaluation import Panel, evaluate_parts
    from segwright.segmenter import load
    from segwright.training.run_folder import RunFolder
    from segwright.verbs.one_run import divided_as_in

    folder = RunFolder.open(run)
    dataset = open_as_planned(folder.record.data, folder.plan)
    learn, hold_out = divided_as_in(folder, dataset, on_event=wishes.on_event)
    parts = {"train": learn, "val": hold_out}
    name = wishes.split or "val"
    part = parts[name] if name in parts else dataset.split(name)
    chosen = part.subset(spread(len(part), wishes.number))
    said: dict[str, LabelMap] = {}

    wishes.on_event(StageStarted("segmenting", total=len(chosen)))
    segmenter = load(run)
    evaluation = evaluate_parts(
        [(segmenter, chosen)],
        progress=lambda done: wishes.on_event(StageAdvanced(done)),
        keep=lambda key, result: said.__setitem__(key, result.labels),
    )
    exhibits = [
        _compared(Panel.of(score, sample.image, sample.labels, said[sample.key]))
        for score, sample in zip(evaluation.images, chosen, strict=True)
    ]
    lead = "It has learned from these." if name == "train" else "It has not learned from these."
    walls = [Wall(f"{name}: {len(chosen)} of {len(part)} pictures", exhibits, lead)]
    if wishes.augmented:
        walls.append(samples(learn, folder.plan, wishes))
    return gallery(
        f"{run.resolve().name}: what it says and what was drawn",
        subtitle=f"on {folder.record.data}",
        notes=dataset.describe().splitlines(),
        classes=dataset.classes,
        walls=walls,
    )


def _compared(panel: Panel) -> Exhibit:
    """An image, what was drawn and what was said of it."""
    from segwright.evaluation.report.pictures import panel_pictures

    pictures = panel_pictures(
        panel.photo,
        panel.truth.ids,
        panel.predicted.ids,
        panel.truth.classes,
        max_side=PICTURE_SIDE,
    )
    names = ("picture", "drawn", "said", "where they differ")
    return Exhibit(panel.caption, dict(zip(names, pictures, strict=True)))


def samples(dataset: Dataset, plan: Plan | None, wishes: Wishes) -> Wall:
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
    learn = learn.subset(spread(len(learn), _MEASURED))
    prepare = None if plan is None else plan.prepare
    material = Material.read(learn, learn.subset([0]), prepare=prepare, emit=wishes.on_event)
    how = plan or draft(material.facts, examine_machine(None), fingerprint=material.fingerprint)
    preparation = material.preparation
    mean, std = (np.asarray(v, np.float32) for v in (preparation.mean, preparation.std))
    seen: list[tuple[str, np.ndarray, np.ndarray]] = []
    batches = material.batches(how).starting_at(0)
    for batch in islice(batches, -(-wishes.number // how.batch_size)):
        for image, target, key in zip(batch.images, batch.targets, batch.keys, strict=True):
            pixels = image.permute(1, 2, 0).numpy() * std + mean
            seen.append((key, pixels, target.numpy().astype(material.classes.dtype)))
    batches.close()
    low, high = shown_range([pixels for _, pixels, _ in seen], material.facts.white)
    exhibits = [
        _sample(key, np.clip((pixels - low) / (high - low), 0, 1), LabelMap(ids, material.classes))
        for key, pixels, ids in seen
    ]
    height, width = how.input.crop_hw
    lead = f"Crops of {height}×{width} pixels, changed as in training."
    if how.input.loss_stride > 1:
        lead += f" The network is judged on one label in {how.input.loss_stride} along each axis."
    return Wall("Training samples, augmented", exhibits[: wishes.number], lead)


def shown_range(samples: list[np.ndarray], white: float) -> tuple[float, float]:
    """The values to be shown black and white.

    Those of the images as stored; but what is prepared to other values, such as z-scores, is shown
    by the values that nearly all of these pixels lie between.
    """
    low, high = np.percentile(np.concatenate([one.ravel() for one in samples]), _SHOWN_PERCENTILES)
    if low >= -_MARGIN * white and white / 16 <= high <= (1 + _MARGIN) * white:
        return 0.0, white
    return float(low), float(max(high, low + 1e-6))


def _sample(key: str, pixels: np.ndarray, labels: LabelMap) -> Exhibit:
    """A crop, (Y, X, C) in 0 … 1, beside the labels that it is compared with."""
    photo = (pixels[..., : 3 if pixels.shape[-1] >= 3 else 1] * 255).astype(np.uint8)
    photo = np.ascontiguousarray(np.broadcast_to(photo, (*photo.shape[:2], 3)))
    drawn = painted(_resized(photo, labels.size_hw), labels)
    return Exhibit(key, {"sample": photo, "labels": drawn})


def _resized(photo: np.ndarray, size_hw: tuple[int, ...]) -> np.ndarray:
    """A picture on the coarser grid of the labels beside it."""
    return photo if photo.shape[:2] == size_hw else shrunk_photo(photo, max(size_hw))
