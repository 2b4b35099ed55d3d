"""Evaluations as tables of plain text and Markdown, in percent."""

from __future__ import annotations

import unicodedata
from collections.abc import Sequence
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from segwright.evaluation.evaluation import (
        ClassScore,
        Estimate,
        Evaluation,
        MetricScore,
    )

_HEADINGS = ("in %", "IoU", "95 % interval", "Dice", "precision", "recall", "pixels", "images (n)")
_MAX_CLASS_COLUMNS = 6
NOT_PRESENT = "not present (n=0)"


def percent(share: float) -> str:
    """0.4567 as "45.7"; what is not quite 0 or 1 is never shown as 0.0 or 100.0."""
    text = f"{100 * share:.1f}"
    if text == "0.0" and share > 0:
        return "<0.1"
    if text == "100.0" and share < 1:
        return ">99.9"
    return text


def interval_text(estimate: Estimate) -> str:
    """The interval as "41.0 – 49.2", or a dash where there is none."""
    if estimate.low is None or estimate.high is None:
        return "–"
    return f"{percent(estimate.low)} – {percent(estimate.high)}"


def estimate_text(estimate: Estimate) -> str:
    """Value and interval as "45.7 (41.0 – 49.2)", or the value alone."""
    if estimate.low is None:
        return percent(estimate.value)
    return f"{percent(estimate.value)} ({interval_text(estimate)})"


def value_text(value: float, unit: str) -> str:
    """A value of a metric: shares in percent, others in their unit."""
    if unit == "share":
        return percent(value)
    return f"{value:.2f}" if value < 100 else f"{value:.0f}"


def metric_value_text(score: MetricScore) -> tuple[str, str]:
    """Mean and interval of a metric, or dashes where nothing is scored."""
    mean = score.mean
    if mean is None:
        return "–", "–"
    value = value_text(mean.value, score.unit)
    if mean.low is None or mean.high is None:
        return value, "–"
    low, high = (value_text(end, score.unit) for end in (mean.low, mean.high))
    return value, f"{low} – {high}"


def metric_heading(score: MetricScore) -> str:
    """Title, unit and direction: "HD95 px, lower is better"; higher is better if not said."""
    unit = "%" if score.unit == "share" else score.unit
    return f"{score.title} {unit}{', lower is better' * (score.better == 'lower')}"


def metric_settings(evaluation: Evaluation) -> str:
    """How near was near enough: "Boundary IoU: band of 2 % of the diagonal; …"; may be empty."""
    return "; ".join(f"{one.title}: {one.setting}" for one in evaluation.metrics if one.setting)


def text_table(evaluation: Evaluation) -> str:
    """One line per class, then the means and what to know about them."""
    *rows, mean = _rows(evaluation)
    lines = [*_ruled([_HEADINGS, *rows], mean), "", *_summary(evaluation)]
    if evaluation.metrics:
        heading, *rows = _metric_rows(evaluation)
        lines += ["", *_ruled([heading, *rows])]
        lines += [settings] if (settings := metric_settings(evaluation)) else []
    return "\n".join(lines)


def markdown_table(evaluation: Evaluation) -> str:
    """The same table for a README or a model card."""
    *rows, mean = _rows(evaluation)
    lines = [_markdown_row(_HEADINGS), "|---" + "|---:" * (len(_HEADINGS) - 1) + "|"]
    lines += [_markdown_row([_escaped(name), *cells]) for name, *cells in rows]
    lines.append(_markdown_row([f"**{cell}**" for cell in mean]))
    lines += ["", *(f"- {_escaped(line)}" for line in _summary(evaluation))]
    if evaluation.metrics:
        heading, *rows = _metric_rows(evaluation)
        lines += ["", _markdown_row([_escaped(cell) for cell in heading])]
        lines.append("|---" + "|---:" * (len(heading) - 1) + "|")
        lines += [_markdown_row(row) for row in rows]
        lines += ["", f"- {settings}"] if (settings := metric_settings(evaluation)) else []
    return "\n".join(lines)


def scored_classes_text(evaluation: Evaluation) -> str:
    """How many classes a mean is over: "both classes", "all 11 classes", "10 of 11 classes"."""
    number, scored = len(evaluation.classes), evaluation.num_classes_scored
    if number == 1:
        return "the one class"
    if number == scored == 2:
        return "both classes"
    return f"all {number} classes" if scored == number else f"{scored} of {number} classes"


def _rows(evaluation: Evaluation) -> list[list[str]]:
    rows = [_class_row(score, evaluation.judged_px) for score in evaluation.classes]
    means = (evaluation.mean_dice, evaluation.mean_precision, evaluation.mean_recall)
    rows.append(
        [
            "mean",
            percent(evaluation.mean_iou.value),
            interval_text(evaluation.mean_iou),
            *(percent(mean.value) for mean in means),
            "100.0",
            str(evaluation.num_images),
        ]
    )
    return rows


