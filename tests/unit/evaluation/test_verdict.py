"""What is said at the top of a comparison."""

from __future__ import annotations

import dataclasses

import pytest

from segwright.evaluation.comparing import Pair, Rank, Ranking
from segwright.evaluation.evaluation import Estimate
from segwright.evaluation.paired import Difference
from segwright.evaluation.verdict import Cost, difference_text, outcome_text, seconds_ratio, verdict

ALIKE = Difference(0.004, -0.008, 0.016, 0.4)
APART = Difference(0.05, 0.03, 0.07, 0.001)
OPEN = Difference(0.05, -0.01, 0.11, 0.09)


def ranking(*second_and_more: tuple[str, Difference], about_methods: bool = True) -> Ranking:
    """`unet` first, then others by what they lie behind it."""
    names = ["unet", *(name for name, _ in second_and_more)]
    return Ranking(
        tuple(Rank(name, Estimate(value=0.6), 3, 0.01) for name in names),
        tuple(
            Pair("unet", name, found, found.p, about_methods, 0.02)
            for name, found in second_and_more
        ),
        "image",
        40,
        40,
    )


COSTS = {
    "unet": Cost(600, 0.2),
    "fast": Cost(190, 0.05),
    "forest": Cost(20, 0.21),
    "slow": Cost(650, 2.0),
}


def test_as_good_and_cheaper_is_what_is_said_first() -> None:
    assert verdict(ranking(("fast", ALIKE)), COSTS) == (
        "fast is as good as unet here (they differ by 0.4 points of mean IoU, 95 % interval "
        "-0.8 – 1.6) and trains 3.2× faster and segments 4.0× faster."
    )
    said = verdict(ranking(("fast", ALIKE), ("forest", ALIKE)), COSTS)
    assert said.startswith("forest is as good as unet here") and "trains 30× faster" in said
    assert said.endswith("So is fast.")


def test_as_good_but_dearer_is_said_of_the_best() -> None:
    said = verdict(ranking(("slow", ALIKE)), COSTS)
    assert said.startswith("unet is as good as slow here")
    assert "segments 10× faster" in said and "trains" not in said


def test_better_and_open() -> None:
    said = verdict(ranking(("fast", APART), ("slow", APART)), COSTS)
    assert said == (
        "unet is better here than fast and slow: by 5.0 points of mean IoU, 95 % interval "
        "3.0 – 7.0 than fast, the next best."
    )
    said = verdict(ranking(("fast", OPEN), ("slow", APART)), COSTS)
    assert said == (
        "unet and fast cannot be told apart with 40 images: unet is ahead of fast by 5.0 points "
        "of mean IoU, 95 % interval -1.0 – 11.0. unet is better than slow."
    )


def test_many_that_are_worse_are_counted() -> None:
    worse = [(f"method {n}", APART) for n in range(6)]
    said = verdict(ranking(*worse), {})
    assert said.startswith("unet is better here than the 6 others: by 5.0 points")
    assert said.endswith("than method 0, the next best.")
    said = verdict(
        ranking(("fast", ALIKE), *worse), {**COSTS, **dict.fromkeys(dict(worse), Cost())}
    )
    assert said.endswith("unet is better than 6 of the others.")


def test_ahead_but_not_for_certain() -> None:
    """An interval above 0 with a p value that many pairs have made large."""
    ahead = Difference(0.2, 0.15, 0.25, 0.9)
    said = verdict(ranking(("fast", OPEN), ("slow", ahead)), COSTS)
    assert said.startswith("unet and fast cannot be told apart with 40 images: unet is ahead")
    assert said.endswith("unet is ahead of slow too, but not for certain.")
    said = verdict(ranking(("slow", ahead)), COSTS)
    assert said.startswith("unet is ahead of slow, but not for certain with 40 images")
    assert outcome_text(ranking(("slow", ahead)).pairs[0]) == "unet is ahead, not for certain"
    assert outcome_text(ranking(("slow", OPEN)).pairs[0]) == "cannot be told apart"


def test_too_few_images_for_so_many_pairs_are_said_to_be() -> None:
    """With 6 images exchanged one by one, no p value is below 2 / 64: two pairs are too many."""
    few = dataclasses.replace(ranking(("fast", OPEN)), num_units=6, num_images=6)
    assert not few.untestable  # three runs each are tested otherwise
    single = tuple(dataclasses.replace(rank, num_runs=1) for rank in few.ranks)
    one_pair = dataclasses.replace(few, ranks=single)
    assert not one_pair.untestable  # 0.031 is below 0.05
    two_pairs = dataclasses.replace(one_pair, pairs=2 * one_pair.pairs)
    assert two_pairs.untestable
    assert "6 images are too few to test 2 pairs at once" in verdict(two_pairs, COSTS)
    assert "too few" not in verdict(dataclasses.replace(two_pairs, num_units=7), COSTS)


def test_without_seeds_it_is_no_claim_about_methods() -> None:
    said = verdict(ranking(("fast", APART), about_methods=False), COSTS)
    assert said.endswith(
        "With fewer than 3 runs of a method, this is said of its very segmenter; what training it "
        "once more would give is not known."
    )
    assert verdict(ranking(), COSTS) == "unet is alone: there is nothing to compare it with."


@pytest.mark.parametrize(
    ("slow", "fast", "text"),
    [(10, 1, "10×"), (3.14, 1, "3.1×"), (1.1, 1, ""), (1, 2, ""), (None, 1, ""), (1, 0, "")],
)
def test_ratios(slow: float | None, fast: float, text: str) -> None:
    assert seconds_ratio(slow, fast) == text


def test_cells() -> None:
    pair = ranking(("fast", APART)).pairs[0]
    assert difference_text(pair) == ("+5.0", "+3.0 … +7.0", "0.001")
    few = Pair("a", "b", Difference(-0.01, None, None, None), None, False, 0.02)
    assert difference_text(few) == ("-1.0", "–", "–")
