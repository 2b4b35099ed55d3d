"""The metrics that can be asked for, beyond the scores that every evaluation has.

What an import needs is imported when a metric is first measured: reading this table needs NumPy
alone.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from typing import Literal

from segwright.errors import UnknownNameError
from segwright.evaluation.metrics.case import Case

Ratio = tuple[float, float]
"""What one image gives: numerator and denominator of the score over all images."""


@dataclass(frozen=True)
class Metric:
    """One line of the table.

    Attributes:
        title: What people call it.
        says: What it tells, in one sentence.
        unit: "share" (0 … 1), "distance" (pixels or millimetres), "bits", or "regions".
        better: Which direction is better.
        measure: Gives the ratio of one class in one image; None where there is nothing to score.
            For a metric of whole images the class means nothing.
        source: Paper.
        whole_image: Whether it is one figure for an image in place of one for each class.
        setting: Words that tell what is near enough, with {band} and {distance}; empty if nothing
            has to be.
        packages: Import names that measuring needs.
    """

    title: str
    says: str
    unit: Literal["share", "distance", "bits", "regions"]
    better: Literal["higher", "lower"]
    measure: Callable[[Case, int], Ratio | None]
    source: str
    whole_image: bool = False
    setting: str = ""
    packages: tuple[str, ...] = ()


def _mean(value: float | None) -> Ratio | None:
    return None if value is None else (value, 1.0)


def _boundary_iou(case: Case, k: int) -> Ratio | None:
    return case.outlines(k).boundary_counts(case.band_px)


def _boundary_f(case: Case, k: int) -> Ratio | None:
    return _mean(case.outlines(k).boundary_f(case.distance))


def _surface_distance(case: Case, k: int) -> Ratio | None:
    return _mean(case.outlines(k).surface_distance(case.distance))


def _hausdorff(case: Case, k: int) -> Ratio | None:
    return _mean(case.outlines(k).hausdorff())


def _centreline_dice(case: Case, k: int) -> Ratio | None:
    from segwright.evaluation.metrics.thin import centreline_dice

    return _mean(centreline_dice(*case.masks(k)))


def _rand_error(case: Case, k: int) -> Ratio | None:
    return None if case.partition is None else (case.partition.adapted_rand_error(), 1.0)


def _information(case: Case, k: int) -> Ratio | None:
    if case.partition is None:
        return None
    return sum(case.partition.variation_of_information()), 1.0


def _area_error(case: Case, k: int) -> Ratio | None:
    true, predicted = (int(mask.sum()) for mask in case.masks(k))
    larger = max(true, predicted)
    return (abs(predicted - true) / larger, 1.0) if larger else None


def _count_error(case: Case, k: int) -> Ratio | None:
    true, predicted = case.pieces(k)
    return (float(abs(predicted - true)), 1.0) if true or predicted else None


METRICS: Mapping[str, Metric] = {
    "boundary_iou": Metric(
        "Boundary IoU",
        "IoU of the pixels near the outlines: how well edges are met, whatever the size.",
        "share",
        "higher",
        _boundary_iou,
        "Cheng et al., CVPR 2021, arXiv 2103.16562",
        setting="band of {band}",
        packages=("scipy",),
    ),
    "boundary_f": Metric(
        "Boundary F",
        "Harmonic mean of the shares of true and predicted outline that lie on the other one.",
        "share",
        "higher",
        _boundary_f,
        "Csurka et al., BMVC 2013",
        setting="tolerance {distance}",
        packages=("scipy",),
    ),
    "surface_distance": Metric(
        "Normalised surface distance",
        "Share of both outlines together that lies on the other one.",
        "share",
        "higher",
        _surface_distance,
        "Nikolov et al., 2018, arXiv 1809.04430",
        setting="tolerance {distance}",
        packages=("scipy",),
    ),
    "hd95": Metric(
        "HD95",
        "How far outlines are apart, but for the farthest 5 %; the image's diagonal where a class "
        "is missed or invented.",
        "distance",
        "lower",
        _hausdorff,
        "Maier-Hein et al., Nature Methods 21, 2024, arXiv 2206.01653",
        packages=("scipy",),
    ),
    "cldice": Metric(
        "clDice",
        "How much of the centre lines of thin things lies inside the other mask.",
        "share",
        "higher",
        _centreline_dice,
        "Shit et al., CVPR 2021, arXiv 2003.07311",
        packages=("scipy", "skimage"),
    ),
    "rand_error": Metric(
        "Adapted Rand error",
        "How often two pixels are put in one region by truth or prediction alone.",
        "share",
        "lower",
        _rand_error,
        "Arganda-Carreras et al., Frontiers in Neuroanatomy 9:142, 2015",
        whole_image=True,
    ),
    "vi": Metric(
        "Variation of information",
        "Bits that false splits and false merges of regions cost together.",
        "bits",
        "lower",
        _information,
        "Meilă, Journal of Multivariate Analysis 98, 2007",
        whole_image=True,
    ),
    "area_error": Metric(
        "Area error",
        "Difference of true and predicted area as a share of the larger; 1 where missed or "
        "invented.",
        "share",
        "lower",
        _area_error,
        "this project: bounded, so that an invented class has a value too",
    ),
    "count_error": Metric(
        "Count error",
        "How many connected regions too many or too few, on average over images.",
        "regions",
        "lower",
        _count_error,
        "mean absolute error of the count",
    ),
}
"""Name → metric, in the order they are shown."""


def chosen_metrics(names: Iterable[str]) -> tuple[str, ...]:
    """The metrics that names stand for, each once, in the order of the table.

    Args:
        names: Of `METRICS`, or "all".

    Raises:
        UnknownNameError: There is no such metric.
    """
    wanted = set(names)
    for name in sorted(wanted - {"all"}):
        if name not in METRICS:
            raise UnknownNameError("metric", name, [*METRICS, "all"], where="metrics")
    return tuple(name for name in METRICS if "all" in wanted or name in wanted)
