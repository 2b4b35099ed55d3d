"""How often intervals hold the truth, and how often tests between equal methods cry wolf.

Many data sets are drawn from a model whose endless average is known: images in groups, each with
a skill of its own and a share from its group; three classes, one of them rare. From each data set
every kind of interval is computed, over groups as the package does. A good kind holds the truth in
95 of 100 data sets, whatever their size, and is narrow.

    python benchmarks/interval_coverage.py [--repeats 400]
"""

from __future__ import annotations

import argparse
import itertools
import time
from collections.abc import Iterator
from dataclasses import dataclass
from statistics import NormalDist

import numpy as np

from segwright.evaluation.bootstrap import expanded_tail, unit_weights
from segwright.evaluation.confusion import Counts, mean_over_scored
from segwright.evaluation.paired import difference, holm
from segwright.evaluation.student import student_quantile

RESAMPLES = 1000
SIZES = (5, 10, 20, 50, 200)
BETWEEN_SEEDS = 0.12
"""Spread of the skill of runs that differ in the seed, on logits: about 1.5 points of mean IoU."""

LEVEL = 0.95
KINDS = ("percentile", "expanded", "BCa", "t", "t of logit")
_PHI = NormalDist()


@dataclass(frozen=True)
class Scenes:
    """Images in groups, as they are before any method has seen them.

    Attributes:
        group: (N,) number of the group of each image.
        truth: (N, 3) pixels of each class.
        ease: (N, 3) share of the class that is found, on logits.
    """

    group: np.ndarray
    truth: np.ndarray
    ease: np.ndarray

    @classmethod
    def drawn(cls, rng: np.random.Generator, number: int, *, rare: bool = False) -> Scenes:
        """One to six images in each group; a rare third class is in one image of four."""
        group = np.repeat(np.arange(number), rng.integers(1, 7, number))
        total = len(group)
        ease = np.array([2.5, 1.2, 0.4]) + rng.normal(0, 0.6, (number, 1))[group]
        share = np.array([6.0, 1.0, 0.3]) * rng.lognormal(0, 0.5, (total, 3))
        if rare:
            share[:, 2] *= rng.random(total) < 0.25
        return cls(group, np.rint(2000 * share), ease + rng.normal(0, 0.6, (total, 3)))

    def answered(self, rng: np.random.Generator, *, skill: float = 0.0, own: float = 0.0) -> Counts:
        """(G, 3) counts of the groups.

        Args:
            rng: Where chance comes from.
            skill: Of this run, added on logits.
            own: Standard deviation of what this run makes of single images.
        """
        level = self.ease + skill + own * rng.normal(0, 1, self.ease.shape)
        hit = np.rint(self.truth / (1 + np.exp(-level)))
        # What is missed of one class is invented in another.
        missed = self.truth - hit
        others = [missed[:, 1] + missed[:, 2], 0.8 * missed[:, 0], 0.2 * missed[:, 0]]
        sums = np.zeros((3, self.group[-1] + 1, 3))
        for total, part in zip(
            sums, (hit, self.truth, np.rint(hit + np.stack(others, axis=1))), strict=True
        ):
            np.add.at(total, self.group, part)
        return Counts(*sums)


def mean_iou(counts: Counts) -> np.ndarray:
    return mean_over_scored(counts.iou())


def ends(kind: str, value: float, draws: np.ndarray, left_out: np.ndarray) -> tuple[float, float]:
    """The ends of an interval from the score, those of resamples and those without one group."""
    number = len(left_out)
    tail = (1 - LEVEL) / 2
    if kind == "t":
        error = draws.std() * (number / (number - 1)) ** 0.5
        half = student_quantile(1 - tail, number - 1) * error
        return value - half, value + half
    if kind == "t of logit":  # cannot leave 0 … 1
        on_logits = np.log(draws / (1 - draws))
        half = student_quantile(1 - tail, number - 1) * (number / (number - 1)) ** 0.5
        half *= on_logits.std()
        middle = np.log(value / (1 - value))
        return 1 / (1 + np.exp(half - middle)), 1 / (1 + np.exp(-half - middle))
    if kind == "expanded":
        tail = expanded_tail(number)
        low, high = tail, 1 - tail
    elif kind == "BCa":  # Efron, JASA 82 (1987)
        below = np.mean(draws < value) + np.mean(draws == value) / 2
        bias = _PHI.inv_cdf(float(np.clip(below, 1e-4, 1 - 1e-4)))
        pull = left_out.mean() - left_out
        speed = (pull**3).sum() / (6 * max((pull**2).sum(), 1e-30) ** 1.5)
        z = [bias + _PHI.inv_cdf(p) for p in (tail, 1 - tail)]
        low, high = (_PHI.cdf(bias + one / (1 - speed * one)) for one in z)
    else:
        low, high = tail, 1 - tail
    return float(np.quantile(draws, low)), float(np.quantile(draws, high))


