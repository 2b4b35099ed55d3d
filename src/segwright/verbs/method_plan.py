"""What was decided for a method without a network: `method.yaml` of its run."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import yaml
from pydantic import BaseModel, ConfigDict, Field

from segwright.dataset.class_map import ClassMap
from segwright.errors import DataError
from segwright.formats.strict_yaml import parse_yaml

METHOD_FILE = "method.yaml"


class TriedParams(BaseModel):
    """Parameters that were tried on validation images, and the mean IoU there."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    params: dict[str, Any]
    mean_iou: float


class MethodPlan(BaseModel):
    """The method of a run, its parameters, and how they were chosen.

    Attributes:
        method: Its name in the catalogue.
        params: All that differ from the defaults.
        reason: How these came about.
        images: Training images that it was fitted on.
        tried: What was tried, the best first; nothing where there was no time given.
        seed: Of all randomness.
        budget_s: Wall clock that was given.
        fingerprint: Content hash of images and labels.
        classes: The class map, if the classes of the data were changed.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    method: str
    params: dict[str, Any]
    reason: str
    images: int = Field(ge=1)
    tried: tuple[TriedParams, ...] = ()
    seed: int = Field(ge=0)
    budget_s: float | None = None
    fingerprint: str
    classes: dict[str, list[str] | str] | None = None

    @property
    def class_map(self) -> ClassMap | None:
        return None if self.classes is None else ClassMap.from_content(self.classes)

    def to_yaml(self) -> str:
        content = self.model_dump(mode="json")
        return yaml.safe_dump(content, sort_keys=False, allow_unicode=True)

    @classmethod
    def read(cls, run: Path) -> MethodPlan:
        """Reads that of a run.

        Raises:
            DataError: It is damaged.
        """
        file = run / METHOD_FILE
        try:
            return cls.model_validate(parse_yaml(file.read_text("utf-8")))
        except (OSError, ValueError) as error:
            raise DataError(f"cannot be read ({error})", where=file) from error

    def explain(self) -> str:
        """The decision in words, and what was tried."""
        lines = [
            f"{self.method}: {_spelled(self.params)}",
            f"fitted on {self.images} images; {self.reason}",
        ]
        lines += [f"tried {_spelled(one.params)}: {100 * one.mean_iou:.1f} %" for one in self.tried]
        return "\n".join(lines)


def _spelled(params: dict[str, Any]) -> str:
    return ", ".join(f"{name}={value}" for name, value in params.items()) or "its defaults"
