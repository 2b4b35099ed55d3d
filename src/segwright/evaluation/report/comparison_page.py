"""Several methods on one page: which is best, how sure that is, what each costs."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from html import escape

import numpy as np

from segwright.evaluation.comparing import Pair, Rank, Ranking
from segwright.evaluation.evaluation import Evaluation
from segwright.evaluation.report.scores import score_cells, seconds_text
from segwright.evaluation.tables import percent
from segwright.evaluation.verdict import Cost, difference_text, outcome_text, untested, verdict
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.labels.paint import overlay
from segwright.pages.markup import cells, document, figure, head, legend, section
from segwright.pages.pictures import shrunk_ids, shrunk_photo

_PICTURE_SIDE = 560
_MOST_METHODS = 6  # side by side in pictures
_MOST_PAIRS = 15  # in one table; of more, those without the best method are folded away


@dataclass(frozen=True, eq=False)
class Disagreement:
    """One image on which methods differ.

    Attributes:
        caption: What stands under the pictures.
        photo: (Y, X, 3) uint8 RGB.
        truth: What is there.
        predicted: Method → what it says, in the order of the ranks.
    """

    caption: str
    photo: np.ndarray
    truth: LabelMap
    predicted: Mapping[str, LabelMap]


@dataclass(frozen=True, eq=False)
class ComparisonPage:
    """What the page shows.

    Attributes:
        title: Headline.
        subtitle: What was compared on what, in one line.
        ranking: The methods and every two of them.
        costs: Name → what each takes.
        evaluations: Name → its first run, for the classes.
        classes: Names and colours.
        disagreements: Images on which they differ most, most first.
        notes: (heading, text).
    """

    title: str
    subtitle: str
    ranking: Ranking
    costs: Mapping[str, Cost]
    evaluations: Mapping[str, Evaluation]
    classes: Classes
    disagreements: Sequence[Disagreement]
    notes: Sequence[tuple[str, str]]


def render_comparison(page: ComparisonPage) -> str:
    """The whole page."""
    header = (
        f'<header><p class="subtitle">{escape(page.subtitle)}</p><h1>{escape(page.title)}</h1>'
        f'<p class="verdict">{escape(verdict(page.ranking, page.costs))}</p></header>'
    )
    parts = [
        header,
        _ranking_section(page),
        _pairs_section(page.ranking),
        _classes_section(page),
        _pictures_section(page),
        *(
            section(heading, f'<div class="prose"><p>{escape(text)}</p></div>')
            for heading, text in page.notes
        ),
    ]
    return document(page.title, "\n".join(part for part in parts if part))


def _ranking_section(page: ComparisonPage) -> str:
    columns = head("method", "mean IoU %", "", "runs", "training", "memory", "per image", "memory")
    rows = "".join(_rank_row(rank, page.costs[rank.name]) for rank in page.ranking.ranks)
    seeds = any(rank.num_runs > 1 for rank in page.ranking.ranks)
    lead = "The same images for each. Whiskers are 95 % intervals over images"
    lead += (
        "; of several runs, the mean, and ± is the spread between seeds."
        if seeds
        else " and say nothing about training once more."
    )
    return section(
        "Ranking",
        f'<div class="scroll"><table class="scores">{columns}<tbody>{rows}</tbody></table></div>',
        lead=lead,
    )


def _rank_row(rank: Rank, cost: Cost) -> str:
    spread = "" if rank.between_runs is None else f" ± {100 * rank.between_runs:.1f}"
    texts = [
        f"{rank.num_runs}{spread}",
        seconds_text(cost.train_seconds),
        memory_text(cost.train_mb),
        seconds_text(cost.seconds_per_image),
        memory_text(cost.run_mb),
    ]
    return (
        f'<tr><th scope="row">{escape(rank.name)}</th>{score_cells(rank.score)}{cells(texts)}</tr>'
    )


def memory_text(megabytes: float | None) -> str:
    """ "–", "820 MB" or "1.4 GB"."""
    if megabytes is None:
        return "–"
    return f"{megabytes:.0f} MB" if megabytes < 1000 else f"{megabytes / 1000:.1f} GB"


def _pairs_section(ranking: Ranking) -> str:
    if not ranking.pairs:
        return ""
    best = ranking.ranks[0].name
    with_best = [pair for pair in ranking.pairs if best in (pair.first, pair.second)]
    if len(ranking.pairs) <= _MOST_PAIRS:
        tables = _pairs_table(ranking.pairs)
    else:
        rest = [pair for pair in ranking.pairs if pair not in with_best]
        folded = f"<summary>the {len(rest)} pairs without {escape(best)}</summary>"
        tables = _pairs_table(with_best)
        tables += f"<details>{folded}{_pairs_table(rest)}</details>"
    unit = f"{ranking.num_units} {ranking.unit}{'s' * (ranking.num_units != 1)}"
    return section(
        "Every two of them",
        tables,
        lead=f"Differences of the mean IoU in points, both on the same {unit}. p is how probable "
        "so large a difference is between methods that are alike, adjusted for the number of "
        f"pairs. {' '.join(untested(ranking))}",
    )


def _pairs_table(pairs: Sequence[Pair]) -> str:
    rows = "".join(
        f'<tr><th scope="row">{escape(pair.first)} – {escape(pair.second)}</th>'
        f"{cells((*difference_text(pair), outcome_text(pair)))}</tr>"
        for pair in pairs
    )
    columns = head("methods", "difference", "95 % interval", "p (Holm)", "what may be said")
    return f'<div class="scroll"><table class="scores">{columns}<tbody>{rows}</tbody></table></div>'


def _classes_section(page: ComparisonPage) -> str:
    names = [rank.name for rank in page.ranking.ranks]
    rows = ""
    for k, name in enumerate(page.classes.names):
        found = [page.evaluations[method].classes[k].iou for method in names]
        texts = ["–" if iou is None else percent(iou.value) for iou in found]
        rows += f'<tr><th scope="row">{escape(name)}</th>{cells(texts)}</tr>'
    columns = head("IoU %", *(escape(name) for name in names))
    return section(
        "Class by class",
        f'<div class="scroll"><table class="scores">{columns}<tbody>{rows}</tbody></table></div>',
        lead="Of the first run where there are several.",
    )


def _pictures_section(page: ComparisonPage) -> str:
    if not page.disagreements:
        return ""
    keys = [
        (colour, name)
        for k, (colour, name) in enumerate(
            zip(page.classes.colours, page.classes.names, strict=True)
        )
        if k != page.classes.background
    ]
    figures = "".join(_figure(one) for one in page.disagreements)
    return section(
        "Where they differ most",
        legend(keys) + figures,
        lead="Images with the widest gap between the best and the worst method.",
    )


def _figure(one: Disagreement) -> str:
    photo = shrunk_photo(one.photo, _PICTURE_SIDE)

    def over(labels: LabelMap) -> np.ndarray:
        return overlay(photo, shrunk_ids(labels.ids, _PICTURE_SIDE), labels.classes, alpha=0.55)

    shown = dict(list(one.predicted.items())[:_MOST_METHODS])
    # A method may be called "photo" or "truth": what is shown first keeps the plain word.
    pictures = {"photo": photo, "truth": over(one.truth)}
    pictures |= {f"by {name}": over(labels) for name, labels in shown.items()}
    return figure(pictures, one.caption)
