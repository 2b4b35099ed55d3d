"""Tables of scores: methods side by side, and class by class."""

from __future__ import annotations

from html import escape

from segwright.evaluation.evaluation import ClassScore, Estimate
from segwright.evaluation.report.charts import interval_bar
from segwright.evaluation.report.content import Comparison, Report
from segwright.evaluation.tables import NOT_PRESENT, estimate_text, interval_text, percent
from segwright.pages.markup import cells, head, section, swatch


def comparison_section(report: Report) -> str:
    """All methods of the comparison, best first."""
    if not report.comparisons:
        return ""
    ranked = sorted(report.comparisons, key=lambda c: -c.evaluation.mean_iou.value)
    rows = "".join(_comparison_row(c, c.evaluation == report.evaluation) for c in ranked)
    columns = head("method", "mean IoU %", "", "Dice %", "pixels right %", "training", "per image")
    return section(
        "Beside other methods",
        f'<div class="scroll"><table class="scores">{columns}<tbody>{rows}</tbody></table></div>',
        lead="The same images and the same measure for each. The whiskers are 95 % intervals over "
        "images; they say nothing about training once more.",
    )


def _comparison_row(comparison: Comparison, is_subject: bool) -> str:
    evaluation = comparison.evaluation
    texts = [
        percent(evaluation.mean_dice.value),
        percent(evaluation.pixel_accuracy.value),
        seconds_text(comparison.train_seconds),
        seconds_text(comparison.seconds_per_image),
    ]
    mark = ' class="subject"' if is_subject else ""
    return (
        f"<tr{mark}>"
        f'<th scope="row">{escape(comparison.name)}</th>'
        f"{score_cells(evaluation.mean_iou)}{cells(texts)}</tr>"
    )


def class_section(report: Report) -> str:
    """All classes, in the order of ids."""
    scores, colours = report.evaluation.classes, report.classes.colours
    rows = "".join(
        _class_row(score, colour, report.evaluation.judged_px)
        for score, colour in zip(scores, colours, strict=True)
    )
    columns = head("class", "IoU %", "", "Dice %", "precision %", "recall %", "pixels %", "images")
    return section(
        "Class by class",
        f'<div class="scroll"><table class="scores">{columns}<tbody>{rows}</tbody></table></div>',
        lead="Precision: how much of what was marked is right. Recall: how much of what is there "
        "was found. IoU and Dice need both.",
    )


def _class_row(score: ClassScore, colour: tuple[int, int, int], judged_px: int) -> str:
    name = f'<th scope="row">{swatch(colour)}{escape(score.name)}</th>'
    if score.iou is None or score.dice is None or score.precision is None or score.recall is None:
        return f'<tr class="absent">{name}<td colspan="7">{NOT_PRESENT}, not in the means</td></tr>'
    estimates = (score.dice, score.precision, score.recall)
    texts = [percent(estimate.value) for estimate in estimates]
    texts += [percent(score.truth_px / judged_px), f"{score.num_images:,}"]
    return f"<tr>{name}{score_cells(score.iou)}{cells(texts)}</tr>"


def score_cells(estimate: Estimate) -> str:
    """Value, bar and interval of a score as two cells of a row."""
    return (
        f'<td class="number"><b>{escape(percent(estimate.value))}</b></td>'
        f'<td class="graph" title="{escape(estimate_text(estimate))} %">'
        f'{interval_bar(estimate)}<span class="bounds">{escape(interval_text(estimate))}</span>'
        "</td>"
    )


def seconds_text(seconds: float | None) -> str:
    """A time as a person writes it: "–", "45 ms", "3.2 s", "9 min 58 s" or "2 h 5 min"."""
    if seconds is None:
        return "–"
    if seconds < 0.9995:
        return f"{1000 * seconds:.3g} ms"
    if seconds < 59.95:
        return f"{seconds:.1f} s"
    minutes, rest = divmod(round(seconds), 60)
    if minutes < 60:
        return f"{minutes} min {rest} s"
    return f"{minutes // 60} h {minutes % 60} min"
