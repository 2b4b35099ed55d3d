"""The parts of a report about metrics, groups and confidence."""

from __future__ import annotations

import re

import numpy as np
import pytest

from segwright.evaluation import Report, ScoredPair, evaluate_pairs
from segwright.evaluation.report.page import render
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap

CLASSES = Classes.named(["nothing", "cell", "rim <b>"], background=0)


def report(number: int = 12, *, confident: bool = True, metrics=(), groups: int = 0) -> Report:
    rng = np.random.default_rng(0)

    def one(index: int) -> ScoredPair:
        truth = rng.integers(0, 3, (12, 14)).astype(np.uint8)
        sure = rng.uniform(0.4, 1, truth.shape).astype(np.float32)
        predicted = np.where(rng.random(truth.shape) < sure, truth, 0).astype(np.uint8)
        return ScoredPair(
            f"img{index:04d}",
            f"patient <{index % groups}>" if groups else None,
            LabelMap(truth, CLASSES),
            LabelMap(predicted, CLASSES),
            sure if confident else None,
        )

    evaluation = evaluate_pairs((one(i) for i in range(number)), CLASSES, metrics=metrics)
    return Report(title="t", evaluation=evaluation, classes=CLASSES)


def test_what_is_not_there_has_no_section() -> None:
    page = render(report(confident=False))
    for heading in ("How sure it is", "More metrics", "Group by group"):
        assert heading not in page


def test_metrics_groups_and_confidence_are_shown_with_their_numbers() -> None:
    shown = report(metrics=["boundary_iou", "rand_error"], groups=2)
    page = render(shown)
    assert "Boundary IoU: band of 2 % of the diagonal." in page
    assert "rim &lt;b&gt;" in page and "rim <b>" not in page
    assert "patient &lt;1&gt;" in page
    evaluation = shown.evaluation
    mean = evaluation.metrics[0].mean
    assert f"{100 * mean.value:.1f}" in page
    first = evaluation.least_sure()[0]
    assert page.index("image to look at first") < page.index(first.key)
    assert f"{100 * first.confidence:.1f}" in page
    assert "Risk over coverage" in page and "Reliability: accuracy over confidence" in page


def test_the_threshold_to_abstain_keeps_its_promise() -> None:
    shown = report(400)
    thresholds = re.findall(r"At most ([\d.]+) % .*?--abstain ([\d.]+)\)", render(shown))
    assert thresholds
    for error, threshold in thresholds:
        point = shown.evaluation.calibration.reaching(float(error) / 100)
        assert float(threshold) >= point.confidence
        assert float(threshold) == pytest.approx(point.confidence, abs=2e-4)


def test_a_thousand_images_of_many_groups_stay_a_small_page() -> None:
    page = render(report(1000, groups=200))
    assert "Shown are 50 of 200" in page
    assert len(page.encode()) < 150_000  # no picture is in it, and rows are bounded
