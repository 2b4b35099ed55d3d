"""`segwright refine`: choose how the labels of a segmenter are refined, and make it part of it."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from segwright.classical.catalog import CATALOG as METHODS
from segwright.classical.method import Method
from segwright.dataset import Dataset
from segwright.errors import UsageError
from segwright.evaluation.refining import LARGE_GAIN, STARTS, Refining, Tried, choose_refine
from segwright.evaluation.tables import percent
from segwright.events import Listener, Note, StageAdvanced, StageStarted
from segwright.models.catalog import CATALOG as NETWORKS
from segwright.refine import Refine, Step
from segwright.segmenter import NetSegmenter, Segmenter, load
from segwright.storage import require_empty, whole_folder, write_whole
from segwright.verbs.evaluate import opened_for, part_to_score, require_same_classes
from segwright.verbs.refine_trials import Trials, calibrated, gathered, seconds_of
from segwright.verbs.refined import REFINED_FILE, RefinedRun, TriedRow
from segwright.verbs.runs import class_map_of, is_run, record_of

SECONDS = 120.0
"""Time for trying rows of steps, if none is given."""

_USUAL = {step.name: step for step in (*STARTS, *Refine.of([{"opening": 2}, {"closing": 2}]).steps)}
_TIMED = 5  # images whose refinement is timed


@dataclass(frozen=True)
class RefineReport:
    """What came of looking for a refinement.

    Attributes:
        run: The refined segmenter; None where the one there is was not beaten, and nothing was
            written.
        present: The steps that the segmenter had.
        refine: The steps that it has now: those that were chosen, and a temperature where it needs
            one to be as sure as it is right.
        refining: What was chosen, and on what grounds.
        tried_on: The images that rows were tried on, in words.
        seconds: What the best row takes for an image of their mean size.
    """

    run: Path | None
    present: Refine
    refine: Refine
    refining: Refining
    tried_on: str
    seconds: float

    def reason(self) -> str:
        """Why these steps, in one sentence without a full stop."""
        found = self.refining
        on = f"{found.asked} images kept apart" if found.apart else f"the same {found.asked} images"
        after = percent(found.before + found.gain.value)
        return (
            f"the best of {len(found.tried)} rows tried on {self.tried_on}; on {on}, mean IoU goes "
            f"from {percent(found.before)} to {after} %: {_gain_text(found)}"
        )

    def text(self) -> str:
        """What was tried, the decision with its grounds, its price, and where it is."""
        found = self.refining
        tried = sorted(found.tried, key=lambda one: -one.mean_iou)
        lines = [f"{100 * one.mean_iou:5.1f} %  {one.refine}" for one in tried]
        lines += ["", f"best: {found.best}", self.reason()]
        if found.best.steps:
            lines += [f"it takes {self.seconds:.2g} s an image"]
        if not found.complete:
            lines += ["the time ended the search; with more, more rows are tried"]
        if self.run is not None:
            return "\n".join([*lines, "", f"refine: {self.refine}", f"segmenter: {self.run}"])
        kept = (
            f"the segmenter stays as it is (refine: {self.present}), and nothing is written: "
            "nothing is better for certain"
        )
        return "\n".join([*lines, "", kept])

    def to_json(self) -> str:
        """All of it, with scores as shares."""
        found, gain = self.refining, self.refining.gain
        content = {
            "run": None if self.run is None else str(self.run),
            "present": self.present.model_dump(mode="json", exclude_none=True),
            "refine": self.refine.model_dump(mode="json", exclude_none=True),
            "best": found.best.model_dump(mode="json", exclude_none=True),
            "mean_iou": {"before": found.before, "after": found.before + gain.value},
            "gain": {"value": gain.value, "low": gain.low, "high": gain.high, "p": gain.p},
            "asked": {"images": found.asked, "apart": found.apart},
            "tried_on": self.tried_on,
            "tried": [_as_content(one) for one in found.tried],
            "complete": found.complete,
            "seconds_per_image": self.seconds,
        }
        return json.dumps(content, indent=1, ensure_ascii=False)


def refine(
    run: str | Path,
    data: str | Path,
    *,
    out: str | Path,
    steps: Sequence[object] = (),
    seconds: float = SECONDS,
    split: str | None = None,
    seed: int = 0,
    device: str | None = None,
    classes: str | Path | None = None,
    on_event: Listener = lambda event: None,
) -> RefineReport:
    """Chooses steps that make the labels of a segmenter better, and writes it with them.

    Rows of steps and their settings are tried on labelled images that the segmenter has not
    learned from (`evaluation.refining`). Where one is better than the steps that the segmenter
    has, which as a rule are none, the new segmenter is written, its probabilities calibrated on the
    same images; where none is, nothing is.

    Args:
        run: A run folder or a segmenter folder; it is left as it is.
        data: Labelled images.
        out: The folder to write; must be new or empty.
        steps: What may be part of the row, in the short form of `Refine.of`: names or
            `{name: {setting: value}}`, with the settings that are tried first. Nothing for
            `evaluation.refining.STARTS`.
        seconds: Time for trying. The images are segmented before that, as many as it is enough
            for, and as `refine_trials.MEMORY_BYTES` hold.
        split: As for `evaluate`, but never test images.
        seed: Which images are drawn, and the draws of the interval.
        device: Where a network shall run; None for the CPU.
        classes: As for `evaluate`.
        on_event: Told of progress.

    Raises:
        UsageError: There is no segmenter, it has learned no classes, `out` is taken, the split is
            for tests, or a step cannot be so.
        UnknownNameError: There is no such step.
        DataError: There is no such split, or its classes are not those of the segmenter.
        ImageError: A step is not defined for one of the images.
        MissingDependencyError: A step needs a package that is not installed.
    """
    run, data, out = Path(run), Path(data), Path(out)
    starts = starting_steps(steps)
    _require_usable(run, split=split, seconds=seconds)
    require_empty(out)
    on_event(StageStarted("opening"))
    segmenter, present = _unrefined(run, device or "cpu")
    dataset = opened_for(run, data, classes)
    split, images = _images(run, data, dataset, split, segmenter=segmenter, on_event=on_event)
    tried_on = gathered(
        segmenter, images, starts=starts, seconds=seconds, seed=seed, on_event=on_event
    )
    said = tried_on.text(split)
    on_event(Note(f"rows of steps are tried on {said}"))
    on_event(StageStarted("trying rows of steps"))
    count = 0

    def tell(tried: Tried) -> None:
        nonlocal count
        count += 1
        on_event(StageAdvanced(count))

    found = choose_refine(
        tried_on.trials, seconds=seconds, starts=starts, beat=present, seed=seed, on_tried=tell
    )
    place = None if found.refine == present else out
    row = present if place is None else calibrated(found.refine, tried_on.trials)
    report = RefineReport(place, present, row, found, said, _price(found.best, tried_on))
    if place is not None:
        about = RefinedRun(
            run=run.resolve(),
            refine=row,
            reason=report.reason(),
            data=data.resolve(),
            split=split,
            images=len(tried_on.trials),
            seed=seed,
            tried=tuple(TriedRow(**vars(one)) for one in found.tried),
            classes=_classes(run, dataset),
        )
        _write(place, load(run, device=device or "cpu", refine=row), about)
    return report


def starting_steps(given: Sequence[object]) -> tuple[Step, ...]:
    """The steps to try, each with the settings that are tried first.

    Args:
        given: Names and short forms; a name alone stands for the usual settings. Nothing for all
            of `STARTS`.

    Raises:
        UnknownNameError: There is no such step.
        UsageError: A value that a step does not take.
    """
    if not given:
        return STARTS
    return Refine.of([_USUAL.get(str(one), one) for one in given]).steps


def _require_usable(run: Path, *, split: str | None, seconds: float) -> None:
    if not run.exists() and str(run) in (*METHODS, *NETWORKS):
        raise UsageError(
            f"{str(run)!r} is the name of a method, which has not learned the classes of the data",
            remedy=f"Train it, segwright train DATA --model {run} --out RUN, and refine the run",
        )
    if split == "test":
        raise UsageError(
            "refinement is a choice, and test images are not there to choose by",
            where="--split",
            remedy="Choose on train and validation data: leave it out, and then score the result "
            "with evaluate --split test",
        )
    if not seconds > 0:
        raise UsageError(f"{seconds:g} s for trying; accepted is more than 0", where="--time")


def _unrefined(run: Path, device: str) -> tuple[Segmenter, Refine]:
    """A segmenter without its steps of refinement, and these.

    Raises:
        UsageError: It has learned no classes.
    """
    segmenter = load(run, device=device)
    if isinstance(segmenter, Method):
        if segmenter.fitted is None:
            raise UsageError(
                f"this {segmenter.name!r} has not learned the classes of the data",
                where=run,
                remedy=f"Train it: segwright train DATA --model {segmenter.name}",
            )
        present = segmenter.refine
    else:
        assert isinstance(segmenter, NetSegmenter)  # there is no other kind on disk
        present = segmenter.settings.refine
    return load(run, device=device, refine=Refine()) if present.steps else segmenter, present


def _images(
    run: Path,
    data: Path,
    dataset: Dataset,
    split: str | None,
    *,
    segmenter: Segmenter,
    on_event: Listener,
) -> tuple[str, Dataset]:
    """The name and the images of the part to choose on, with what there is to say about it."""
    if dataset.class_map is not None:
        on_event(Note(dataset.notes[-1]))
    name, images = part_to_score(dataset, split, run, on_event)
    if warning := dataset.leaks():
        on_event(Note(warning))
    if name == "train":
        on_event(
            Note(
                "WARNING: on images that it learned from, a segmenter makes other mistakes than on "
                "new ones: what helps there may not help here"
            )
        )
    require_same_classes(segmenter, dataset, data)
    return name, images


def _price(refine: Refine, images: Trials) -> float:
    """Seconds that a row takes for an image of mean size."""
    if not refine.steps:
        return 0.0
    some = images.trials[:: max(1, len(images.trials) // _TIMED)][:_TIMED]
    spent = sum(seconds_of(refine.steps, trial) for trial in some)
    return spent / sum(trial.truth.ids.size for trial in some) * images.size_px


def _classes(run: Path, dataset: Dataset) -> dict[str, list[str] | str] | None:
    """The class map to remember: that of the run, or of the data if there is no run."""
    known = class_map_of(run) if is_run(run) else dataset.class_map
    return None if known is None else known.to_content()


def _write(out: Path, segmenter: Segmenter, about: RefinedRun) -> None:
    """Writes the segmenter with what is known of it: what it learned from is what it was before."""
    record = record_of(about.run)
    with whole_folder(out) as aside:
        segmenter.save(aside / "segmenter")
        write_whole(aside / REFINED_FILE, about.to_yaml())
        write_whole(aside / "MODEL_CARD.md", _model_card(out, segmenter, about))
        if record is not None:
            write_whole(aside / "run.json", record.model_dump_json(indent=1))


def _model_card(out: Path, segmenter: Segmenter, about: RefinedRun) -> str:
    return f"""# {out.name}

A semantic segmenter for {len(segmenter.classes)} classes: {", ".join(segmenter.classes.names)}.

- it is that of {about.run}, whose labels are refined
- refinement: {about.refine}
- chosen in {about.data}, split {about.split!r}: {about.reason}

## Limits

The steps were chosen on images that a score on the same split rests on too, so expect a little
less on new ones; a test split gives the honest figure: \
`segwright evaluate {out.name} DATA --split test`.
"""


def _gain_text(found: Refining) -> str:
    gain = found.gain
    points = f"{100 * gain.value:+.1f} points"
    if not found.apart:  # an interval would be of images that have chosen
        asked = f"{100 * LARGE_GAIN:g} is asked for, as too few independent images are there"
        return f"{points}, where {asked} to keep some apart"
    if gain.low is None or gain.high is None:
        return points
    return f"{points} (95 % interval {100 * gain.low:+.1f} … {100 * gain.high:+.1f})"


def _as_content(tried: Tried) -> dict[str, object]:
    steps = tried.refine.model_dump(mode="json", exclude_none=True)
    return {"refine": steps, "mean_iou": tried.mean_iou}
