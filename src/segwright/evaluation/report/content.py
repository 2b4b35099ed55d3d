"""What a report shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Literal

import numpy as np

from segwright.evaluation.evaluation import Evaluation, ImageScore
from segwright.evaluation.tables import percent
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.labels.paint import to_display


@dataclass(frozen=True, eq=False)
class Panel:
    """One image of the report, shown as photo, truth, prediction and errors.

    Attributes:
        caption: What stands under the pictures.
        photo: (Y, X, 3) uint8 RGB of any size; the page holds it smaller.
        truth: What is there, on the grid of the photo.
        predicted: What was predicted, on the grid of the photo.
        kind: Why it is shown; empty for no particular reason.
    """

    caption: str
    photo: np.ndarray
    truth: LabelMap
    predicted: LabelMap
    kind: Literal["worst", "median", "best", ""] = ""

    @classmethod
    def of(
        cls,
        score: ImageScore,
        image: Image,
        truth: LabelMap,
        predicted: LabelMap,
        *,
        kind: Literal["worst", "median", "best", ""] = "",
    ) -> Panel:
        """A panel whose caption is the name and the scores of the image."""
        caption = score.key
        if score.mean_iou is not None and score.pixel_accuracy is not None:
            caption += (
                f" · mean IoU {percent(score.mean_iou)} %"
                f" · {percent(score.pixel_accuracy)} % of pixels right"
            )
        return cls(caption, to_display(image), truth, predicted, kind)


@dataclass(frozen=True)
class Comparison:
    """One row of the table of methods.

    Attributes:
        name: Of the method.
        evaluation: On the same images as the others.
        train_seconds: Time to train it; None where unknown or nothing is learnt.
        seconds_per_image: Time to segment one image; None where unknown.
    """

    name: str
    evaluation: Evaluation
    train_seconds: float | None = None
    seconds_per_image: float | None = None


@dataclass(frozen=True, eq=False)
class Report:
    """What the page shows; parts that are empty are left out.

    Attributes:
        title: Headline of the page.
        evaluation: The scores it is about.
        classes: Names and colours.
        subtitle: What was scored on what, in one line.
        panels: Images to show, in this order within each kind.
        curves: Rows of `metrics.jsonl`: `step`, `kind` ("train" or "val") and any of `loss` and
            `mean_iou`; other keys are for others.
        comparisons: All methods to stand side by side, the one of `evaluation` among them.
        notes: (heading, text) about where the data is from, why the plan is as it is, and so on.
    """

    title: str
    evaluation: Evaluation
    classes: Classes
    subtitle: str = ""
    panels: Sequence[Panel] = ()
    curves: Sequence[Mapping[str, object]] = ()
    comparisons: Sequence[Comparison] = ()
    notes: Sequence[tuple[str, str]] = ()
