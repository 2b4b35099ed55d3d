"""What all steps of refinement have in common."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Mapping
from typing import Annotated, Any, ClassVar, Self

import numpy as np
from pydantic import Field, model_validator

from segwright import rows
from segwright.errors import ImageError, UnknownNameError
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.refine.labelling import Labelling

Certainty = Annotated[float, Field(gt=0.5, lt=1)]
"""Probability of a pixel's class where the method gives none."""


class Step(rows.Step):
    """One change of a labelling, with its settings.

    Attributes:
        search: For some settings, values worth trying on validation images, in their order.
    """

    room: ClassVar[str] = "refine"
    search: ClassVar[Mapping[str, tuple[Any, ...]]] = {}

    @abstractmethod
    def apply(self, labelling: Labelling, image: Image) -> Labelling:
        """Changes the labels of one image.

        Args:
            labelling: Classes and probabilities of the image's pixels.
            image: The picture, with axes "YX" and finite pixels.

        Raises:
            ImageError: It lacks what the step needs, such as the size of its pixels.
            MissingDependencyError: A package is needed and not installed.
        """


class ClassStep(Step):
    """A step that works on each class by itself.

    Attributes:
        classes: Names of the classes it works on; all where it is None.
    """

    classes: tuple[str, ...] | None = Field(default=None, min_length=1)

    def chosen(self, classes: Classes) -> list[int]:
        """The ids of the classes it works on.

        Raises:
            UnknownNameError: A name that is no class.
        """
        if self.classes is None:
            return list(range(len(classes)))
        for name in self.classes:
            if name not in classes.names:
                raise UnknownNameError("class", name, classes.names, where=f"refine: {self.name}")
        return sorted(classes.names.index(name) for name in self.classes)


class AreaStep(ClassStep):
    """A step with an area, in pixels or in square millimetres.

    Attributes:
        area_px: Area in pixels.
        area_mm2: Area in mm², for images with a known size of pixels; one of both is given.
    """

    bare: ClassVar[tuple[str, ...]] = ("area_px",)
    area_px: int | None = Field(default=None, ge=1)
    area_mm2: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _one_area(self) -> Self:
        if (self.area_px is None) == (self.area_mm2 is None):
            raise ValueError("it takes one area, such as area_px: 50 or area_mm2: 2.5")
        return self

    def limit_px(self, image: Image) -> float:
        """The area in pixels of an image; raises ImageError where mm² are not known in it."""
        if self.area_px is not None:
            return self.area_px
        assert self.area_mm2 is not None  # one of both is given
        height_mm, width_mm = known_spacing(self, image)
        return self.area_mm2 / (height_mm * width_mm)


def known_spacing(step: Step, image: Image) -> tuple[float, float]:
    """Height and width of a pixel in millimetres.

    Raises:
        ImageError: They are not known, or no finite numbers above 0.
    """
    spacing = image.spacing
    if spacing is None or not (np.isfinite(spacing).all() and min(spacing) > 0):
        raise ImageError(
            f"its pixels measure {'an unknown size' if spacing is None else spacing}, and the "
            f"refinement step {step.name!r} has a setting in millimetres",
            where=image.source,
            remedy="Write 'spacing: MILLIMETRES' into dataset.yaml, give --spacing to predict, or "
            "give the setting in pixels",
        )
    return spacing[0], spacing[1]