def _class_row(score: ClassScore, judged_px: int) -> list[str]:
    if score.iou is None or score.dice is None or score.precision is None or score.recall is None:
        return [score.name, "–", NOT_PRESENT, "–", "–", "–", "0.0", "0"]
    others = (score.dice, score.precision, score.recall)
    return [
        score.name,
        percent(score.iou.value),
        interval_text(score.iou),
        *(percent(estimate.value) for estimate in others),
        percent(score.truth_px / judged_px),
        str(score.num_images),
    ]


def _summary(evaluation: Evaluation) -> list[str]:
    lines = [
        f"Mean IoU {estimate_text(evaluation.mean_iou)} %, over {scored_classes_text(evaluation)}"
    ]
    if evaluation.foreground_mean_iou is not None:
        lines.append(
            f"Mean IoU without background {estimate_text(evaluation.foreground_mean_iou)} %"
        )
    lines.append(f"Pixel accuracy {estimate_text(evaluation.pixel_accuracy)} %")
    if constant := constant_text(evaluation):
        lines.append(constant)
    absent = [score.name for score in evaluation.classes if score.iou is None]
    if absent:
        lines.append(f"Not present in truth or prediction, left out of means: {', '.join(absent)}")
    lines += [*_calibration_text(evaluation), *_missed_text(evaluation)]
    return [*lines, *evaluation.interval_notes]


def constant_text(evaluation: Evaluation) -> str | None:
    """That a constant answer would be as good; None where the method beats it clearly."""
    name, mean_iou = evaluation.constant_answer()
    score = evaluation.mean_iou
    if (score.value if score.low is None else score.low) > mean_iou:
        return None
    said = "No better than" if score.value <= mean_iou else "Not clearly better than"
    return f"{said} answering {name} everywhere, which has a mean IoU of {percent(mean_iou)} %"


def _metric_rows(evaluation: Evaluation) -> list[list[str]]:
    """A heading, then mean, interval, images and classes of each metric."""
    classes = next((score.classes for score in evaluation.metrics if score.classes), ())
    shown = classes if len(classes) <= _MAX_CLASS_COLUMNS else ()
    heading = ["metric", "mean", "95 % interval", "images (n)", *(one.name for one in shown)]
    rows = [heading]
    for score in evaluation.metrics:
        found = {one.name: one.estimate for one in score.classes}
        estimates = [found.get(one.name) for one in shown]
        rows.append(
            [
                metric_heading(score),
                *metric_value_text(score),
                str(score.num_images),
                *("–" if e is None else value_text(e.value, score.unit) for e in estimates),
            ]
        )
    return rows


def _calibration_text(evaluation: Evaluation) -> list[str]:
    calibration = evaluation.calibration
    if calibration is None:
        return []
    pixels = sum(step.pixels for step in calibration.steps)
    sure = sum(step.confidence * step.pixels for step in calibration.steps) / pixels
    return [
        f"Calibration error {estimate_text(calibration.error)} %: it says to be right at "
        f"{percent(sure)} % of the pixels, and is at {percent(evaluation.pixel_accuracy.value)} %"
    ]


def _missed_text(evaluation: Evaluation) -> list[str]:
    """Which classes are missed or invented in whole images; told beside metrics of outlines."""
    if not evaluation.metrics:
        return []
    told = [
        f"{score.name} missed in {score.num_missed} and invented in {score.num_invented}"
        for score in evaluation.classes
        if score.num_missed or score.num_invented
    ]
    return [f"In whole images (worst case in every metric): {'; '.join(told)}"] if told else []


def _ruled(rows: Sequence[Sequence[str]], last: Sequence[str] | None = None) -> list[str]:
    """Aligned lines with a rule below the heading, and one above the last row."""
    everything = [*rows, *([last] if last else [])]
    widths = [max(_columns(row[i]) for row in everything) for i in range(len(rows[0]))]
    rule = "─" * (sum(widths) + 2 * (len(widths) - 1))
    lines = [_aligned(row, widths) for row in rows]
    lines.insert(1, rule)
    return lines if last is None else [*lines, rule, _aligned(last, widths)]


def _columns(text: str) -> int:
    """How many terminal columns a text takes: two for a wide East Asian character."""
    wide = sum(unicodedata.east_asian_width(character) in "WF" for character in text)
    return len(text) + wide - sum(unicodedata.combining(character) > 0 for character in text)


def _aligned(row: Sequence[str], widths: Sequence[int]) -> str:
    gaps = [" " * (width - _columns(cell)) for cell, width in zip(row, widths, strict=True)]
    cells = [row[0] + gaps[0], *(gap + cell for cell, gap in zip(row[1:], gaps[1:], strict=True))]
    return "  ".join(cells).rstrip()


def _markdown_row(cells: Sequence[str]) -> str:
    return f"| {' | '.join(cells)} |"


def _escaped(text: str) -> str:
    """A class name that Markdown shows as it is written."""
    marks = {mark: f"\\{mark}" for mark in "\\`*_[]|~"}
    return text.translate(str.maketrans({**marks, "<": "&lt;", ">": "&gt;", "&": "&amp;"}))
