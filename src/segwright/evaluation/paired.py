"""Two methods on the same images: the interval of their difference, and a test.

**One run each.** The interval resamples the same units for both (expanded percentiles, as in
`bootstrap`). The test asks how often a difference as large would come about if the two were one
and the same: the answers of the two are exchanged in random units, or in all possible sets of
units where there are few (a paired permutation test, after R. A. Fisher, The Design of Experiments,
1935, section 21). With 5 units there are 32 ways, so that no p value can be below 0.06. Both say
what other images might have given, and nothing about training once more.

**Three runs each or more**, which differ in the seed alone. The difference of the mean scores
varies with the images and with the seeds. Both variances are added: that of resampled units, and
for each method the variance of its runs over their number. Interval and test are Student's, with
degrees of freedom after F. E. Satterthwaite, Biometrics Bulletin 2 (1946): few seeds or few units
make both cautious. Two runs are averaged like three, but give no variance that could be used. Where
one method has three runs and the other has fewer, or is taken as it is, the seeds of the one are in
it: it is then said of that method and of the very segmenter of the other.

`benchmarks/interval_coverage.py` measures how often both go wrong.
"""

from __future__ import annotations

import itertools
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np

from segwright.evaluation.bootstrap import LEVEL, MIN_UNITS, interval, unit_weights
from segwright.evaluation.confusion import Counts, mean_over_scored
from segwright.evaluation.student import student_quantile, two_sided

MIN_SEEDS = 3
"""Runs that a claim about a method needs."""

_EXCHANGES = 9_999
_MOST_ENUMERATED = 13  # 8192 ways to exchange
_ROWS = 1024


@dataclass(frozen=True)
class Difference:
    """The score of one method less that of another, on the same images.

    Attributes:
        value: -1 … 1.
        low: Lower end of its 95 % interval; None where none can be trusted.
        high: Upper end; None where `low` is.
        p: How probable a difference at least as large is between methods that are alike; None with
            too few units.
    """

    value: float
    low: float | None
    high: float | None
    p: float | None


@dataclass(frozen=True, eq=False)
class Spread:
    """A mean over runs with the variances that it has from images and from seeds.

    Attributes:
        value: The mean.
        images: Variance because other images might have been drawn, and their degrees of freedom.
        seeds: The same because of the seeds, one for each method.
    """

    value: float
    images: tuple[float, int]
    seeds: tuple[tuple[float, int], ...]

    def interval_and_p(self) -> tuple[float, float, float]:
        """Lower and upper end of the 95 % interval, and the p value of a mean of 0."""
        parts = (self.images, *self.seeds)
        variance = sum(part for part, _ in parts)
        if variance == 0:
            return self.value, self.value, float(self.value == 0)
        degrees = variance**2 / sum(part**2 / free for part, free in parts if part)
        error = variance**0.5
        half = student_quantile((1 + LEVEL) / 2, degrees) * error
        return self.value - half, self.value + half, two_sided(self.value / error, degrees)


def mean_iou(counts: Counts) -> np.ndarray:
    """The score of sums of units: (R, K) counts → (R,)."""
    return mean_over_scored(counts.iou())


def mean_over_runs(runs: Sequence[Counts], *, resamples: int, seed: int) -> Spread:
    """The mean score of runs of one method, each (U, K) counts of the same units."""
    draws = _draws(runs, resamples=resamples, seed=seed)
    scores = _scores(runs)
    return Spread(float(scores.mean()), _image_variance(draws, len(runs[0])), _of_seeds(scores))


def difference(
    first: Sequence[Counts], second: Sequence[Counts], *, resamples: int, seed: int
) -> Difference:
    """Compares two methods on the same units.

    Args:
        first: (U, K) counts of every run of the one method, which differ in their seed.
        second: The same of the other.
        resamples: How often units are drawn anew.
        seed: Of the draws and exchanges.
    """
    ours, theirs = _scores(first), _scores(second)
    value, number = float(ours.mean() - theirs.mean()), len(first[0])
    if number < MIN_UNITS:
        return Difference(value, None, None, None)
    both = (_draws(runs, resamples=resamples, seed=seed) for runs in (first, second))
    draws = next(both) - next(both)
    if max(len(first), len(second)) >= MIN_SEEDS:
        spread = Spread(
            value, _image_variance(draws, number), (*_of_seeds(ours), *_of_seeds(theirs))
        )
        return Difference(value, *spread.interval_and_p())
    ends = interval(value, draws, number)
    low, high = (None, None) if ends is None else ends
    return Difference(value, low, high, _exchanged_p(first, second, seed=seed))


