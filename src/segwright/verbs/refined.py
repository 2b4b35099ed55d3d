"""What is known of a segmenter whose labels are refined: `refined.yaml` in its folder."""

from __future__ import annotations

from pathlib import Path

import yaml
from pydantic import BaseModel, ConfigDict, Field

from segwright.dataset.class_map import ClassMap
from segwright.errors import DataError
from segwright.formats.strict_yaml import parse_yaml
from segwright.refine import Refine

REFINED_FILE = "refined.yaml"


class TriedRow(BaseModel):
    """A row of steps that was tried, and its mean IoU on the images that chose."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    refine: Refine
    mean_iou: float


class RefinedRun(BaseModel):
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
        classes: The class map that the segmenter was trained with, if there was one.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    run: Path
    refine: Refine
    reason: str
    data: Path
    split: str
    images: int = Field(ge=1)
    seed: int = Field(ge=0)
    tried: tuple[TriedRow, ...] = ()
    classes: dict[str, list[str] | str] | None = None

    @property
    def class_map(self) -> ClassMap | None:
        return None if self.classes is None else ClassMap.from_content(self.classes)

    def to_yaml(self) -> str:
        content = self.model_dump(mode="json", exclude_none=True)
        return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)

    @classmethod
    def read(cls, folder: Path) -> RefinedRun:
        """Reads that of a folder.

        Raises:
            DataError: It is damaged.
        """
        file = folder / REFINED_FILE
        try:
            return cls.model_validate(parse_yaml(file.read_text("utf-8")))
        except (OSError, ValueError) as error:
            raise DataError(f"cannot be read ({error})", where=file) from error
