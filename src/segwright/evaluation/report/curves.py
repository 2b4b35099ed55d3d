"""Loss and score over the steps of training."""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

from segwright.evaluation.report.charts import Line, line_chart
from segwright.pages.markup import section


def curves_section(rows: Sequence[Mapping[str, object]]) -> str:
    """Charts of what `rows` hold; empty where they hold nothing that can be drawn.

    Args:
        rows: Of `metrics.jsonl`: `step`, `kind` ("train" or "val"), `loss`, `mean_iou`.
    """
    train_loss, val_loss = _points(rows, "train", "loss"), _points(rows, "val", "loss")
    score = _points(rows, "val", "mean_iou")
    charts = []
    if train_loss or val_loss:
        lines = (
            Line("training loss", train_loss, style="second"),
            Line("validation loss", val_loss, dots=len(val_loss) <= 40),
        )
        charts.append(line_chart(lines, label="Loss", x_label="step", y_text=_number))
    if score:
        step, best = max(score, key=lambda point: point[1])
        line = Line("mean IoU on validation images, in %", score, dots=len(score) <= 40)
        text = f"best {100 * best:.1f} % at step {step:,.0f}"
        charts.append(
            line_chart(
                [line],
                label="Mean IoU on validation images",
                x_label="step",
                y_text=lambda share: _number(100 * share),
                mark=(step, best, text),
            )
        )
    if not charts:
        return ""
    body = f'<div class="charts">{"".join(charts)}</div>'
    return section("How training went", body)


def _points(rows: Sequence[Mapping[str, object]], kind: str, key: str) -> list[tuple[float, float]]:
    """(step, value) by step; a step that was taken again after a resume counts once."""
    points = {}
    for row in rows:
        step, value = row.get("step"), row.get(key)
        if row.get("kind") != kind or not isinstance(step, int):
            continue
        if isinstance(value, int | float) and math.isfinite(value):
            points[step] = float(value)
    return [(float(step), points[step]) for step in sorted(points)]


def _number(value: float) -> str:
    return f"{value:.6g}"