def smallest_p(units: int) -> float:
    """The smallest p value that the test of one run each can give with so many units."""
    return 2.0 / 2**units if units <= _MOST_ENUMERATED else 1 / (_EXCHANGES + 1)


def holm(p_values: Sequence[float | None]) -> list[float | None]:
    """Adjusts p values for being many, so that the chance of any false claim stays what it says.

    Source: S. Holm, Scandinavian Journal of Statistics 6 (1979).

    Args:
        p_values: None where there was no test; it stays None and does not count.
    """
    tested = sorted((p, i) for i, p in enumerate(p_values) if p is not None)
    adjusted: list[float | None] = [None] * len(p_values)
    highest = 0.0
    for rank, (p, index) in enumerate(tested):
        highest = max(highest, min(1.0, (len(tested) - rank) * p))
        adjusted[index] = highest
    return adjusted


def _scores(runs: Sequence[Counts]) -> np.ndarray:
    """(S,) scores of whole runs."""
    everything = np.ones((1, len(runs[0])))
    return np.array([mean_iou(run.summed(everything))[0] for run in runs])


def _draws(runs: Sequence[Counts], *, resamples: int, seed: int) -> np.ndarray:
    """(R,) mean scores over runs of resampled units; the same units for all that give one seed."""
    return np.concatenate(
        [
            np.mean([mean_iou(run.summed(weights)) for run in runs], axis=0)
            for weights in unit_weights(len(runs[0]), resamples=resamples, seed=seed)
        ]
    )


def _image_variance(draws: np.ndarray, number: int) -> tuple[float, int]:
    degrees = max(1, number - 1)
    return float(np.nanvar(draws)) * number / degrees, degrees


def _of_seeds(scores: np.ndarray) -> tuple[tuple[float, int], ...]:
    number = len(scores)
    if number < MIN_SEEDS:
        return ()
    return ((float(scores.var(ddof=1)) / number, number - 1),)


def _exchanged_p(first: Sequence[Counts], second: Sequence[Counts], *, seed: int) -> float:
    """The p value of the paired permutation test, runs of one method averaged."""
    number = len(first[0])
    pairs = list(itertools.product(first, second))
    observed = abs(_scores(first).mean() - _scores(second).mean())
    as_large = total = 0
    for swapped in _exchanges(number, seed):
        values = np.zeros(len(swapped))
        for ours, theirs in pairs:
            mixed = (_mixed(a, b, swapped) for a, b in ((ours, theirs), (theirs, ours)))
            values += mean_iou(next(mixed)) - mean_iou(next(mixed))
        as_large += int(np.count_nonzero(np.abs(values) / len(pairs) >= observed - 1e-12))
        total += len(swapped)
    if number <= _MOST_ENUMERATED:
        return as_large / total  # the way things are is one of them
    return (as_large + 1) / (total + 1)


def _exchanges(number: int, seed: int) -> Iterator[np.ndarray]:
    """(r, U) float64 of 0 and 1: in which units the answers are exchanged."""
    if number <= _MOST_ENUMERATED:
        every = np.arange(2**number)[:, None] >> np.arange(number) & 1
        yield every.astype(np.float64)
        return
    rng = np.random.default_rng(seed)
    for start in range(0, _EXCHANGES, _ROWS):
        rows = min(_ROWS, _EXCHANGES - start)
        yield rng.integers(0, 2, (rows, number)).astype(np.float64)


def _mixed(one: Counts, other: Counts, swapped: np.ndarray) -> Counts:
    """(r, K) sums over units, of the other method where swapped."""

    def mix(a: np.ndarray, b: np.ndarray) -> np.ndarray:
        return a.sum(axis=0) + swapped @ (b - a)

    return Counts(
        mix(one.hit, other.hit), mix(one.truth, other.truth), mix(one.predicted, other.predicted)
    )
