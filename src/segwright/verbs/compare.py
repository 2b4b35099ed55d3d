"""`segwright compare`: methods side by side on the same images, each with the same time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from segwright.classical.catalog import CATALOG as METHODS
from segwright.dataset import Dataset
from segwright.errors import DataError, TrainingError, UnknownNameError, UsageError
from segwright.evaluation.comparing import MARGIN, Entrant, Ranking, rank_methods
from segwright.evaluation.report.comparison_page import render_comparison
from segwright.evaluation.tables import percent
from segwright.evaluation.verdict import difference_text, outcome_text, verdict
from segwright.events import Listener, Note, StageStarted
from segwright.models.catalog import CATALOG as NETWORKS
from segwright.storage import storage_errors, write_whole
from segwright.training.launch import require_alone
from segwright.training.run_folder import require_free
from segwright.verbs.comparison_content import comparison_page
from segwright.verbs.contest import Contender, Terms, work_through
from segwright.verbs.evaluate import is_mask_folder
from segwright.verbs.opening import learn_and_hold_out, open_data
from segwright.verbs.runs import record_of


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
        settings: Dotted settings of the plan to fix, the same for all networks; after the name of
            a contender ("unet.optimiser.lr", "otsu.levels") for that one alone.
        classes: A YAML file that renames, merges and ignores classes (`dataset.class_map`).
        margin: Difference of the mean IoU up to which two methods are as good as one another.
        on_event: Told of progress.

    Raises:
        UsageError: Arguments that do not go together, or something that is neither a method nor a
            folder of one.
        DataError: The data cannot be used, or given runs have learned from all there is to score.
        TrainingError: Every method failed.
    """
    require_alone("a comparison")
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
    terms = Terms(
        data.resolve(),
        chosen,
        None if classes is None else Path(classes).resolve(),
        budget_s,
        seeds,
        device,
        dict(settings or {}),
        frozenset(one.name for one in contenders),
        folder.resolve(),
    )
    failed = work_through(contenders, terms, on_event)
    done = [one for one in contenders if one.evaluations]
    if not done:
        raise TrainingError(f"every method failed; {failed[0][0]}: {failed[0][1]}", where=folder)
    ranking = rank_methods(
        [Entrant(one.name, tuple(one.evaluations)) for one in done], margin=margin
    )
    on_event(StageStarted("writing the report"))
    page = comparison_page(done, ranking, terms, name, failed)
    write_whole(out, render_comparison(page))
    said = verdict(ranking, page.costs)
    return CompareReport(out, folder, ranking, said, tuple(failed))


def _contenders(methods: Sequence[str | Path]) -> list[Contender]:
    """What is to be compared.

    Raises:
        UsageError: Nothing, or one method twice.
        UnknownNameError: Neither a name of the catalogue nor a folder.
    """
    if not methods:
        raise UsageError("there is no method to compare", remedy="Name some with --methods")
    found: list[Contender] = []
    for given in map(str, methods):
        if given in NETWORKS or given in METHODS:
            found.append(Contender(given, None))
        elif Path(given).is_dir():
            _require_method(Path(given))
            name = Path(given).resolve().name
            taken = name in NETWORKS or name in METHODS or any(one.name == name for one in found)
            found.append(Contender(given if taken else name, Path(given).resolve()))
        else:
            raise UnknownNameError(
                "method or folder", given, (*NETWORKS, *METHODS), where="--methods"
            )
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


def _unseen(chosen: Dataset, contenders: list[Contender], on_event: Listener) -> Dataset:
    """Without what a given run has learned from."""
    records = [record_of(one.given) for one in contenders if one.given]
    learned = frozenset[str]().union(*(one.learned for one in records if one))
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
