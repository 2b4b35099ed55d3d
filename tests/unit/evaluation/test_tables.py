"""Tables say what the evaluation holds, aligned and escaped."""

from __future__ import annotations

import numpy as np
import pytest

from segwright.evaluation.scoring import ScoredPair, evaluate_pairs
from segwright.evaluation.tables import percent
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap


def evaluation_of(names, number=6):
    classes = Classes.named(names, background=0)
    rng = np.random.default_rng(0)
    pairs = []
    for i in range(number):
        truth = rng.integers(0, 2, (8, 9)).astype(np.uint8)
        predicted = np.where(rng.random((8, 9)) < 0.8, truth, 0).astype(np.uint8)
        pairs.append(
            ScoredPair(str(i), None, LabelMap(truth, classes), LabelMap(predicted, classes))
        )
    return evaluate_pairs(pairs, classes)


@pytest.mark.parametrize(
    ("share", "text"),
    [(0, "0.0"), (1e-6, "<0.1"), (0.4567, "45.7"), (0.99999, ">99.9"), (1, "100.0")],
)
def test_percent_never_rounds_to_nothing_or_all(share, text):
    assert percent(share) == text


def test_text_table_is_aligned_with_wide_characters_too():
    lines = evaluation_of(["背景", "细胞核 nucleus", "x"]).table().splitlines()
    rule = len(lines[1])
    assert set(lines[1]) == {"─"}
    wide = {line: sum(c in "背景细胞核" for c in line) for line in lines[:6]}
    assert {len(line) + extra for line, extra in wide.items()} == {rule}


def test_text_table_states_absent_classes_and_intervals():
    evaluation = evaluation_of(["nothing", "cell", "never there"])
    text = evaluation.table()
    assert "not present (n=0)" in text
    assert "over 2 of 3 classes" in text
    assert "left out of means: never there" in text
    assert percent(evaluation.mean_iou.value) in text
    assert f"({percent(evaluation.mean_iou.low)} – {percent(evaluation.mean_iou.high)})" in text
    assert "over 6 images" in text


def test_markdown_table_has_equal_columns_and_escapes_names():
    evaluation = evaluation_of(["a|b", "<b>*bold*</b>"])
    lines = [line for line in evaluation.markdown().splitlines() if line.startswith("|")]
    cells = [line.replace("\\|", "").count("|") for line in lines]
    assert set(cells) == {9} and len(lines) == 2 + 2 + 1
    assert "<b>" not in evaluation.markdown()
    assert "&lt;b&gt;\\*bold\\*" in lines[3]


def test_a_constant_answer_that_is_as_good_is_named():
    classes = Classes.named(["sky", "bird"], background=0)
    truth = np.zeros((10, 10), np.uint8)
    truth[0, :5] = 1  # sky everywhere: IoU 0.95 and 0, mean 0.475
    everywhere, worse, right = np.zeros_like(truth), truth.copy(), truth
    worse[3:] = 1

    def scored(found):
        pairs = [
            ScoredPair(str(i), None, LabelMap(truth, classes), LabelMap(found, classes))
            for i in range(6)
        ]
        return evaluate_pairs(pairs, classes)

    assert scored(everywhere).constant_answer() == ("sky", 0.475)
    for found in (everywhere, worse):
        told = "No better than answering sky everywhere, which has a mean IoU of 47.5 %"
        assert told in scored(found).table()
    assert "answering" not in scored(right).table()
