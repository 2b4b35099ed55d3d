"""Tables of the metrics that were asked for, and of groups."""

from __future__ import annotations

from html import escape

from segwright.evaluation.evaluation import Evaluation, GroupScore, MetricScore
from segwright.evaluation.metrics.catalog import METRICS
from segwright.evaluation.report.scores import score_cells
from segwright.evaluation.tables import (
    metric_heading,
    metric_settings,
    metric_value_text,
    value_text,
)
from segwright.pages.markup import cells, head, section

_MOST_GROUPS = 50


def metrics_section(evaluation: Evaluation) -> str:
    """Every metric with its interval, then class by class; empty where none was asked for."""
    if not evaluation.metrics:
        return ""
    rows = "".join(_metric_row(score) for score in evaluation.metrics)
    columns = head("metric", "mean", "95 % interval", "images (n)", "what it tells")
    classes = _by_class(evaluation)
    lead = "In the mean are all classes but the background. A class that is missed or invented in "
    lead += "an image counts there with the worst value."
    if settings := metric_settings(evaluation):
        lead += f" {settings}."
    return section(
        "More metrics",
        f'<div class="scroll"><table class="scores">{columns}<tbody>{rows}</tbody></table></div>'
        f"{classes}",
        lead=lead,
    )


def _metric_row(score: MetricScore) -> str:
    texts = (*metric_value_text(score), str(score.num_images))
    says = METRICS[score.name].says if score.name in METRICS else ""
    return (
        f'<tr><th scope="row">{escape(metric_heading(score))}</th>{cells(texts)}'
        f'<td class="says">{escape(says)}</td></tr>'
    )


def _by_class(evaluation: Evaluation) -> str:
    scores = [score for score in evaluation.metrics if score.classes]
    if not scores:
        return ""
    missed = {one.name: (one.num_missed, one.num_invented) for one in evaluation.classes}
    rows = ""
    for k, one in enumerate(scores[0].classes):
        texts = [str(one.num_images), *map(str, missed[one.name])]
        for score in scores:
            estimate = score.classes[k].estimate
            unit = score.unit
            if estimate is None:
                texts.append("–")
            elif estimate.low is None or estimate.high is None:
                texts.append(value_text(estimate.value, unit))
            else:
                low, high = (value_text(end, unit) for end in (estimate.low, estimate.high))
                texts.append(f"{value_text(estimate.value, unit)} ({low} – {high})")
        rows += f'<tr><th scope="row">{escape(one.name)}</th>{cells(texts)}</tr>'
    columns = head(
        "class", "images (n)", "missed", "invented", *(escape(score.title) for score in scores)
    )
    return f'<div class="scroll"><table>{columns}<tbody>{rows}</tbody></table></div>'


def groups_section(evaluation: Evaluation) -> str:
    """Patients, scenes or videos from the worst; empty where no group is known."""
    groups = evaluation.groups
    if not groups:
        return ""
    ranked = sorted(groups, key=_mean_iou)[:_MOST_GROUPS]
    extra = list(evaluation.metrics)
    rows = "".join(_group_row(group, extra) for group in ranked)
    columns = head("group", "mean IoU %", "", "images (n)", *(escape(s.title) for s in extra))
    lead = "The worst first. Intervals resample the images of the one group: they say what other "
    lead += "images of it might have given, and nothing about other groups."
    if len(groups) > len(ranked):
        lead += f" Shown are {len(ranked)} of {len(groups)}; all are in scores.json."
    return section(
        "Group by group",
        f'<div class="scroll"><table class="scores">{columns}<tbody>{rows}</tbody></table></div>',
        lead=lead,
    )


def _mean_iou(group: GroupScore) -> float:
    return -1.0 if group.mean_iou is None else group.mean_iou.value


def _group_row(group: GroupScore, extra: list[MetricScore]) -> str:
    texts = [str(group.num_images)]
    for score in extra:
        found = group.metrics.get(score.name)
        texts.append("–" if found is None else value_text(found.value, score.unit))
    name = f'<th scope="row">{escape(group.name)}</th>'
    if group.mean_iou is None:
        return (
            f'<tr class="absent">{name}<td colspan="2">all pixels ignored</td>{cells(texts)}</tr>'
        )
    return f"<tr>{name}{score_cells(group.mean_iou)}{cells(texts)}</tr>"
