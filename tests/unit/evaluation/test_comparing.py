"""Methods against one another: by hand, against SciPy, and in what may be claimed."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from scipy import stats

from segwright.errors import UsageError
from segwright.evaluation import Evaluation, ScoredPair, evaluate_pairs
from segwright.evaluation.comparing import Entrant, Pair, counts_of, rank_methods
from segwright.evaluation.confusion import Counts
from segwright.evaluation.paired import Difference, Spread, difference, holm, mean_iou
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap

CLASSES = Classes.named(["nothing", "cell"], background=0)


def evaluation(right: float, *, run: int = 0, number: int = 20, groups=None) -> Evaluation:
    """A method that answers a share of the pixels rightly, on images that are always the same."""
    chance, scenes = np.random.default_rng([run, int(1000 * right)]), np.random.default_rng(0)

    def one(index: int) -> ScoredPair:
        truth = (scenes.random((20, 25)) < 0.4).astype(np.uint8)
        answer = np.where(chance.random(truth.shape) < right, truth, 1 - truth).astype(np.uint8)
        group = None if groups is None else groups[index]
        return ScoredPair(str(index), group, LabelMap(truth, CLASSES), LabelMap(answer, CLASSES))

    return evaluate_pairs((one(i) for i in range(number)), CLASSES)


def counts(rng: np.random.Generator, number: int, right: float) -> Counts:
    truth = np.full((number, 2), 500)
    missed = rng.binomial(500, 1 - right, (number, 2))
    return Counts(truth - missed, truth, truth - missed + missed[:, ::-1])


def test_counts_are_read_back_from_an_evaluation() -> None:
    found = evaluation(0.8)
    whole = counts_of(found)
    assert len(whole) == 20
    assert mean_iou(whole.summed(np.ones((1, 20))))[0] == pytest.approx(found.mean_iou.value)


def test_the_exact_test_is_the_share_of_all_exchanges() -> None:
    rng = np.random.default_rng(2)
    one, other = counts(rng, 6, 0.8), counts(rng, 6, 0.77)

    def score(parts: list[Counts]) -> float:
        stacked = Counts.stack([part.total() for part in parts]).total()
        return float(mean_iou(stacked))

    values = []
    for swaps in itertools.product([False, True], repeat=6):
        rows = [np.array([i]) for i in range(6)]
        mine = [(other if s else one).rows(r) for s, r in zip(swaps, rows, strict=True)]
        yours = [(one if s else other).rows(r) for s, r in zip(swaps, rows, strict=True)]
        values.append(abs(score(mine) - score(yours)))
    expected = np.mean(np.array(values) >= values[0] - 1e-12)
    found = difference([one], [other], resamples=500, seed=0)
    assert found.p == pytest.approx(expected)
    assert found.value == pytest.approx(float(mean_iou(one.total()) - mean_iou(other.total())))


def test_a_drawn_test_agrees_with_scipys() -> None:
    rng = np.random.default_rng(4)
    one, other = counts(rng, 30, 0.8), counts(rng, 30, 0.795)
    found = difference([one], [other], resamples=500, seed=0)

    def statistic(a, b, axis):
        # Per image the two classes have 500 pixels each, so that hits decide the score alone.
        return np.mean(a - b, axis=axis)

    hits = [each.hit.sum(axis=1).astype(float) for each in (one, other)]
    theirs = stats.permutation_test(
        hits, statistic, permutation_type="samples", vectorized=True, n_resamples=9999, rng=1
    )
    assert found.p == pytest.approx(theirs.pvalue, abs=0.03)


def test_runs_that_differ_by_seed_give_welchs_test_where_images_add_nothing() -> None:
    """Every unit is alike, so that seeds alone make the scores vary: SciPy's Welch test."""

    def runs(*rights: int) -> list[Counts]:
        return [
            Counts(np.full((8, 1), r), np.full((8, 1), 1000), np.full((8, 1), 1000)) for r in rights
        ]

    first, second = runs(800, 820, 790, 811), runs(780, 785, 801)
    found = difference(first, second, resamples=200, seed=0)
    scores = [[float(mean_iou(run.total())) for run in each] for each in (first, second)]
    theirs = stats.ttest_ind(*scores, equal_var=False)
    assert found.p == pytest.approx(theirs.pvalue, rel=1e-6)
    ends = theirs.confidence_interval(0.95)
    assert (found.low, found.high) == pytest.approx((ends.low, ends.high), rel=1e-6)


def test_no_spread_at_all() -> None:
    assert Spread(0.0, (0.0, 9), ()).interval_and_p() == (0, 0, 1)
    assert Spread(0.1, (0.0, 9), ()).interval_and_p() == (0.1, 0.1, 0)


