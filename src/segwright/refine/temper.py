"""How sure the labels may be said to be, as the last step of a row."""

from __future__ import annotations

from typing import ClassVar, Literal

from pydantic import Field

from segwright.images.image import Image
from segwright.refine.labelling import Labelling
from segwright.refine.step import Step
from segwright.refine.temperature import tempered


class Temper(Step):
    """Makes probabilities less sure, or surer; no label changes.

    Other steps leave probabilities that are not honest any more: those of a random field are far
    too sure, smoothed ones not sure enough. Labels without probabilities are left as they are.

    Attributes:
        temperature: Above 1 less sure, below 1 surer, 0.01 … 100; see `refine.temperature`.
    """

    bare: ClassVar[tuple[str, ...]] = ("temperature",)
    step: Literal["temper"] = "temper"
    temperature: float = Field(ge=0.01, le=100)

    def apply(self, labelling: Labelling, image: Image) -> Labelling:
        if labelling.probabilities is None:
            return labelling
        return Labelling(labelling.labels, tempered(labelling.probabilities, self.temperature))
