"""One picture with its labels."""

from __future__ import annotations

from dataclasses import dataclass

from segwright.images.image import Image
from segwright.labels.label_map import LabelMap


@dataclass(frozen=True, eq=False)
class Sample:
    """One picture with its labels, both in memory and of the same size.

    Attributes:
        key: Unique name inside the dataset.
        image: The picture.
        labels: One class id per pixel of it.
        group: The patient, scene or video that it comes from; None if unknown.
    """

    key: str
    image: Image
    labels: LabelMap
    group: str | None = None
