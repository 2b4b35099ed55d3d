"""Methods against labelled samples: scores, and the pictures that explain them.

Both functions take parts, (method, its samples): one for an ordinary evaluation, one a fold
for a cross-validation, where every part has a segmenter of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from typing import Protocol

from segwright.dataset import Sample
from segwright.evaluation.evaluation import Evaluation
from segwright.evaluation.metrics.case import Tolerances
from segwright.evaluation.report.content import Panel
from segwright.evaluation.scoring import ScoredPair, evaluate_pairs
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.result import Result


class Method(Protocol):
    """All that scoring needs of what finds regions; every `Segmenter` has it."""

    @property
    def classes(self) -> Classes:
        """The classes that pixels are given."""
        ...

    def segment(self, image: Image) -> Result:
        """Labels every pixel of one image, on its own grid."""
        ...


Part = tuple[Method, Sequence[Sample]]


def evaluate_parts(
    parts: Sequence[Part],
    *,
    metrics: Sequence[str] = (),
    tolerances: Tolerances | None = None,
    progress: Callable[[int], None] = lambda done: None,
    keep: Callable[[str, Result], None] = lambda key, result: None,
) -> Evaluation:
    """Segments every sample and compares it with its labels; one image in memory at a time.

    Args:
        parts: Methods, all of the same classes, with the samples that each is scored on.
        metrics: Names of `metrics.catalog` to measure too, or "all".
        tolerances: How near is near enough for them; None for what their papers say.
        progress: Told how many images are done.
        keep: Given every result with its sample's key.
    """

    def pairs() -> Iterator[ScoredPair]:
        for done, (method, sample) in enumerate(_cases(parts), start=1):
            result = method.segment(sample.image)
            spacing = sample.image.spacing
            keep(sample.key, result)
            yield ScoredPair(
                sample.key,
                sample.group,
                sample.labels,
                result.labels,
                result.confidence,
                None if spacing is None else (spacing[0], spacing[1]),
            )
            progress(done)

    return evaluate_pairs(pairs(), parts[0][0].classes, metrics=metrics, tolerances=tolerances)


def picture_panels(parts: Sequence[Part], evaluation: Evaluation) -> list[Panel]:
    """The worst, some middle and the best images, truth beside prediction.

    Args:
        parts: As evaluated; methods are run again on the images that are shown.
        evaluation: The scores of these very samples, in their order.
    """
    place = {image.key: index for index, image in enumerate(evaluation.images)}
    where = [(part, index) for part in parts for index in range(len(part[1]))]
    panels = []
    for kind, image in evaluation.showcase():
        (method, samples), index = where[place[image.key]]
        sample = samples[index]
        predicted = method.segment(sample.image).labels
        panels.append(Panel.of(image, sample.image, sample.labels, predicted, kind=kind))
    return panels


def _cases(parts: Sequence[Part]) -> Iterator[tuple[Method, Sample]]:
    for method, samples in parts:
        for index in range(len(samples)):
            yield method, samples[index]
