"""Methods ranked on the same images, and what may be said of any two of them."""

from __future__ import annotations

import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from segwright.errors import UsageError
from segwright.evaluation.bootstrap import MIN_UNITS, RESAMPLES
from segwright.evaluation.confusion import Counts
from segwright.evaluation.evaluation import Estimate, Evaluation
from segwright.evaluation.paired import (
    MIN_SEEDS,
    Difference,
    difference,
    holm,
    mean_over_runs,
    smallest_p,
)
from segwright.evaluation.units import Units

SIGNIFICANT = 0.05
MARGIN = 0.02
"""Difference of the mean IoU up to which two methods are as good as one another."""


@dataclass(frozen=True)
class Entrant:
    """One method of a comparison.

    Attributes:
        name: Of the method.
        evaluations: Of its runs, which differ in their seed alone; one for what is taken as it is.
    """

    name: str
    evaluations: tuple[Evaluation, ...]


@dataclass(frozen=True)
class Rank:
    """One method in the order of the scores.

    Attributes:
        name: Of the method.
        score: Mean IoU, its mean over the runs; the interval is over images, and over seeds too
            from three runs on.
        num_runs: Runs that were averaged.
        between_runs: Standard deviation of their scores; None for one.
    """

    name: str
    score: Estimate
    num_runs: int
    between_runs: float | None


Outcome = Literal["better", "worse", "as good", "open"]


@dataclass(frozen=True)
class Pair:
    """What may be said of two methods.

    Attributes:
        first: The one that ranks higher.
        second: The other.
        difference: Score of the first less that of the second.
        p: That of the difference, adjusted by Holm's method for all pairs of the comparison; None
            where there was no test.
        about_methods: Whether seeds are in it (three runs of each); if not, it is about these
            trained segmenters alone.
        margin: Difference up to which two methods are as good as one another.
    """

    first: str
    second: str
    difference: Difference
    p: float | None
    about_methods: bool
    margin: float

    @property
    def outcome(self) -> Outcome:
        """What the first is, seen from the second.

        "as good" where the whole interval lies within the margin, be the difference significant or
        not; "better" or "worse" where it is significant; else "open": they cannot be told apart.
        """
        found = self.difference
        if found.low is not None and found.high is not None:
            if -self.margin < found.low and found.high < self.margin:
                return "as good"
            if self.p is not None and self.p < SIGNIFICANT:
                return "better" if found.value > 0 else "worse"
        return "open"


@dataclass(frozen=True)
class Ranking:
    """Methods on the same images.

    Attributes:
        ranks: From the best to the worst score.
        pairs: Every two of them, in the order of the ranks.
        unit: What was resampled.
        num_units: How many of them there are.
        num_images: Images that all were scored on.
    """

    ranks: tuple[Rank, ...]
    pairs: tuple[Pair, ...]
    unit: Literal["image", "group"]
    num_units: int
    num_images: int

    @property
    def untestable(self) -> bool:
        """Whether there are so few units for so many pairs that no test can find a difference.

        Tests of single runs, that is; with three seeds of a method, Student's finds large ones.
        """
        if any(rank.num_runs >= MIN_SEEDS for rank in self.ranks):
            return False
        return len(self.pairs) * smallest_p(self.num_units) >= SIGNIFICANT

    def pair(self, one: str, other: str) -> Pair:
        """The pair of two names, whichever ranks higher."""
        return next(pair for pair in self.pairs if {pair.first, pair.second} == {one, other})


def rank_methods(
    entrants: Sequence[Entrant],
    *,
    margin: float = MARGIN,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Ranking:
    """Ranks methods by mean IoU and compares every two; see `paired` for how.

    Args:
        entrants: Scored on the same images with the same truth.
        margin: Difference of the mean IoU up to which two are as good as one another.
        resamples: How often units are drawn anew.
        seed: Of draws and exchanges.

    Raises:
        UsageError: No method, a name twice, or methods that were scored on different images.
    """
    _require_comparable(entrants)
    images = entrants[0].evaluations[0].images
    units = Units.of([image.group for image in images])
    runs = {
        entrant.name: [counts_of(one).of_units(units) for one in entrant.evaluations]
        for entrant in entrants
    }
    drawing = {"resamples": resamples, "seed": seed}
    ranks = sorted((_rank(e, runs[e.name], **drawing) for e in entrants), key=_by_score)
    names = list(itertools.combinations([rank.name for rank in ranks], 2))
    found = [difference(runs[one], runs[other], **drawing) for one, other in names]
    adjusted = holm([one.p for one in found])
    return Ranking(
        tuple(ranks),
        tuple(
            Pair(
                first=one,
                second=other,
                difference=apart,
                p=p,
                about_methods=min(len(runs[one]), len(runs[other])) >= MIN_SEEDS,
                margin=margin,
            )
            for (one, other), apart, p in zip(names, found, adjusted, strict=True)
        ),
        units.name,
        units.count,
        len(images),
    )


def counts_of(evaluation: Evaluation) -> Counts:
    """(N, K) counts of the images of an evaluation."""
    column = {score.name: k for k, score in enumerate(evaluation.classes)}
    counts = np.zeros((3, len(evaluation.images), len(column)), np.int64)
    for row, image in enumerate(evaluation.images):
        for name, numbers in image.counts.items():
            counts[:, row, column[name]] = numbers
    return Counts(*counts)


def _by_score(rank: Rank) -> tuple[float, str]:
    return -rank.score.value, rank.name


def _rank(entrant: Entrant, runs: list[Counts], *, resamples: int, seed: int) -> Rank:
    if len(runs) == 1:
        return Rank(entrant.name, entrant.evaluations[0].mean_iou, 1, None)
    spread = mean_over_runs(runs, resamples=resamples, seed=seed)
    low = high = None
    if len(runs[0]) >= MIN_UNITS:
        low, high, _ = spread.interval_and_p()
        low, high = max(0.0, low), min(1.0, high)
    scores = np.array([one.mean_iou.value for one in entrant.evaluations])
    score = Estimate(value=spread.value, low=low, high=high)
    return Rank(entrant.name, score, len(runs), float(scores.std(ddof=1)))


def _require_comparable(entrants: Sequence[Entrant]) -> None:
    if not entrants:
        raise UsageError("there is no method to rank", remedy="Name at least one")
    names = [entrant.name for entrant in entrants]
    if twice := sorted({name for name in names if names.count(name) > 1}):
        raise UsageError(f"methods are named twice: {', '.join(twice)}")
    first = entrants[0].evaluations[0]
    wanted = _what_is_there(first)
    for entrant in entrants:
        for evaluation in entrant.evaluations:
            if _what_is_there(evaluation) != wanted:
                raise UsageError(
                    f"{entrant.name!r} was scored on other images or labels than "
                    f"{entrants[0].name!r} ({evaluation.num_images} and {first.num_images} images)",
                    remedy="Compare methods on the same images, in the same order",
                )


def _what_is_there(evaluation: Evaluation) -> list[object]:
    """Names, groups and true pixels of all images."""
    names = tuple(score.name for score in evaluation.classes)
    return [
        names,
        *(
            (
                image.key,
                image.group,
                image.judged_px,
                {k: v[1] for k, v in image.counts.items() if v[1]},
            )
            for image in evaluation.images
        ),
    ]