def test_holm_by_hand() -> None:
    assert holm([0.01, 0.04, None, 0.03]) == [0.03, 0.06, None, 0.06]
    assert holm([0.5, 0.9]) == [1.0, 1.0]
    assert holm([]) == []


def test_a_clear_difference_is_claimed_and_a_method_is_no_better_than_itself() -> None:
    good, bad = evaluation(0.9), evaluation(0.7)
    ranking = rank_methods([Entrant("bad", (bad,)), Entrant("good", (good,))])
    assert [rank.name for rank in ranking.ranks] == ["good", "bad"]
    assert ranking.ranks[0].score == good.mean_iou
    pair = ranking.pair("bad", "good")
    assert (pair.first, pair.outcome, pair.about_methods) == ("good", "better", False)
    assert pair.difference.value == pytest.approx(good.mean_iou.value - bad.mean_iou.value)
    assert pair.difference.low < pair.difference.value < pair.difference.high
    twin = rank_methods([Entrant("a", (good,)), Entrant("b", (good,))]).pairs[0]
    assert (twin.difference.value, twin.p, twin.outcome) == (0, 1, "as good")


def test_three_runs_each_are_a_claim_about_methods_and_their_spread_widens_it() -> None:
    alike = [evaluation(0.8, run=run) for run in range(3)]
    apart = [evaluation(right) for right in (0.77, 0.80, 0.83)]
    other = tuple(evaluation(0.75, run=run) for run in range(3))
    narrow, wide = (
        rank_methods([Entrant("a", tuple(runs)), Entrant("b", other)]).pairs[0]
        for runs in (alike, apart)
    )
    assert narrow.about_methods and wide.about_methods
    width = [p.difference.high - p.difference.low for p in (narrow, wide)]
    assert width[1] > 3 * width[0]
    assert (narrow.outcome, wide.outcome) == ("better", "open")
    rank = rank_methods([Entrant("a", tuple(apart))]).ranks[0]
    assert rank.num_runs == 3
    assert rank.between_runs == pytest.approx(np.std([e.mean_iou.value for e in apart], ddof=1))
    assert rank.score.high - rank.score.low > 2 * rank.between_runs


def test_the_seeds_of_one_method_count_beside_a_segmenter_that_is_taken_as_it_is() -> None:
    apart = tuple(evaluation(right) for right in (0.74, 0.80, 0.86))
    given = Entrant("given", (evaluation(0.76),))
    pair = rank_methods([Entrant("a", apart), given]).pairs[0]
    assert not pair.about_methods
    scores = [one.mean_iou.value for one in apart]
    assert pair.difference.high - pair.difference.low > 4 * np.std(scores, ddof=1) / 3**0.5
    assert pair.outcome == "open"


def test_groups_are_exchanged_as_wholes_and_five_can_never_be_significant() -> None:
    groups = [str(i % 5) for i in range(20)]
    entrants = [
        Entrant(name, (evaluation(right, groups=groups),))
        for name, right in (("good", 0.9), ("bad", 0.7))
    ]
    ranking = rank_methods(entrants)
    assert (ranking.unit, ranking.num_units, ranking.num_images) == ("group", 5, 20)
    assert ranking.pairs[0].p == pytest.approx(2 / 32)
    assert ranking.pairs[0].outcome == "open"
    few = rank_methods(
        [Entrant(e, (evaluation(r, number=4),)) for e, r in (("a", 0.9), ("b", 0.7))]
    )
    assert few.pairs[0].p is None and few.pairs[0].difference.low is None
    assert few.pairs[0].outcome == "open"


@pytest.mark.parametrize(
    ("value", "low", "high", "p", "outcome"),
    [
        (0.01, -0.005, 0.015, 0.3, "as good"),
        (0.01, 0.005, 0.015, 0.001, "as good"),
        (0.04, 0.01, 0.07, 0.01, "better"),
        (-0.04, -0.07, -0.01, 0.01, "worse"),
        (0.04, 0.01, 0.07, 0.06, "open"),
        (0.01, -0.03, 0.05, 0.6, "open"),
    ],
)
def test_what_may_be_said(value: float, low: float, high: float, p: float, outcome: str) -> None:
    pair = Pair("a", "b", Difference(value, low, high, p), p, True, margin=0.02)
    assert pair.outcome == outcome


def test_what_cannot_be_compared() -> None:
    with pytest.raises(UsageError, match=r"other images or labels than 'a' .19 and 20 images"):
        rank_methods(
            [Entrant("a", (evaluation(0.9),)), Entrant("b", (evaluation(0.9, number=19),))]
        )
    with pytest.raises(UsageError, match="twice: a"):
        rank_methods([Entrant("a", (evaluation(0.9),))] * 2)
    with pytest.raises(UsageError, match="no method"):
        rank_methods([])
