"""`segwright compare`: methods side by side on the same images, each with the same time."""

from __future__ import annotations

import re
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from segwright.dataset import Dataset
from segwright.errors import DataError, TrainingError, UnknownNameError, UsageError
from segwright.evaluation import Evaluation, WrittenMasks
from segwright.evaluation.comparing import MARGIN, Entrant, Ranking, rank_methods
from segwright.evaluation.report.comparison_page import (
    ComparisonPage,
    Disagreement,
    render_comparison,
)
from segwright.evaluation.tables import percent
from segwright.evaluation.verdict import Cost, difference_text, outcome_text, verdict
from segwright.events import Listener, Note, StageAdvanced, StageStarted
from segwright.labels.paint import to_display
from segwright.models.catalog import CATALOG
from segwright.storage import storage_errors, write_whole
from segwright.training.run_folder import RunFolder, environment, require_free
from segwright.verbs.contender import Scoring, Task, Training, run_apart
from segwright.verbs.evaluate import is_mask_folder
from segwright.verbs.opening import open_data
from segwright.verbs.plan import learn_and_hold_out

_PICTURES = 6


@dataclass(frozen=True)
class CompareReport:
    """What a comparison came to.

    Attributes:
        report: The page to open.
        runs: The folder with the runs, masks and logs of the methods.
        ranking: The methods and every two of them.
        verdict: It in plain words.
        failed: Methods that could not be trained or scored, with the reason.
    """

    report: Path
    runs: Path
    ranking: Ranking
    verdict: str
    failed: tuple[tuple[str, str], ...]

    def text(self) -> str:
        """The verdict, one line a method, one line a pair, and where the page is."""
        wide = max(len(rank.name) for rank in self.ranking.ranks)
        lines = [self.verdict, ""]
        for rank in self.ranking.ranks:
            score = rank.score
            bounds = (
                ""
                if score.low is None or score.high is None
                else f" ({percent(score.low)} – {percent(score.high)})"
            )
            lines.append(f"{rank.name:{wide}}  mean IoU {percent(score.value)}{bounds} %")
        for pair in self.ranking.pairs:
            value, interval, p = difference_text(pair)
            lines.append(
                f"{pair.first} – {pair.second}: {value} points ({interval}), p {p}: "
                f"{outcome_text(pair)}"
            )
        lines += [f"failed: {name}: {why}" for name, why in self.failed]
        return "\n".join([*lines, "", f"report: {self.report}"])


@dataclass
class _Contender:
    """A method on its way: its name, the folder it is taken from if any, and what it came to."""

    name: str
    given: Path | None
    evaluations: list[Evaluation] = field(default_factory=list)
    masks: Path | None = None
    costs: list[Cost] = field(default_factory=list)

    @property
    def cost(self) -> Cost:
        """The mean over its runs."""

        def mean(values: list[float | None]) -> float | None:
            known = [value for value in values if value is not None]
            return sum(known) / len(known) if known else None

        return Cost(
            mean([one.train_seconds for one in self.costs]),
            mean([one.seconds_per_image for one in self.costs]),
            mean([one.train_mb for one in self.costs]),
            mean([one.run_mb for one in self.costs]),
        )


@dataclass(frozen=True)
class _Terms:
    """What is the same for all methods."""

    data: Path
    chosen: Dataset
    classes: Path | None
    budget_s: float | None
    seeds: int
    device: str | None
    settings: Mapping[str, object]
    folder: Path


def compare(
    data: str | Path,
    methods: Sequence[str | Path],
    *,
    out: str | Path,
    budget_s: float | None = None,
    seeds: int = 1,
    split: str | None = None,
    device: str | None = None,
    settings: Mapping[str, object] | None = None,
    classes: str | Path | None = None,
    margin: float = MARGIN,
    on_event: Listener = lambda event: None,
) -> CompareReport:
    """Compares methods on the same images and writes one page.

    Names of the catalogue are trained, one after the other and each in a process of its own, and
    every one gets the whole budget. Runs and folders of masks are taken as they are. Beside the
    page `OUT.html`, the folder `OUT-runs` gets runs, masks and logs.

    Args:
        data: Labelled images.
        methods: Names of the catalogue, run folders and folders of masks.
        out: The page to write; what was there is replaced.
        budget_s: Wall clock for each training.
        seeds: Runs of every method that is trained, with the seeds 0, 1 …; claims about methods
            need 3. The data must have a split to score on, which is then the same for all.
        split: What to score on; None for "test" if there is one, else what is held out.
        device: Where to train and to run; with None, training takes the fastest and all are run
            on the CPU.
        settings: Dotted settings of the plan to fix, the same for all that are trained.
        classes: A YAML file that renames, merges and ignores classes (`dataset.class_map`).
        margin: Difference of the mean IoU up to which two methods are as good as one another.
        on_event: Told of progress.

    Raises:
        UsageError: Arguments that do not go together, or something that is neither a method nor a
            folder of one.
        DataError: The data cannot be used, or given runs have learned from all there is to score.
        TrainingError: Every method failed.
    """
    data, out = Path(data), Path(out)
    contenders = _contenders(methods)
    trained = any(one.given is None for one in contenders)
    _require_consistent(seeds, margin, trained=trained, budgeted=budget_s or settings)
    dataset = open_data(data, classes)
    name, chosen = _chosen(dataset, split, seeds=seeds, trained=trained, on_event=on_event)
    chosen = _unseen(chosen, contenders, on_event)
    folder = out.with_name(f"{out.stem}-runs")
    require_free(folder)
    with storage_errors(folder):
        folder.mkdir(parents=True, exist_ok=True)
    terms = _Terms(
        data.resolve(),
        chosen,
        None if classes is None else Path(classes).resolve(),
        budget_s,
        seeds,
        device,
        dict(settings or {}),
        folder.resolve(),
    )
    failed = _work_through(contenders, terms, on_event)
    done = [one for one in contenders if one.evaluations]
    if not done:
        raise TrainingError(f"every method failed; {failed[0][0]}: {failed[0][1]}", where=folder)
    ranking = rank_methods(
        [Entrant(one.name, tuple(one.evaluations)) for one in done], margin=margin
    )
    on_event(StageStarted("writing the report"))
    page = _page(done, ranking, terms, name, failed)
    write_whole(out, render_comparison(page))
    said = verdict(ranking, page.costs)
    return CompareReport(out, folder, ranking, said, tuple(failed))


