"""Segmenters against labelled samples: scores, and the pictures that explain them.

Both functions take parts, (segmenter, its samples): one for an ordinary evaluation, one a fold
for a cross-validation, where every part has a segmenter of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence

from segwright.dataset import Sample
from segwright.evaluation.evaluation import Evaluation
from segwright.evaluation.report.content import Panel
from segwright.evaluation.scoring import ScoredPair, evaluate_pairs
from segwright.result import Result
from segwright.segmenter import Segmenter

Part = tuple[Segmenter, Sequence[Sample]]


def evaluate_parts(
    parts: Sequence[Part],
    *,
    progress: Callable[[int], None] = lambda done: None,
    keep: Callable[[str, Result], None] = lambda key, result: None,
) -> Evaluation:
    """Segments every sample and compares it with its labels; one image in memory at a time.

    Args:
        parts: Segmenters, all of the same classes, with the samples that each is scored on.
        progress: Told how many images are done.
        keep: Given every result with its sample's key.
    """

    def pairs() -> Iterator[ScoredPair]:
        for done, (segmenter, sample) in enumerate(_cases(parts), start=1):
            result = segmenter.segment(sample.image)
            keep(sample.key, result)
            yield ScoredPair(sample.key, sample.group, sample.labels, result.labels)
            progress(done)

    return evaluate_pairs(pairs(), parts[0][0].classes)


def picture_panels(parts: Sequence[Part], evaluation: Evaluation) -> list[Panel]:
    """The worst, some middle and the best images, truth beside prediction.

    Args:
        parts: As evaluated; segmenters are run again on the images that are shown.
        evaluation: The scores of these very samples, in their order.
    """
    place = {image.key: index for index, image in enumerate(evaluation.images)}
    where = [(part, index) for part in parts for index in range(len(part[1]))]
    panels = []
    for kind, image in evaluation.showcase():
        (segmenter, samples), index = where[place[image.key]]
        sample = samples[index]
        predicted = segmenter.segment(sample.image).labels
        panels.append(Panel.of(image, sample.image, sample.labels, predicted, kind=kind))
    return panels


def _cases(parts: Sequence[Part]) -> Iterator[tuple[Segmenter, Sample]]:
    for segmenter, samples in parts:
        for index in range(len(samples)):
            yield segmenter, samples[index]
