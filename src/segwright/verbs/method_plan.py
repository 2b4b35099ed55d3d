"""What was decided for a method without a network: `method.yaml` of its run."""

from __future__ import annotations

from typing import Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field

from segwright.verbs.recorded import Recorded

METHOD_FILE = "method.yaml"


class TriedParams(BaseModel):
    """Parameters that were tried on validation images, and the mean IoU there."""

    model_config = ConfigDict(frozen=True, extra="forbid", allow_inf_nan=False)

    params: dict[str, Any]
    mean_iou: float


class MethodPlan(Recorded):
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
    """

    file: ClassVar[str] = METHOD_FILE

    method: str
    params: dict[str, Any]
    reason: str
    images: int = Field(ge=1)
    tried: tuple[TriedParams, ...] = ()
    seed: int = Field(ge=0)
    budget_s: float | None = None
    fingerprint: str

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
