"""The metrics that were asked for: measured image by image, then put together."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Literal

import numpy as np

from segwright.errors import DataError
from segwright.evaluation.confusion import Counts, mean_over_scored
from segwright.evaluation.estimates import Resampling, estimated
from segwright.evaluation.evaluation import Estimate, MetricOfClass, MetricScore
from segwright.evaluation.metrics.case import Case, Tolerances
from segwright.evaluation.metrics.catalog import METRICS, Metric, Ratio
from segwright.evaluation.ratios import Ratios
from segwright.evaluation.units import Units
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap

_ONE = 0  # the column of a metric of whole images


class MetricTally:
    """What is kept of each image: two numbers for each metric and class in it.

    Args:
        names: Of `METRICS`.
        classes: Of truth and prediction.
        tolerances: How near is near enough.
    """

    def __init__(self, names: Sequence[str], classes: Classes, tolerances: Tolerances) -> None:
        self._metrics: Mapping[str, Metric] = {name: METRICS[name] for name in names}
        self._classes = classes
        self._tolerances = tolerances
        self._judged = [k for k in range(len(classes)) if k != classes.background]
        self._ratios: list[dict[str, dict[int, Ratio]]] = []
        self._in_mm: bool | None = None

    def add(
        self,
        truth: LabelMap,
        predicted: LabelMap,
        counts: Counts,
        spacing: tuple[float, float] | None,
    ) -> None:
        """Measures one image.

        Args:
            truth: What is there.
            predicted: What was predicted.
            counts: (K,) of this image.
            spacing: Millimetres per pixel along Y and X; None if unknown.

        Raises:
            DataError: Distances are wanted, and only some of the images state their spacing.
        """
        self._require_one_unit(spacing)
        case = Case(
            truth.ids,
            predicted.ids,
            len(self._classes),
            self._classes.background,
            spacing or (1.0, 1.0),
            self._tolerances,
        )
        self._ratios.append(
            {name: self._measured(metric, case, counts) for name, metric in self._metrics.items()}
        )

    def _measured(self, metric: Metric, case: Case, counts: Counts) -> dict[int, Ratio]:
        present = [k for k in self._judged if counts.scored[k]]
        if metric.whole_image:
            present = [_ONE]
        ratios = ((k, metric.measure(case, k)) for k in present)
        return {k: (float(one[0]), float(one[1])) for k, one in ratios if one is not None}

    def of_image(self, index: int) -> dict[str, dict[str, Ratio]]:
        """The numbers of one image by metric and name of class."""
        return {
            name: {
                "" if self._metrics[name].whole_image else self._classes.names[k]: ratio
                for k, ratio in of_classes.items()
            }
            for name, of_classes in self._ratios[index].items()
        }

    def scores(self, units: Units, resampling: Resampling) -> tuple[MetricScore, ...]:
        """Every metric over all images."""
        return tuple(self._score(name, units, resampling) for name in self._metrics)

    def of_group(self, rows: np.ndarray, resampling: Resampling) -> dict[str, Estimate]:
        """The means of the metrics over some images, which are resampled one by one."""
        found = {
            name: resampling.estimate(
                self._all(name).rows(rows), lambda sums: mean_over_scored(sums.values())
            )
            for name in self._metrics
        }
        return {name: estimate for name, estimate in found.items() if estimate is not None}

    def _score(self, name: str, units: Units, resampling: Resampling) -> MetricScore:
        metric = self._metrics[name]
        per_image = self._all(name)
        of_units = per_image.of_units(units)
        draws = np.concatenate([sums.values() for sums in resampling.draws(of_units)])  # (R, K)
        values = of_units.total().values()  # (K,)
        mean = float(mean_over_scored(values))
        return MetricScore(
            name=name,
            title=metric.title,
            unit=self._unit(metric),
            better=metric.better,
            setting=self._setting(metric),
            mean=None if np.isnan(mean) else estimated(mean, mean_over_scored(draws), units.count),
            num_images=int(per_image.scored.any(axis=-1).sum()),
            classes=()
            if metric.whole_image
            else tuple(
                MetricOfClass(
                    name=self._classes.names[k],
                    estimate=estimated(float(values[k]), draws[:, k], carried)
                    if (carried := int(of_units.scored[:, k].sum()))
                    else None,
                    num_images=int(per_image.scored[:, k].sum()),
                    num_units=carried,
                )
                for k in self._judged
            ),
        )

    def _all(self, name: str) -> Ratios:
        """(N, K) of all images; the column of the background stays empty."""
        shape = (len(self._ratios), 1 if self._metrics[name].whole_image else len(self._classes))
        ratios = Ratios(np.zeros(shape), np.zeros(shape))
        for row, measured in enumerate(self._ratios):
            for k, (top, bottom) in measured[name].items():
                ratios.top[row, k], ratios.bottom[row, k] = top, bottom
        return ratios

    def _unit(self, metric: Metric) -> Literal["share", "px", "mm", "bits", "regions"]:
        if metric.unit == "distance":
            return "mm" if self._in_mm else "px"
        return metric.unit

    def _setting(self, metric: Metric) -> str:
        near = self._tolerances.distance
        return metric.setting.format(
            band=f"{100 * self._tolerances.band:g} % of the diagonal",
            distance="0.75 % of the diagonal"
            if near is None
            else f"{near:g} {'mm' if self._in_mm else 'px'}",
        )

    def _require_one_unit(self, spacing: tuple[float, float] | None) -> None:
        if not any(
            m.unit == "distance" or "{distance}" in m.setting for m in self._metrics.values()
        ):
            return
        known = spacing is not None
        if self._in_mm is None:
            self._in_mm = known
        elif self._in_mm != known:
            raise DataError(
                "some images state how large their pixels are and some do not, so that distances "
                "would be averaged over millimetres and pixels",
                remedy="Declare 'spacing' in dataset.yaml, or leave out the metrics of distances",
            )
