"""What is asked of a training, and what it comes to: the same for networks and other methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from segwright.evaluation import Evaluation


@dataclass(frozen=True)
class Wishes:
    """What the user wants of a plan; see `train`."""

    model: str | None
    device: str | None
    settings: Mapping[str, object]
    seed: int
    plan: Path | None
    from_run: Path | None


@dataclass(frozen=True)
class TrainReport:
    """What a training run came to.

    Attributes:
        run: The run folder.
        evaluation: Scores of the shipped segmenter on the validation images; with folds, of
            every image by the segmenter that had not seen it.
        report: The page to open.
    """

    run: Path
    evaluation: Evaluation
    report: Path

    def text(self) -> str:
        """The score table and where things are."""
        return f"{self.evaluation.table()}\n\nrun: {self.run}\nreport: {self.report}"
