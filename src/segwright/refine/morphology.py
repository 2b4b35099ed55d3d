"""Opening and closing of classes by a disc."""

from __future__ import annotations

from typing import ClassVar, Literal, Self

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

    What lies beyond the border of the image or is ignored neither wears a class down nor adds to
    it, so that an image of one class stays what it is.

    Attributes:
        radius_px: Radius of the disc in pixels, 1 … 200.
        radius_mm: Radius in millimetres, for images with a known size of pixels; one of both is
            given.
    """

    bare: ClassVar[tuple[str, ...]] = ("radius_px",)
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
    All classes are opened at once, each as it was before. Where nothing would be left that has a
    class, nothing is changed.
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

    All classes are closed at once, each as it was before. A pixel that more than one other class
    would take gets that of them which is the most frequent around it.
    """

    step: Literal["closing"] = "closing"

    def apply(self, labelling: Labelling, image: Image) -> Labelling:
        cv2, disc = opencv(self.step), self.disc(image)
        ids, ignored = labelling.ids, labelling.ignored
        claimant = np.full(ids.shape, UNLABELLED, np.int32)
        disputed = np.zeros(ids.shape, bool)
        for one in self.chosen(labelling.labels.classes):
            mine = ids == one
            if mine.any():
                spread = (cv2.dilate(mine.astype(np.uint8), disc) > 0) | ignored
                claimed = (cv2.erode(spread.astype(np.uint8), disc) > 0) & ~mine & ~ignored
                disputed |= claimed & (claimant != UNLABELLED)
                claimant[claimed] = one
        settled = np.where(claimant == UNLABELLED, ids, claimant)
        left = np.where(disputed | ignored, UNLABELLED, settled)
        filled = grown_in(left, disputed)
        return labelling.relabelled(np.where(filled == UNLABELLED, ids, filled))
