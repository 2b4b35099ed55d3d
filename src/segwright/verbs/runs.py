"""What is known of runs, whichever method they trained."""

from __future__ import annotations

from pathlib import Path

from segwright.dataset import Dataset
from segwright.dataset.class_map import ClassMap
from segwright.errors import UsageError
from segwright.formats.entry import listed
from segwright.training.run_folder import RunFolder, RunRecord
from segwright.verbs.method_plan import METHOD_FILE, MethodPlan
from segwright.verbs.refined import REFINED_FILE, RefinedRun

RUN_FILES = ("plan.yaml", METHOD_FILE, REFINED_FILE)
"""One of these is in every run, and in every segmenter that was refined."""


def is_run(path: Path) -> bool:
    """Whether a folder is that of a training run, or of a refined segmenter."""
    return any((path / name).is_file() for name in RUN_FILES)


def record_of(path: Path) -> RunRecord | None:
    """What is known of a run; None for a segmenter without one."""
    if (path / REFINED_FILE).is_file() and not (path / "run.json").exists():
        return None  # what was refined had none
    return RunFolder(path).record if is_run(path) else None


def class_map_of(path: Path) -> ClassMap | None:
    """The class map that a run was trained with; None if there was none, or no run."""
    if (path / REFINED_FILE).is_file():
        return RefinedRun.read(path).class_map
    if (path / METHOD_FILE).is_file():
        return MethodPlan.read(path).class_map
    return RunFolder.open(path).plan.class_map if is_run(path) else None


def learned_by(run: Path | None) -> frozenset[str]:
    """Content hashes of the images that a run's weights have learned from."""
    return frozenset() if run is None else frozenset(RunFolder.open(run).record.learned)


def refuse_learned(hold_out: Dataset, from_run: Path | None) -> None:
    """Refuses to score weights on images that they have learned from already.

    Raises:
        UsageError: `from_run` learned from some of these.
    """
    if not (learned := learned_by(from_run)):
        return
    hashes = zip(hold_out.keys, hold_out.image_hashes(), strict=True)
    known = [key for key, image_hash in hashes if image_hash in learned]
    if known:
        raise UsageError(
            f"these weights have learned from {len(known)} of the {len(hold_out)} images that "
            f"would be held out to score them: {listed(known)}",
            where=f"--from {from_run}",
            remedy="Hold out what they have not seen: leave --seed and --folds out, or declare a "
            "'val' of other images",
        )