def _contenders(methods: Sequence[str | Path]) -> list[_Contender]:
    """What is to be compared.

    Raises:
        UsageError: Nothing, or one method twice.
        UnknownNameError: Neither a name of the catalogue nor a folder.
    """
    if not methods:
        raise UsageError("there is no method to compare", remedy="Name some with --methods")
    found: list[_Contender] = []
    for given in map(str, methods):
        if given in CATALOG:
            found.append(_Contender(given, None))
        elif Path(given).is_dir():
            _require_method(Path(given))
            name = Path(given).resolve().name
            taken = name in CATALOG or any(one.name == name for one in found)
            found.append(_Contender(given if taken else name, Path(given).resolve()))
        else:
            raise UnknownNameError("method or folder", given, CATALOG, where="--methods")
    names = [one.name for one in found]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"named twice: {', '.join(twice)}", where="--methods", remedy="Once each")
    return found


def _require_method(folder: Path) -> None:
    """Refuses at once what would fail after hours of training others."""
    places = (folder / "segmenter.json", folder / "segmenter" / "segmenter.json")
    if not any(place.is_file() for place in places) and not is_mask_folder(folder):
        raise UsageError(
            "neither a segmenter nor a mask is in it",
            where=folder,
            remedy="Name a finished run, a segmenter, or a folder of predicted masks",
        )


def _require_consistent(seeds: int, margin: float, *, trained: bool, budgeted: object) -> None:
    if seeds < 1:
        raise UsageError(f"{seeds} seeds; accepted is 1 or more", where="--seeds")
    if not 0 <= margin < 1:
        raise UsageError(f"the margin is {margin}; accepted is a share of 0 … 1", where="margin")
    if trained and not budgeted:
        raise UsageError(
            "there are methods to train and no time for them",
            where="--budget",
            remedy="Give each a wall clock, like --budget 10m",
        )


def _chosen(
    dataset: Dataset, split: str | None, *, seeds: int, trained: bool, on_event: Listener
) -> tuple[str, Dataset]:
    """The name and the images of what all are scored on."""
    wanted = split or ("test" if "test" in dataset.splits else "val")
    if wanted in dataset.splits:
        return wanted, dataset.split(wanted)
    if split not in (None, "val"):
        raise DataError(
            f"there is no split {split!r}; there are: {', '.join(dataset.splits) or 'none'}",
            where=dataset.root,
            remedy="Name one of these with --split",
        )
    if not trained:
        return "all", dataset
    if seeds > 1:
        raise UsageError(
            "every seed would hold out other images of undivided data, so that runs could not be "
            "compared",
            where="--seeds",
            remedy="Declare a 'test' or 'val' split first",
        )
    return "held out", learn_and_hold_out(dataset, seed=0, on_event=on_event)[1]


def _unseen(chosen: Dataset, contenders: list[_Contender], on_event: Listener) -> Dataset:
    """Without what a given run has learned from."""
    runs = [one.given for one in contenders if one.given and (one.given / "plan.yaml").is_file()]
    learned = frozenset[str]().union(*(RunFolder.open(run).record.learned for run in runs))
    if not learned:
        return chosen
    hashes = chosen.image_hashes()
    rest = [index for index, one in enumerate(hashes) if one not in learned]
    if not rest:
        raise DataError(
            f"given runs have learned from all {len(chosen)} images that methods would be scored "
            "on",
            where=chosen.root,
            remedy="Name a split that they have not seen, with --split",
        )
    if len(rest) < len(chosen):
        number = len(chosen) - len(rest)
        on_event(Note(f"{number} images that a given run learned from are left out"))
    return chosen.subset(rest)