def intervals(groups: Counts, seed: int) -> Iterator[tuple[str, float, float]]:
    number = len(groups)
    everything = np.ones((1, number))
    value = float(mean_iou(groups.summed(everything))[0])
    weights = np.concatenate(list(unit_weights(number, resamples=RESAMPLES, seed=seed)))
    draws = mean_iou(groups.summed(weights))
    left_out = mean_iou(groups.summed(1 - np.eye(number)))
    for kind in KINDS:
        yield kind, *ends(kind, value, draws, left_out)


def coverage_rows(repeats: int, *, rare: bool) -> Iterator[list[str]]:
    rng = np.random.default_rng(1)
    endless = Scenes.drawn(rng, 300_000, rare=rare).answered(rng)
    truth = float(mean_iou(endless.summed(np.ones((1, 300_000))))[0])
    for number in SIZES:
        held, width = dict.fromkeys(KINDS, 0), dict.fromkeys(KINDS, 0.0)
        rng = np.random.default_rng(number)
        for repeat in range(repeats):
            groups = Scenes.drawn(rng, number, rare=rare).answered(rng)
            for kind, low, high in intervals(groups, repeat):
                held[kind] += low <= truth <= high
                width[kind] += (high - low) / repeats
        cells = [f"{100 * held[k] / repeats:.1f} ({100 * width[k]:.1f})" for k in KINDS]
        yield ["rare class" if rare else "all classes common", str(number), *cells]


def runs_of(rng: np.random.Generator, scenes: Scenes, seeds: int, spread: float) -> list[Counts]:
    """Runs of one method; all methods here are equally good in the long run."""
    return [scenes.answered(rng, skill=rng.normal(0, spread), own=0.3) for _ in range(seeds)]


def false_claim_rows(repeats: int) -> Iterator[list[str]]:
    """How often a difference is claimed between methods that have none."""
    cases = {"one run, no seed": (1, 0.0), "one run": (1, BETWEEN_SEEDS)}
    cases |= {"3 runs": (3, BETWEEN_SEEDS), "5 runs": (5, BETWEEN_SEEDS)}
    for number in SIZES:
        cells = []
        for seeds, spread in cases.values():
            rng = np.random.default_rng(number)
            claimed = outside = 0
            for repeat in range(repeats):
                scenes = Scenes.drawn(rng, number)
                pair = [runs_of(rng, scenes, seeds, spread) for _ in range(2)]
                found = difference(*pair, resamples=RESAMPLES, seed=repeat)
                assert found.p is not None and found.low is not None and found.high is not None
                claimed += found.p < 0.05
                outside += not found.low <= 0 <= found.high
            cells.append(f"{100 * claimed / repeats:.1f} / {100 * outside / repeats:.1f}")
        yield [str(number), *cells]


def family_row(repeats: int, *, methods: int = 4, number: int = 20) -> str:
    """How often anything at all is claimed among several equal methods."""
    rng = np.random.default_rng(0)
    alone = together = 0
    for repeat in range(repeats):
        scenes = Scenes.drawn(rng, number)
        all_runs = [runs_of(rng, scenes, 3, BETWEEN_SEEDS) for _ in range(methods)]
        p_values = [
            difference(one, other, resamples=RESAMPLES, seed=repeat).p
            for one, other in itertools.combinations(all_runs, 2)
        ]
        alone += any(p is not None and p < 0.05 for p in p_values)
        together += any(p is not None and p < 0.05 for p in holm(p_values))
    return (
        f"{methods} equal methods of 3 runs on {number} groups: anything claimed in "
        f"{100 * alone / repeats:.1f} % without and {100 * together / repeats:.1f} % with Holm"
    )


def show(rows: list[list[str]]) -> None:
    widths = [max(len(row[i]) for row in rows) for i in range(len(rows[0]))]
    for row in rows:
        print("  ".join(cell.rjust(width) for cell, width in zip(row, widths, strict=True)))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--repeats", type=int, default=400)
    options = parser.parse_args()
    begun = time.monotonic()
    print(
        f"Coverage of 95 % intervals of the mean IoU in % (mean width in points), "
        f"{options.repeats} data sets a row:"
    )
    rows = [["data", "groups", *KINDS]]
    for rare in (False, True):
        rows += coverage_rows(options.repeats, rare=rare)
    show(rows)
    fewer = max(1, options.repeats // 2)
    print(
        f"\nFalse claims between two equal methods in % (p below 0.05 / 0 outside the interval), "
        f"{fewer} pairs a cell;\nbut for the first column, runs differ by their seed as well:"
    )
    titles = ["one run, no seed", "one run each", "3 runs each", "5 runs each"]
    show([["groups", *titles], *false_claim_rows(fewer)])
    print(family_row(fewer))
    print(f"{time.monotonic() - begun:.0f} s")


if __name__ == "__main__":
    main()
