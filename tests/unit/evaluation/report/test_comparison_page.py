"""The page of a comparison: what stands open on it and what is folded away."""

from __future__ import annotations

import itertools
import re

import numpy as np
import pytest

from segwright.evaluation import ScoredPair, evaluate_pairs
from segwright.evaluation.comparing import Pair, Rank, Ranking
from segwright.evaluation.evaluation import Estimate
from segwright.evaluation.paired import Difference
from segwright.evaluation.report.comparison_page import ComparisonPage, render_comparison
from segwright.evaluation.verdict import Cost
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap


def page(number: int) -> str:
    """Of so many methods, the first of which is the best."""
    names = [f"m{n}" for n in range(number)]
    apart = Difference(0.05, 0.03, 0.07, 0.001)
    ranking = Ranking(
        tuple(Rank(name, Estimate(value=0.6), 1, None) for name in names),
        tuple(
            Pair(one, other, apart, 0.001, False, 0.02)
            for one, other in itertools.combinations(names, 2)
        ),
        "image",
        40,
        40,
    )
    costs = dict.fromkeys(names, Cost())
    classes = Classes.named(["nothing", "cell"])
    same = LabelMap(np.zeros((4, 4), np.uint8), classes)
    evaluation = evaluate_pairs([ScoredPair("a", None, same, same, None)], classes)
    scored = dict.fromkeys(names, evaluation)
    return render_comparison(
        ComparisonPage("title", "subtitle", ranking, costs, scored, classes, (), ())
    )


@pytest.mark.parametrize(("number", "open_pairs"), [(2, 1), (6, 15), (7, 6), (11, 10)])
def test_many_pairs_are_folded_but_those_of_the_best(number: int, open_pairs: int) -> None:
    html = page(number)
    unfolded = re.sub(r"<details>.*?</details>", "", html, flags=re.DOTALL)
    pairs = re.compile(r">m(\d+) – m(\d+)<")
    assert len(pairs.findall(unfolded)) == open_pairs
    assert len(pairs.findall(html)) == number * (number - 1) // 2
    if open_pairs < number:
        assert {first for first, _ in pairs.findall(unfolded)} == {"0"}
