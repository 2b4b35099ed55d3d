"""The page of a report, from top to bottom."""

from __future__ import annotations

from html import escape

from segwright.evaluation.evaluation import Estimate, Evaluation
from segwright.evaluation.report.charts import interval_bar
from segwright.evaluation.report.content import Report
from segwright.evaluation.report.curves import curves_section
from segwright.evaluation.report.metric_tables import groups_section, metrics_section
from segwright.evaluation.report.mistakes import mistakes_section
from segwright.evaluation.report.panels import panel_sections
from segwright.evaluation.report.scores import class_section, comparison_section
from segwright.evaluation.report.sureness import sureness_section
from segwright.evaluation.tables import (
    NOT_PRESENT,
    constant_text,
    interval_text,
    percent,
    scored_classes_text,
)
from segwright.pages.markup import document, section


def render(report: Report) -> str:
    """The whole page."""
    sections = [
        _header(report),
        _cards(report.evaluation),
        comparison_section(report),
        class_section(report),
        metrics_section(report.evaluation),
        groups_section(report.evaluation),
        panel_sections(report),
        mistakes_section(report.evaluation),
        sureness_section(report.evaluation),
        curves_section(report.curves),
        _notes_section(report),
        _reading_section(report.evaluation),
    ]
    return document(report.title, "\n".join(section for section in sections if section))


def _header(report: Report) -> str:
    subtitle = f'<p class="subtitle">{escape(report.subtitle)}</p>' if report.subtitle else ""
    return (
        f"<header>{subtitle}<h1>{escape(report.title)}</h1>"
        f'<p class="verdict">{escape(verdict(report.evaluation))}</p></header>'
    )


def verdict(evaluation: Evaluation) -> str:
    """The outcome in plain words."""
    score = evaluation.mean_iou
    bounds = f"95 % interval {interval_text(score)}" if score.low is not None else "no interval"
    images = f"{evaluation.num_images:,} image{'s' * (evaluation.num_images != 1)}"
    text = (
        f"Mean IoU is {percent(score.value)} % ({bounds}) on {images}; "
        f"{percent(evaluation.pixel_accuracy.value)} % of all pixels are right."
    )
    if constant := constant_text(evaluation):
        text += f" {constant}."
    ranked = sorted(
        ((c.iou.value, c.name) for c in evaluation.classes if c.iou is not None), reverse=True
    )
    if len(ranked) > 2:
        (high, best), (low, worst) = ranked[0], ranked[-1]
        text += (
            f" It is best at {best} ({percent(high)} %) and weakest at {worst} ({percent(low)} %)."
        )
    return text


def _cards(evaluation: Evaluation) -> str:
    over = f"over {scored_classes_text(evaluation)}"
    cards = [_card("Mean IoU", evaluation.mean_iou, over, main=True)]
    if evaluation.foreground_mean_iou is not None:
        cards.append(
            _card("IoU without background", evaluation.foreground_mean_iou, "foreground classes")
        )
    cards.append(_card("Mean Dice", evaluation.mean_dice, over))
    cards.append(_card("Pixel accuracy", evaluation.pixel_accuracy, "of all judged pixels"))
    return f'<div class="cards">{"".join(cards)}</div>'


def _card(name: str, estimate: Estimate, about: str, *, main: bool = False) -> str:
    bounds = f"95 %: {interval_text(estimate)}" if estimate.low is not None else "no interval"
    return (
        f'<div class="card{" main" * main}"><p class="name">{name}</p>'
        f'<p class="value">{escape(percent(estimate.value))}<small> %</small></p>'
        f'{interval_bar(estimate)}<p class="about">{escape(bounds)} · {about}</p></div>'
    )


def _notes_section(report: Report) -> str:
    if not report.notes:
        return ""
    notes = "".join(
        f"<details{' open' * (len(text) < 600)}><summary>{escape(heading)}</summary>"
        f'<div class="note">{escape(text)}</div></details>'
        for heading, text in report.notes
    )
    return section("Notes", notes)


def _reading_section(evaluation: Evaluation) -> str:
    paragraphs = [
        "IoU (intersection over union) lays the pixels marked as a class over those that are of "
        "it, and asks what share of the two together they have in common: 100 % is perfect, and "
        "both a missed and an invented pixel cost. Dice asks the same and is always a little "
        "higher. Pixels are counted over all images together; the mean of the classes is the "
        "score, so a rare class counts as much as a common one.",
        "A class that is predicted but nowhere there scores 0. A class that is in neither truth "
        f"nor prediction is reported as {NOT_PRESENT} and left out of the means, which are over "
        f"{scored_classes_text(evaluation)} here. Nothing else is left out.",
        " ".join(evaluation.interval_notes)
        + " An interval says what other images of the same kind might have given. It says nothing "
        "about training once more, nor about images of another kind.",
        f"{evaluation.judged_px:,} pixels were judged and {evaluation.ignored_px:,} ignored, "
        "because the truth marks them so. In single images, a class that is in neither truth nor "
        "prediction is not part of that image's mean.",
    ]
    body = "".join(f"<p>{escape(paragraph)}</p>" for paragraph in paragraphs)
    return section("How to read this", f'<div class="prose">{body}</div>')
