"""Which class is taken for which: a heat map, and the worst of it in words."""

from __future__ import annotations

from html import escape

import numpy as np

from segwright.evaluation.evaluation import Evaluation
from segwright.evaluation.report.charts import heat_map
from segwright.evaluation.tables import percent
from segwright.pages.markup import section

MAX_CLASSES = 30
_LISTED = 8


def mistakes_section(evaluation: Evaluation) -> str:
    """The confusion matrix of at most `MAX_CLASSES` classes, those with the most pixels."""
    names = [score.name for score in evaluation.classes]
    if len(names) < 2:
        return ""
    pixels = np.array(evaluation.confusion)  # (K, K)
    truth = pixels.sum(axis=1, keepdims=True)
    shares = np.where(truth > 0, pixels / np.maximum(truth, 1), np.nan)
    lead = "Each row is a class, its cells are what its pixels were taken for, in % of the class."
    shown = np.arange(len(names))
    if len(names) > MAX_CLASSES:
        shown = np.sort(np.argsort(-truth[:, 0], kind="stable")[:MAX_CLASSES])
        lead += f" Shown are the {MAX_CLASSES} classes with the most pixels, of {len(names)}."
    chart = heat_map(
        shares[np.ix_(shown, shown)], pixels[np.ix_(shown, shown)], [names[k] for k in shown]
    )
    body = f'<div class="mistakes"><div class="scroll">{chart}</div>{_worst(shares, names)}</div>'
    return section("What is taken for what", body, lead=lead)


def _worst(shares: np.ndarray, names: list[str]) -> str:
    """The largest shares beside the diagonal, as sentences."""
    wrong = np.nan_to_num(shares)
    np.fill_diagonal(wrong, 0)
    order = np.argsort(-wrong, axis=None, kind="stable")[:_LISTED]
    items = "".join(
        f"<li><b>{escape(percent(float(wrong[row, column])))} %</b> of {escape(names[row])} "
        f"is taken for {escape(names[column])}</li>"
        for row, column in zip(*np.unravel_index(order, wrong.shape), strict=True)
        if wrong[row, column] >= 0.01
    )
    return f"<div><h3>The most frequent mistakes</h3><ol>{items}</ol></div>" if items else ""
