"""Opening and closing of classes by a disc."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from segwright.images.image import Image
from segwright.refine.labelling import Labelling
from segwright.refine.majority import UNLABELLED, grown_in
from segwright.refine.opencv import ellipse, opencv
from segwright.refine.step import ClassStep, known_spacing

_LARGEST_PX = 200


class Morphology(ClassStep):
    """A step with a disc; see `Opening` and `Closing`.

    Attributes:
        radius_px: Radius of the disc in pixels, 1 … 200.
        radius_mm: Radius in millimetres, for images with a known size of pixels; one of both is
            given.
    """

    bare: ClassVar[tuple[str, ...]] = ("radius_px",)
    search: ClassVar[Mapping[str, tuple[Any, ...]]] = {"radius_px": (1.0, 2.0, 4.0, 8.0)}
    radius_px: float | None = Field(default=None, ge=1, le=_LARGEST_PX)
    radius_mm: float | None = Field(default=None, gt=0)

    @model_validator(mode="after")
    def _one_radius(self) -> Self:
        if (self.radius_px is None) == (self.radius_mm is None):
            raise ValueError("it takes one radius, such as radius_px: 3 or radius_mm: 0.5")
        return self

    def disc(self, image: Image) -> np.ndarray:
        """The disc as uint8 on the pixels of an image; an ellipse where they are not square."""
        if self.radius_px is not None:
            return ellipse(self.radius_px, self.radius_px)
        assert self.radius_mm is not None  # one of both is given
        height_mm, width_mm = known_spacing(self, image)
        # A disc that is wider than this reaches every pixel of most images, and takes long.
        return ellipse(
            min(self.radius_mm / height_mm, _LARGEST_PX),
            min(self.radius_mm / width_mm, _LARGEST_PX),
        )


class Opening(Morphology):
    """Takes off what is too thin for a disc to fit in: spurs, bridges, specks.

    What a class loses gets the most frequent class of the pixels around it, from the edge inwards.
    All classes are opened at once, each as it was before; what lies beyond the border or is ignored
    wears none of them down. Where nothing would be left that has a class, nothing is changed.
    """

    step: Literal["opening"] = "opening"

    def apply(self, labelling: Labelling, image: Image) -> Labelling:
        cv2, disc = opencv(self.step), self.disc(image)
        ignored = labelling.ignored
        lost = np.zeros(ignored.shape, bool)
        for one in self.chosen(labelling.labels.classes):
            mine = labelling.ids == one
            if mine.any():
                kept = cv2.dilate(cv2.erode((mine | ignored).astype(np.uint8), disc), disc)
                lost |= mine & (kept == 0)
        ids = np.where(ignored | lost, UNLABELLED, labelling.ids.astype(np.int32))
        filled = grown_in(ids, lost)
        return labelling.relabelled(np.where(filled == UNLABELLED, labelling.ids, filled))


class Closing(Morphology):
    """Closes gaps of a class that are too narrow for a disc to fit in.

    The classes are closed one after the other, in the order of their ids. Beyond the border the
    image goes on as it ends; ignored pixels are no class.
    """

    step: Literal["closing"] = "closing"

    def apply(self, labelling: Labelling, image: Image) -> Labelling:
        cv2, disc = opencv(self.step), self.disc(image)
        ids, ignored = labelling.ids.copy(), labelling.ignored
        reach_y, reach_x = (side // 2 for side in disc.shape)
        inside = slice(reach_y, reach_y + len(ids)), slice(reach_x, reach_x + ids.shape[1])
        for one in self.chosen(labelling.labels.classes):
            mine = ids == one
            if mine.any():
                around = (reach_y, reach_y), (reach_x, reach_x)
                room = np.pad(mine.astype(np.uint8), around, mode="edge")
                closed = cv2.erode(cv2.dilate(room, disc), disc)[inside]
                ids[(closed > 0) & ~ignored] = one
        return labelling.relabelled(ids)
