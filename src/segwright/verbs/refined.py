"""What is known of a segmenter whose labels are refined: `refined.yaml` in its folder."""

from __future__ import annotations

from pathlib import Path
from typing import ClassVar

from pydantic import BaseModel, ConfigDict, Field

from segwright.refine import Refine
from segwright.verbs.recorded import Recorded

REFINED_FILE = "refined.yaml"


class TriedRow(BaseModel):
    """A row of steps that was tried, and its mean IoU on the images that chose."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    refine: Refine
    mean_iou: float


class RefinedRun(Recorded):
    """How the labels of a segmenter came to be refined.

    Attributes:
        run: The segmenter that was refined.
        refine: The steps that are part of it now.
        reason: Why these.
        data: The data that they were chosen on.
        split: Which part of these.
        images: How many images of it.
        seed: Of all randomness.
        tried: The rows that were tried, in this order.
    """

    file: ClassVar[str] = REFINED_FILE

    run: Path
    refine: Refine
    reason: str
    data: Path
    split: str
    images: int = Field(ge=1)
    seed: int = Field(ge=0)
    tried: tuple[TriedRow, ...] = ()
