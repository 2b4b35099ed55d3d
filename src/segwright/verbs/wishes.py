"""What is asked of a training, and what it comes to: the same for networks and other methods."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from segwright.errors import UsageError
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


_NOT_SET = {
    "seed": "Give it as --seed",
    "device": "Give it as --device",
    "budget_s": "Give it as --budget",
    "task": "Give it as --task",
    "classes": "Give it as --classes",
    "fingerprint": "Leave it out: it is that of the data",
}


def refuse_unsettable(settings: Mapping[str, object]) -> None:
    """Refuses settings that more rests on than the plan, such as which images are held out.

    Raises:
        UsageError: One that has an option of its own, or that is no choice.
    """
    for key, remedy in _NOT_SET.items():
        if key in settings:
            raise UsageError(
                f"{key!r} is no setting to replace", where=f"--set {key}", remedy=remedy
            )
