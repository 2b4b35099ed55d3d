"""From pairs of truth and prediction to an `Evaluation`."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import numpy as np

from segwright.errors import DataError, LabelError, UsageError
from segwright.evaluation.bootstrap import CAUTIOUS_BELOW, LEVEL, MIN_UNITS, RESAMPLES
from segwright.evaluation.confidence import ConfidenceTally
from segwright.evaluation.confusion import Counts, confusion_matrix, mean_over_scored
from segwright.evaluation.estimates import ClassScores, Resampling
from segwright.evaluation.evaluation import Evaluation, GroupScore, ImageScore
from segwright.evaluation.measuring import MetricTally
from segwright.evaluation.metrics.case import Tolerances
from segwright.evaluation.metrics.catalog import chosen_metrics
from segwright.evaluation.units import Units
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap


class ScoredPair(NamedTuple):
    """One image to be scored.

    Attributes:
        key: Name of the image in its data set.
        group: The patient, scene or video it comes from; None where unknown.
        truth: What is there. Its ignored pixels are not judged.
        predicted: What was predicted, on the same pixel grid.
        confidence: (Y, X) probability of what was predicted; None where the method gives none.
        spacing: Millimetres per pixel along Y and X; None where unknown.
    """

    key: str
    group: str | None
    truth: LabelMap
    predicted: LabelMap
    confidence: np.ndarray | None = None
    spacing: tuple[float, float] | None = None


def evaluate_pairs(
    pairs: Iterable[ScoredPair],
    classes: Classes,
    *,
    metrics: Sequence[str] = (),
    tolerances: Tolerances | None = None,
    resamples: int = RESAMPLES,
    seed: int = 0,
) -> Evaluation:
    """Scores predictions; holds one pair in memory at a time.

    Args:
        pairs: What to score.
        classes: The classes both truth and prediction are of.
        metrics: Names of `metrics.catalog` to measure too, or "all".
        tolerances: How near is near enough for them; None for what their papers say.
        resamples: How often units are drawn anew for the intervals, at least 100.
        seed: Of the draws.

    Raises:
        UsageError: `resamples` is too small for the tails of a distribution.
        UnknownNameError: There is no such metric.
        DataError: No image, or none with a pixel that is judged; or distances are wanted of
            images of which only some state their spacing.
        LabelError: Truth and prediction of an image differ in size or classes.
    """
    if resamples < 100:
        raise UsageError(f"resamples is {resamples}; accepted is 100 or more (usual: {RESAMPLES})")
    tally = _Tally(
        classes, MetricTally(chosen_metrics(metrics), classes, tolerances or Tolerances())
    )
    for pair in pairs:
        tally.add(pair)
    return tally.evaluation(Resampling(resamples, seed))


class _Tally:
    """What is kept of the images seen so far: few numbers of each and one (K, K) sum."""

    def __init__(self, classes: Classes, metrics: MetricTally) -> None:
        self.classes = classes
        self.metrics = metrics
        self.confidence = ConfidenceTally()
        self.confidences: list[float | None] = []
        self.confusion = np.zeros((len(classes), len(classes)), np.int64)
        self.ignored_px = 0
        self.keys: list[str] = []
        self.groups: list[str | None] = []
        self.counts: list[Counts] = []

    def add(self, pair: ScoredPair) -> None:
        for role, labels in (("truth", pair.truth), ("prediction", pair.predicted)):
            if labels.classes.names != self.classes.names:
                raise LabelError(
                    f"the {role} has the classes {', '.join(labels.classes.names)}; "
                    f"accepted are {', '.join(self.classes.names)}",
                    where=pair.key,
                )
        try:
            matrix = confusion_matrix(
                pair.truth.ids,
                pair.predicted.ids,
                len(self.classes),
                self.classes.ignore_index,
            )
        except LabelError as error:
            raise LabelError(error.problem, where=pair.key, remedy=error.remedy) from None
        self.confusion += matrix
        self.ignored_px += pair.truth.ids.size - int(matrix.sum())
        self.keys.append(pair.key)
        self.groups.append(pair.group)
        self.counts.append(Counts.of(matrix))
        self.confidences.append(self.confidence.add(pair.truth, pair.predicted, pair.confidence))
        self.metrics.add(pair.truth, pair.predicted, self.counts[-1], pair.spacing)

    def evaluation(self, resampling: Resampling) -> Evaluation:
        if not self.keys:
            raise DataError("there are no images to score", remedy="Choose a split that has some")
        if not self.confusion.any():
            raise DataError(
                f"all pixels of the {len(self.keys)} images to score are ignored",
                remedy="Check the ids listed under 'ignore' in dataset.yaml",
            )
        per_image = Counts.stack(self.counts)
        units = Units.of(self.groups)
        pooled = Counts.of(self.confusion)
        scores = ClassScores(pooled, per_image.of_units(units), self.classes, resampling)
        return Evaluation(
            mean_iou=scores.mean("iou"),
            foreground_mean_iou=scores.foreground_mean_iou(),
            mean_dice=scores.mean("dice"),
            mean_precision=scores.mean("precision"),
            mean_recall=scores.mean("recall"),
            pixel_accuracy=scores.pixel_accuracy(),
            num_classes_scored=int(pooled.scored.sum()),
            num_images=len(self.keys),
            judged_px=int(self.confusion.sum()),
            ignored_px=self.ignored_px,
            unit=units.name,
            num_units=units.count,
            resamples=resampling.resamples,
            seed=resampling.seed,
            interval_notes=self._notes(units, scores.units_with_class),
            classes=scores.per_class(per_image),
            images=self._image_scores(per_image),
            confusion=tuple(map(tuple, self.confusion.tolist())),
            metrics=self.metrics.scores(units, resampling),
            groups=self._group_scores(per_image, resampling),
            calibration=self.confidence.calibration(units, resampling),
        )

    def _image_scores(self, per_image: Counts) -> tuple[ImageScore, ...]:
        means = mean_over_scored(per_image.iou())
        accuracies = per_image.pixel_accuracy()
        judged = per_image.truth.sum(axis=-1)
        hit, true, said = per_image.hit, per_image.truth, per_image.predicted
        return tuple(
            ImageScore(
                key=key,
                group=group,
                mean_iou=float(means[i]) if judged[i] else None,
                pixel_accuracy=float(accuracies[i]) if judged[i] else None,
                judged_px=int(judged[i]),
                counts={
                    self.classes.names[k]: (int(hit[i, k]), int(true[i, k]), int(said[i, k]))
                    for k in np.flatnonzero(per_image.scored[i])
                },
                metrics=self.metrics.of_image(i),
                confidence=self.confidences[i],
            )
            for i, (key, group) in enumerate(zip(self.keys, self.groups, strict=True))
        )

    def _group_scores(self, per_image: Counts, resampling: Resampling) -> tuple[GroupScore, ...]:
        return tuple(
            GroupScore(
                name=name,
                num_images=len(rows),
                judged_px=int(per_image.truth[rows].sum()),
                mean_iou=resampling.estimate(
                    per_image.rows(rows), lambda sums: mean_over_scored(sums.iou())
                ),
                metrics=self.metrics.of_group(rows, resampling),
            )
            for name in dict.fromkeys(group for group in self.groups if group is not None)
            for rows in [np.flatnonzero([group == name for group in self.groups])]
        )

    def _notes(self, units: Units, units_with_class: np.ndarray) -> tuple[str, ...]:
        drawn = f"{units.count} {units.name}{'s' * (units.count != 1)}"
        if units.count < MIN_UNITS:
            return (f"No intervals: {drawn} are too few for one that can be trusted.",)
        notes = [f"{100 * LEVEL:g} % bootstrap intervals over {drawn}."]
        if units.count < CAUTIOUS_BELOW:
            notes[0] += (
                f" With fewer than {CAUTIOUS_BELOW}, they hold the truth in about 90 of 100."
            )
        if not units.grouped:
            notes.append(
                "Images are taken as independent; where several show the same patient, scene or "
                "video, intervals are too narrow until dataset.yaml names the groups."
            )
        rare = [
            name
            for name, present in zip(self.classes.names, units_with_class, strict=True)
            if 0 < present < MIN_UNITS
        ]
        if rare:
            notes.append(
                f"Without an interval, because in fewer than {MIN_UNITS} {units.name}s: "
                f"{', '.join(rare)}. Intervals of the means are too narrow for the same reason."
            )
        return tuple(notes)
