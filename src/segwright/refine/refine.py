"""The row of steps that makes the labels of a method better."""

from __future__ import annotations

from typing import Annotated, ClassVar

from pydantic import BeforeValidator, Field

from segwright.errors import LabelError
from segwright.images.image import Image
from segwright.images.picture import require_picture
from segwright.refine.crf import Crf
from segwright.refine.fill_holes import FillHoles
from segwright.refine.guided import Guided
from segwright.refine.labelling import Labelling
from segwright.refine.majority import Majority
from segwright.refine.morphology import Closing, Opening
from segwright.refine.remove_small import RemoveSmall
from segwright.refine.step import Step
from segwright.refine.temper import Temper
from segwright.rows import Row, short_form

STEPS: dict[str, type[Step]] = {
    "crf": Crf,
    "guided": Guided,
    "majority": Majority,
    "opening": Opening,
    "closing": Closing,
    "fill_holes": FillHoles,
    "remove_small": RemoveSmall,
    "temper": Temper,
}

_AnyStep = Annotated[
    Crf | Guided | Majority | Opening | Closing | FillHoles | RemoveSmall | Temper,
    Field(discriminator="step"),
    BeforeValidator(short_form(STEPS, "refinement step")),
]


class Refine(Row[_AnyStep]):
    """What is done to the labels of every image after a method gave them, step after step.

    Example:
        >>> print(Refine.of(["crf", {"remove_small": 20}]))
        crf (edge_weight 10, edge_px 60, edge_tone 0.05) → remove_small (area_px 20)
    """

    room: ClassVar[str] = "refine"
    like: ClassVar[str] = "[crf, {remove_small: 50}]"

    def apply(self, labelling: Labelling, image: Image) -> Labelling:
        """Refines the labels of one picture.

        Args:
            labelling: Classes and, where the method gives them, probabilities of its pixels.
            image: The picture itself, with axes "YX", not what a network was shown of it.

        Returns:
            Labels of the same pixels, ignored where they were. The very same object where there is
            no step.

        Raises:
            ImageError: A volume, values that are not finite, or a picture that lacks what a step
                needs.
            LabelError: Labels of another size.
            UnknownNameError: A step names a class that there is not.
        """
        if not self.root:
            return labelling
        require_picture(image)
        if image.size_hw != labelling.labels.size_hw:
            raise LabelError(
                f"the image has {image.size_hw} pixels (height, width), the labels "
                f"{labelling.labels.size_hw}; accepted is the same size",
                where=image.source,
            )
        for step in self.root:
            labelling = step.apply(labelling, image)
        return labelling
