"""What the page of a comparison shows."""

from __future__ import annotations

from segwright.dataset import Dataset
from segwright.evaluation import WrittenMasks
from segwright.evaluation.comparing import Ranking
from segwright.evaluation.report.comparison_page import ComparisonPage, Disagreement
from segwright.evaluation.tables import percent
from segwright.labels.paint import to_display
from segwright.training.run_folder import environment
from segwright.verbs.contest import Contender, Terms

_PICTURES = 6


def comparison_page(
    done: list[Contender],
    ranking: Ranking,
    terms: Terms,
    split: str,
    failed: list[tuple[str, str]],
) -> ComparisonPage:
    number = len(terms.chosen)
    told = [f"Scored on {number} images: {split} of {terms.data}."]
    if split in ("val", "held out"):
        told.append(
            "Training chose its weights by some of these images, which flatters what was trained."
        )
    if terms.budget_s is not None:
        told.append(
            f"Each method was trained for {terms.budget_s:g} s, in turn and in a process of its "
            "own. Times and memory are of the whole process; time per image is the median."
        )
    told.append(
        f"Two methods are as good as one another if their difference lies within "
        f"{100 * ranking.pairs[0].margin:g} points."
        if ranking.pairs
        else ""
    )
    machine = "; ".join(f"{key}: {value}" for key, value in environment().items())
    notes = [("How it was done", " ".join(told).strip()), ("Machine and versions", machine)]
    if failed:
        notes.insert(0, ("What failed", "; ".join(f"{name}: {why}" for name, why in failed)))
    return ComparisonPage(
        title=f"{', '.join(rank.name for rank in ranking.ranks)} on {terms.data.name}",
        subtitle=f"Comparison on {number} images ({split})",
        ranking=ranking,
        costs={one.name: one.cost for one in done},
        evaluations={one.name: one.evaluations[0] for one in done},
        classes=terms.chosen.classes,
        disagreements=_disagreements(done, ranking, terms.chosen),
        notes=notes,
    )


def _disagreements(done: list[Contender], ranking: Ranking, chosen: Dataset) -> list[Disagreement]:
    """The images with the widest gap between methods."""
    if len(done) < 2:
        return []
    place = {rank.name: number for number, rank in enumerate(ranking.ranks)}
    ranked = sorted(done, key=lambda one: place[one.name])
    gaps = []
    for index in range(len(chosen)):
        scores = [one.evaluations[0].images[index].mean_iou for one in ranked]
        known = [score for score in scores if score is not None]
        gaps.append((max(known) - min(known) if known else 0.0, -index))
    shown = []
    for gap, negative in sorted(gaps, reverse=True)[:_PICTURES]:
        if gap == 0:
            break
        index = -negative
        sample = chosen[index]
        told = (
            f"{one.name} {percent(one.evaluations[0].images[index].mean_iou or 0)} %"
            for one in ranked
        )
        shown.append(
            Disagreement(
                f"{sample.key} · mean IoU: {', '.join(told)}",
                to_display(sample.image),
                sample.labels,
                {
                    one.name: WrittenMasks(
                        {chosen.entries[index].image: one.masks / f"{sample.key}.png"},
                        chosen.classes,
                    )
                    .segment(sample.image)
                    .labels
                    for one in ranked
                    if one.masks is not None
                },
            )
        )
    return shown