def _work_through(
    contenders: list[_Contender], terms: _Terms, on_event: Listener
) -> list[tuple[str, str]]:
    """Trains and scores every method, one at a time; gives those that failed."""
    failed: list[tuple[str, str]] = []
    jobs = [
        (one, seed)
        for one in contenders
        for seed in (range(terms.seeds) if one.given is None else [None])
    ]
    on_event(StageStarted("comparing", total=len(jobs)))
    for done, (one, seed) in enumerate(jobs, start=1):
        said = one.name if seed is None else f"{one.name}, seed {seed}"
        on_event(Note(f"{said}: {'scoring' if seed is None else 'training'}"))
        if (why := _one_run(one, seed, terms)) is not None:
            failed.append((said, why))
            on_event(Note(f"{said}: failed: {why}"))
        on_event(StageAdvanced(done))
    return failed


def _one_run(one: _Contender, seed: int | None, terms: _Terms) -> str | None:
    """Trains if there is a seed, and scores; gives the reason if that fails."""
    stem = re.sub(r"[^\w.-]", "_", one.name) + ("" if seed is None else f"-seed{seed}")
    run, train_s, train_mb = one.given, None, None
    if seed is not None:
        run = terms.folder / stem
        training = Training(
            data=terms.data,
            model=one.name,
            out=run,
            seed=seed,
            budget_s=terms.budget_s,
            device=terms.device,
            settings=dict(terms.settings),  # pyright: ignore[reportArgumentType]
            classes=terms.classes,
            started_at=time.time(),
        )
        outcome = run_apart(Task(training=training), terms.folder, f"{stem}-training")
        if outcome.error is not None:
            return outcome.error
        train_s, train_mb = outcome.wall_s, outcome.peak_mb
    assert run is not None  # given or just trained
    masks = terms.folder / f"{stem}-masks"
    scoring = Scoring(
        data=terms.data,
        keys=terms.chosen.keys,
        method=run,
        masks=masks,
        device=terms.device,
        classes=terms.classes,
    )
    outcome = run_apart(Task(scoring=scoring), terms.folder, f"{stem}-scoring")
    if outcome.evaluation is None:
        return outcome.error or "no scores came of it"
    one.evaluations.append(outcome.evaluation)
    one.masks = one.masks or masks
    run_mb = None if outcome.seconds_per_image is None else outcome.peak_mb
    one.costs.append(Cost(train_s, outcome.seconds_per_image, train_mb, run_mb))
    return None


def _page(
    done: list[_Contender],
    ranking: Ranking,
    terms: _Terms,
    split: str,
    failed: list[tuple[str, str]],
) -> ComparisonPage:
    number = len(terms.chosen)
    told = [f"Scored on {number} images: {split} of {terms.data}."]
    if split in ("val", "held out"):
        told.append(
            "Training chose its weights by some of these images, which flatters what was trained."
        )
    if terms.budget_s is not None:
        told.append(
            f"Each method was trained for {terms.budget_s:g} s, in turn and in a process of its "
            "own. Times and memory are of the whole process; time per image is the median."
        )
    told.append(
        f"Two methods are as good as one another if their difference lies within "
        f"{100 * ranking.pairs[0].margin:g} points."
        if ranking.pairs
        else ""
    )
    machine = "; ".join(f"{key}: {value}" for key, value in environment().items())
    notes = [("How it was done", " ".join(told).strip()), ("Machine and versions", machine)]
    if failed:
        notes.insert(0, ("What failed", "; ".join(f"{name}: {why}" for name, why in failed)))
    return ComparisonPage(
        title=f"{', '.join(rank.name for rank in ranking.ranks)} on {terms.data.name}",
        subtitle=f"Comparison on {number} images ({split})",
        ranking=ranking,
        costs={one.name: one.cost for one in done},
        evaluations={one.name: one.evaluations[0] for one in done},
        classes=terms.chosen.classes,
        disagreements=_disagreements(done, ranking, terms.chosen),
        notes=notes,
    )


def _disagreements(done: list[_Contender], ranking: Ranking, chosen: Dataset) -> list[Disagreement]:
    """The images with the widest gap between methods."""
    if len(done) < 2:
        return []
    place = {rank.name: number for number, rank in enumerate(ranking.ranks)}
    ranked = sorted(done, key=lambda one: place[one.name])
    gaps = []
    for index in range(len(chosen)):
        scores = [one.evaluations[0].images[index].mean_iou for one in ranked]
        known = [score for score in scores if score is not None]
        gaps.append((max(known) - min(known) if known else 0.0, -index))
    shown = []
    for gap, negative in sorted(gaps, reverse=True)[:_PICTURES]:
        if gap == 0:
            break
        index = -negative
        sample = chosen[index]
        told = (
            f"{one.name} {percent(one.evaluations[0].images[index].mean_iou or 0)} %"
            for one in ranked
        )
        shown.append(
            Disagreement(
                f"{sample.key} · mean IoU: {', '.join(told)}",
                to_display(sample.image),
                sample.labels,
                {
                    one.name: WrittenMasks(
                        {chosen.entries[index].image: one.masks / f"{sample.key}.png"},
                        chosen.classes,
                    )
                    .segment(sample.image)
                    .labels
                    for one in ranked
                    if one.masks is not None
                },
            )
        )
    return shown
