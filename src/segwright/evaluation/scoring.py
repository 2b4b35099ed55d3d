"""From pairs of truth and prediction to an `Evaluation`."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Literal, NamedTuple

import numpy as np

from segwright.errors import DataError, LabelError, UsageError
from segwright.evaluation.bootstrap import LEVEL, MIN_UNITS, RESAMPLES, interval, resampled
from segwright.evaluation.confusion import Counts, confusion_matrix, mean_over_scored
from segwright.evaluation.evaluation import ClassScore, Estimate, Evaluation, ImageScore
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap


class ScoredPair(NamedTuple):
    """One image to be scored.

    Attributes:
        key: Name of the image in its data set.
        group: The patient, scene or video it comes from; None where unknown.
        truth: What is there. Its ignored pixels are not judged.
        predicted: What was predicted, on the same pixel grid.
    """

    key: str
    group: str | None
    truth: LabelMap
    predicted: LabelMap


def evaluate_pairs(
    pairs: Iterable[ScoredPair], classes: Classes, *, resamples: int = RESAMPLES, seed: int = 0
) -> Evaluation:
    """Scores predictions; holds one pair in memory at a time.

    Args:
        pairs: What to score.
        classes: The classes both truth and prediction are of.
        resamples: How often units are drawn anew for the intervals, at least 100.
        seed: Of the draws.

    Raises:
        UsageError: `resamples` is too small for the tails of a distribution.
        DataError: No image, or none with a pixel that is judged.
        LabelError: Truth and prediction of an image differ in size or classes.
    """
    if resamples < 100:
        raise UsageError(f"resamples is {resamples}; accepted is 100 or more (usual: {RESAMPLES})")
    tally = _Tally(classes)
    for pair in pairs:
        tally.add(pair)
    return tally.evaluation(resamples=resamples, seed=seed)


class _Tally:
    """What is kept of the images seen so far: 3 K numbers of each and one (K, K) sum."""

    def __init__(self, classes: Classes) -> None:
        self.classes = classes
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

    def evaluation(self, *, resamples: int, seed: int) -> Evaluation:
        if not self.keys:
            raise DataError("there are no images to score", remedy="Choose a split that has some")
        if not self.confusion.any():
            raise DataError(
                f"all pixels of the {len(self.keys)} images to score are ignored",
                remedy="Check the ids listed under 'ignore' in dataset.yaml",
            )
        per_image = Counts.stack(self.counts)
        units = self._units(per_image)
        scores = _Scores(Counts.of(self.confusion), units, self.classes, resamples, seed)
        return Evaluation(
            mean_iou=scores.mean("iou"),
            foreground_mean_iou=scores.foreground_mean_iou(),
            mean_dice=scores.mean("dice"),
            mean_precision=scores.mean("precision"),
            mean_recall=scores.mean("recall"),
            pixel_accuracy=scores.pixel_accuracy(),
            num_classes_scored=int(scores.pooled.scored.sum()),
            num_images=len(self.keys),
            judged_px=int(self.confusion.sum()),
            ignored_px=self.ignored_px,
            unit="group" if self._grouped else "image",
            num_units=len(units.hit),
            resamples=resamples,
            seed=seed,
            interval_notes=self._notes(scores),
            classes=scores.per_class((per_image.truth > 0).sum(axis=0)),
            images=self._image_scores(per_image),
            confusion=tuple(map(tuple, self.confusion.tolist())),
        )

    @property
    def _grouped(self) -> bool:
        return any(group is not None for group in self.groups)

    def _units(self, per_image: Counts) -> Counts:
        """Counts of each group; an image without a group is a unit of its own."""
        if not self._grouped:
            return per_image
        names = [("image", i) if g is None else ("group", g) for i, g in enumerate(self.groups)]
        number = {name: index for index, name in enumerate(dict.fromkeys(names))}
        sums = Counts(*(np.zeros((len(number), len(self.classes)), np.int64) for _ in range(3)))
        rows = [number[name] for name in names]
        np.add.at(sums.hit, rows, per_image.hit)
        np.add.at(sums.truth, rows, per_image.truth)
        np.add.at(sums.predicted, rows, per_image.predicted)
        return sums

    def _image_scores(self, per_image: Counts) -> tuple[ImageScore, ...]:
        means = mean_over_scored(per_image.iou())
        accuracies = per_image.pixel_accuracy()
        judged = per_image.truth.sum(axis=-1)
        return tuple(
            ImageScore(
                key=key,
                group=group,
                mean_iou=float(means[i]) if judged[i] else None,
                pixel_accuracy=float(accuracies[i]) if judged[i] else None,
                judged_px=int(judged[i]),
            )
            for i, (key, group) in enumerate(zip(self.keys, self.groups, strict=True))
        )

    def _notes(self, scores: _Scores) -> tuple[str, ...]:
        unit = "group" if self._grouped else "image"
        number = len(scores.units.hit)
        drawn = f"{number} {unit}{'s' * (number != 1)}"
        if number < MIN_UNITS:
            return (f"No intervals: {drawn} are too few for one that can be trusted.",)
        notes = [f"{100 * LEVEL:g} % bootstrap intervals over {drawn}."]
        if not self._grouped:
            notes.append(
                "Images are taken as independent; where several show the same patient, scene or "
                "video, intervals are too narrow until dataset.yaml names the groups."
            )
        rare = [
            name
            for name, present in zip(self.classes.names, scores.units_with_class, strict=True)
            if 0 < present < MIN_UNITS
        ]
        if rare:
            notes.append(
                f"Without an interval, because in fewer than {MIN_UNITS} {unit}s: "
                f"{', '.join(rare)}. Intervals of the means are too narrow for the same reason."
            )
        return tuple(notes)


_Metric = Literal["iou", "dice", "precision", "recall"]
_METRICS: tuple[_Metric, ...] = ("iou", "dice", "precision", "recall")


class _Scores:
    """Scores of the pooled counts beside those of every resample."""

    def __init__(
        self, pooled: Counts, units: Counts, classes: Classes, resamples: int, seed: int
    ) -> None:
        self.pooled = pooled
        self.units = units
        self.classes = classes
        self.units_with_class = (units.truth > 0).sum(axis=0)  # (K,)
        chunks = list(resampled(units, resamples=resamples, seed=seed))
        self._draws = {
            metric: np.concatenate([getattr(chunk, metric)() for chunk in chunks])  # (R, K)
            for metric in _METRICS
        }
        self._accuracies = np.concatenate([chunk.pixel_accuracy() for chunk in chunks])  # (R,)

    def mean(self, metric: _Metric) -> Estimate:
        value = mean_over_scored(getattr(self.pooled, metric)())
        return self._estimate(value, mean_over_scored(self._draws[metric]), len(self.units.hit))

    def foreground_mean_iou(self) -> Estimate | None:
        """None without a background class, or with no other class present."""
        if self.classes.background is None:
            return None
        foreground = np.arange(len(self.classes)) != self.classes.background
        value = mean_over_scored(self.pooled.iou()[foreground])
        if np.isnan(value):
            return None
        draws = mean_over_scored(self._draws["iou"][:, foreground])
        return self._estimate(value, draws, len(self.units.hit))

    def pixel_accuracy(self) -> Estimate:
        return self._estimate(self.pooled.pixel_accuracy(), self._accuracies, len(self.units.hit))

    def per_class(self, images_with_class: np.ndarray) -> tuple[ClassScore, ...]:
        return tuple(
            ClassScore(
                name=name,
                **{metric: self._class_estimate(metric, k) for metric in _METRICS},
                truth_px=int(self.pooled.truth[k]),
                predicted_px=int(self.pooled.predicted[k]),
                num_images=int(images_with_class[k]),
                num_units=int(self.units_with_class[k]),
            )
            for k, name in enumerate(self.classes.names)
        )

    def _class_estimate(self, metric: _Metric, k: int) -> Estimate | None:
        if not self.pooled.scored[k]:
            return None
        value = getattr(self.pooled, metric)()[k]
        return self._estimate(value, self._draws[metric][:, k], int(self.units_with_class[k]))

    @staticmethod
    def _estimate(value: np.ndarray, draws: np.ndarray, num_units: int) -> Estimate:
        ends = interval(float(value), draws, num_units)
        low, high = (None, None) if ends is None else ends
        return Estimate(value=float(value), low=low, high=high)
