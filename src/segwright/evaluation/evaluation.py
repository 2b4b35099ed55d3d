"""Scores of a method on a set of images, each with an interval."""

from __future__ import annotations

from typing import Literal

from pydantic import BaseModel, ConfigDict

from segwright.evaluation.tables import markdown_table, text_table


class _Record(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid")


class Estimate(_Record):
    """A score with its interval.

    Attributes:
        value: 0 (worst) … 1 (perfect) for the scores that every evaluation has; for a `MetricScore`
            in its unit.
        low: Lower end of the interval; None where no interval can be trusted.
        high: Upper end of the interval; None where `low` is.
    """

    value: float
    low: float | None = None
    high: float | None = None


class ReliabilityStep(_Record):
    """Pixels of about one confidence.

    Attributes:
        confidence: Their mean confidence.
        accuracy: Share of them that is right.
        pixels: How many.
    """

    confidence: float
    accuracy: float
    pixels: int


class CoveragePoint(_Record):
    """What answering only above a confidence gives.

    Attributes:
        confidence: The one to reach.
        coverage: Share of all judged pixels that reach it.
        error: Share of those that is wrong.
    """

    confidence: float
    coverage: float
    error: float


class Calibration(_Record):
    """Whether a method is right as often as it says it is.

    Attributes:
        error: Expected calibration error in 15 steps: the mean distance of confidence and
            accuracy, 0 (perfect) … 1. Resamples of few units have a little more of it than the
            units themselves, so that the upper end is cautious.
        steps: The reliability curve.
        coverage: The risk-coverage curve, from all pixels to the surest.
    """

    error: Estimate
    steps: tuple[ReliabilityStep, ...]
    coverage: tuple[CoveragePoint, ...]

    def reaching(self, error: float) -> CoveragePoint | None:
        """The most pixels that can be answered with at most this share of wrong ones."""
        return next((point for point in self.coverage if point.error <= error), None)


class ClassScore(_Record):
    """How one class fared, over all images together.

    A class that is in no truth but predicted somewhere scores 0 throughout. A class that is in
    neither is not present: its scores are None, and the means leave it out and say so.

    Attributes:
        name: Of the class.
        iou: Intersection over union.
        dice: Dice coefficient.
        precision: Share of the pixels predicted as the class that are of it.
        recall: Share of the pixels of the class that are predicted as it.
        truth_px: Judged pixels of the class.
        predicted_px: Judged pixels predicted as the class.
        num_images: Images with the class in the truth.
        num_units: Resampled units (images or groups) with the class in the truth.
        num_missed: Images with the class in the truth and nowhere in the prediction.
        num_invented: Images with the class in the prediction and nowhere in the truth.
    """

    name: str
    iou: Estimate | None
    dice: Estimate | None
    precision: Estimate | None
    recall: Estimate | None
    truth_px: int
    predicted_px: int
    num_images: int
    num_units: int
    num_missed: int
    num_invented: int


class MetricOfClass(_Record):
    """One class by one metric.

    Attributes:
        name: Of the class.
        estimate: None where the class is in no image.
        num_images: Images in which there was something to score: the class is in the truth or in
            the prediction.
        num_units: Resampled units in which there was.
    """

    name: str
    estimate: Estimate | None
    num_images: int
    num_units: int


class MetricScore(_Record):
    """A metric of `metrics.catalog` over all images.

    Attributes:
        name: In the catalogue.
        title: What people call it.
        unit: "share" (0 … 1), "px", "mm", "bits" or "regions".
        better: Which direction is better.
        setting: How near was near enough; empty where nothing had to be.
        mean: Over the classes that are scored, without the background; or over images for a metric
            of whole images. None where nothing is scored.
        num_images: Images in which there was something to score.
        classes: All classes but the background; empty for a metric of whole images.
    """

    name: str
    title: str
    unit: Literal["share", "px", "mm", "bits", "regions"]
    better: Literal["higher", "lower"]
    setting: str
    mean: Estimate | None
    num_images: int
    classes: tuple[MetricOfClass, ...]


class GroupScore(_Record):
    """How the images of one patient, scene or video fared.

    Its intervals resample the images of this one group: they say what other images of it might
    have given, and nothing about other groups.

    Attributes:
        name: Of the group.
        num_images: Its images.
        judged_px: Its pixels that are not ignored.
        mean_iou: Over its classes; None where all its pixels are ignored.
        metrics: Name → mean, of the metrics that are scored in it.
    """

    name: str
    num_images: int
    judged_px: int
    mean_iou: Estimate | None
    metrics: dict[str, Estimate]


class ImageScore(_Record):
    """How one image fared; None where all its pixels are ignored.

    Attributes:
        key: Name of the image in its data set.
        group: The patient, scene or video it comes from.
        mean_iou: Mean over the classes in its truth or prediction; a class that is predicted but
            not there counts 0.
        pixel_accuracy: Share of its judged pixels that are right.
        judged_px: Pixels that are not ignored.
        counts: Name of a class in its truth or prediction → pixels that are right, true and
            predicted. IoU is right / (true + predicted - right).
        metrics: Metric → class → numerator and denominator of the score over all images, whose
            ratio is that of this image. A metric of whole images has "" for class.
        confidence: Mean probability that the method gave to its answers, over all pixels; None
            where it gives none.
    """

    key: str
    group: str | None
    mean_iou: float | None
    pixel_accuracy: float | None
    judged_px: int
    counts: dict[str, tuple[int, int, int]]
    metrics: dict[str, dict[str, tuple[float, float]]] = {}
    confidence: float | None = None


class Evaluation(_Record):
    """Scores of a method on a set of images, each with an interval.

    **The score is `mean_iou`**: pixels are counted over all images together, IoU is taken for each
    class, and the mean over all classes (background too) is the score.

    Empty and missed objects: a class that is in no truth but predicted somewhere has IoU 0. A
    class that is in neither is reported as not present, and the means are over the
    `num_classes_scored` others. Nothing else is ever left out.

    Intervals are 95 % bootstrap intervals over `num_units` units (see `bootstrap`). They say what
    other images might have given, and nothing about training once more. A class that occurs in
    fewer than 5 units has none.

    Attributes:
        mean_iou: The score.
        foreground_mean_iou: The same without the background class; None where there is none.
        mean_dice: Mean Dice coefficient over the scored classes.
        mean_precision: Mean precision over the scored classes.
        mean_recall: Mean recall over the scored classes.
        pixel_accuracy: Share of judged pixels that are right.
        num_classes_scored: Classes in the truth or in a prediction.
        num_images: Images scored.
        judged_px: Pixels that count.
        ignored_px: Pixels that do not.
        unit: What was resampled.
        num_units: How many of them there are.
        resamples: How often they were drawn anew.
        seed: Of the draws.
        interval_notes: What a reader of the intervals must know.
        classes: One score per class, in the order of ids.
        images: One score per image, in the order given.
        confusion: (K, K) judged pixels, rows are the truth and columns the prediction.
        metrics: The metrics that were asked for.
        groups: One score per group that is named, in the order of their first images.
        calibration: Whether the method is right as often as it says; None where it does not say.
    """

    mean_iou: Estimate
    foreground_mean_iou: Estimate | None
    mean_dice: Estimate
    mean_precision: Estimate
    mean_recall: Estimate
    pixel_accuracy: Estimate
    num_classes_scored: int
    num_images: int
    judged_px: int
    ignored_px: int
    unit: Literal["image", "group"]
    num_units: int
    resamples: int
    seed: int
    interval_notes: tuple[str, ...]
    classes: tuple[ClassScore, ...]
    images: tuple[ImageScore, ...]
    confusion: tuple[tuple[int, ...], ...]
    metrics: tuple[MetricScore, ...] = ()
    groups: tuple[GroupScore, ...] = ()
    calibration: Calibration | None = None

    def ranked_images(self) -> list[ImageScore]:
        """Images from the worst to the best mean IoU; those without judged pixels are left out."""
        scored = [(i.mean_iou, i.key, i) for i in self.images if i.mean_iou is not None]
        return [image for *_, image in sorted(scored, key=lambda entry: entry[:2])]

    def least_sure(self) -> list[ImageScore]:
        """Images that a person should look at first: the lowest confidence first.

        Empty where the method does not say how sure it is. No label is needed for this order.
        """
        said = [(i.confidence, i.key, i) for i in self.images if i.confidence is not None]
        return [image for *_, image in sorted(said, key=lambda entry: entry[:2])]

    def constant_answer(self) -> tuple[str, float]:
        """The class that is best given to every pixel, and the mean IoU that this would have.

        What a method must beat to have learned anything.
        """
        there = [score for score in self.classes if score.truth_px]
        most = max(there, key=lambda score: score.truth_px)
        return most.name, most.truth_px / self.judged_px / len(there)

    def showcase(
        self, *, worst: int = 6, median: int = 3, best: int = 3
    ) -> list[tuple[Literal["worst", "median", "best"], ImageScore]]:
        """Images worth looking at, none twice: the worst first, then the middle, then the best."""
        ranked = self.ranked_images()
        chosen = [("worst", image) for image in ranked[:worst]]
        rest = ranked[worst:]
        top = [("best", image) for image in reversed(rest[max(0, len(rest) - best) :])]
        middle = rest[: max(0, len(rest) - best)]
        start = max(0, len(middle) // 2 - median // 2)
        chosen += [("median", image) for image in middle[start : start + median]]
        return chosen + top  # pyright: ignore[reportReturnType]

    def to_json(self) -> str:
        """All of it as indented JSON; `Evaluation.model_validate_json` reads it back."""
        return self.model_dump_json(indent=2)

    def table(self) -> str:
        """The scores as a table of plain text, in percent."""
        return text_table(self)

    def markdown(self) -> str:
        """The scores as a Markdown table, in percent."""
        return markdown_table(self)
