"""One method of a comparison, trained or scored in a process of its own.

`python -m segwright.verbs.contender TASK.json OUTCOME.json` does what the first file says and
writes what came of it into the second. So each method has the machine to itself, its memory is its
own, and a crash of one is not the end of all.
"""

from __future__ import annotations

import platform
import subprocess
import sys
import time
from collections.abc import Mapping
from pathlib import Path
from statistics import median

from pydantic import BaseModel, ConfigDict, JsonValue

from segwright.errors import SegwrightError, TrainingError
from segwright.evaluation import Evaluation, Method, WrittenMasks, evaluate_parts
from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.result import Result
from segwright.storage import write_whole

_LAST_WORDS = 400  # characters of a process that died


class Training(BaseModel):
    """What to train; fields as of `segwright.train`."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    model: str
    out: Path
    seed: int
    budget_s: float | None
    device: str | None
    settings: Mapping[str, JsonValue]
    classes: Path | None
    started_at: float


class Scoring(BaseModel):
    """What to score.

    Attributes:
        data: Labelled images.
        keys: Those to score, in this order.
        method: A run, a segmenter folder, or a folder of masks.
        masks: Folder for the masks of all images.
        device: Where it shall run; None for the CPU.
        classes: A class map; see `dataset.class_map`.
    """

    model_config = ConfigDict(frozen=True, extra="forbid")

    data: Path
    keys: tuple[str, ...]
    method: Path
    masks: Path
    device: str | None
    classes: Path | None


class Task(BaseModel):
    """Either of the two."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    training: Training | None = None
    scoring: Scoring | None = None


class Outcome(BaseModel):
    """What came of it.

    Attributes:
        error: Why it failed; None if it did not.
        evaluation: The scores, of a scoring.
        seconds_per_image: Median time to segment one; None for masks.
        peak_mb: Peak memory of the process; None where the system does not say.
        wall_s: From the start of the process to its end.
    """

    model_config = ConfigDict(extra="forbid")

    error: str | None = None
    evaluation: Evaluation | None = None
    seconds_per_image: float | None = None
    peak_mb: float | None = None
    wall_s: float = 0.0


def run_apart(task: Task, folder: Path, name: str) -> Outcome:
    """Does a task in a process of its own and waits for it.

    Args:
        task: What to do.
        folder: For `NAME.json`, `NAME.outcome.json` and `NAME.log`.
        name: Of these files.

    Raises:
        StorageError: The folder cannot be written to.
    """
    asked, told, log = (folder / f"{name}{end}" for end in (".json", ".outcome.json", ".log"))
    write_whole(asked, task.model_dump_json(indent=1))
    command = [sys.executable, "-m", "segwright.verbs.contender", str(asked), str(told)]
    begun = time.monotonic()
    with log.open("wb") as words:
        process = subprocess.Popen(command, stdout=words, stderr=words)
        try:
            code = process.wait()
        except BaseException:  # interrupted: it must not go on alone
            process.terminate()
            process.wait()
            raise
    if not told.is_file():
        last = log.read_text("utf-8", "replace").strip()[-_LAST_WORDS:]
        return Outcome(error=f"its process ended with code {code}: {last or 'nothing was said'}")
    outcome = Outcome.model_validate_json(told.read_bytes())
    outcome.wall_s = time.monotonic() - begun
    return outcome


def main(asked: Path, told: Path) -> None:
    """Does the task of a file and writes the outcome."""
    task = Task.model_validate_json(asked.read_bytes())
    try:
        outcome = _scored(task.scoring) if task.scoring else _trained(task.training)
    except SegwrightError as error:
        outcome = Outcome(error=str(error))
    outcome.peak_mb = peak_memory_mb()
    write_whole(told, outcome.model_dump_json())


def _trained(training: Training | None) -> Outcome:
    from segwright.verbs.train import train

    if training is None:
        raise TrainingError("the task is empty")
    train(**dict(training))
    return Outcome()


def _scored(scoring: Scoring) -> Outcome:
    from segwright.segmenter import load
    from segwright.verbs.evaluate import is_mask_folder, require_same_classes
    from segwright.verbs.opening import open_data

    dataset = open_data(scoring.data, scoring.classes)
    place = {key: index for index, key in enumerate(dataset.keys)}
    chosen = dataset.subset([place[key] for key in scoring.keys])
    if is_mask_folder(scoring.method):
        images = [entry.image for entry in chosen.entries]
        masks = WrittenMasks.found(scoring.method, images, dataset.classes)
        return Outcome(evaluation=_evaluated(masks, chosen, scoring.masks))
    segmenter = load(scoring.method, device=scoring.device or "cpu")
    require_same_classes(segmenter, dataset, scoring.data)
    timed = _Timed(segmenter)
    evaluation = _evaluated(timed, chosen, scoring.masks)
    return Outcome(evaluation=evaluation, seconds_per_image=median(timed.seconds))


def _evaluated(method: Method, chosen, masks: Path) -> Evaluation:
    def keep(key: str, result: Result) -> None:
        result.save(masks, key, {"mask"})

    return evaluate_parts([(method, chosen)], keep=keep)


class _Timed:
    """A method with the time of each image."""

    def __init__(self, method: Method) -> None:
        self._method = method
        self.seconds: list[float] = []

    @property
    def classes(self) -> Classes:
        return self._method.classes

    def segment(self, image: Image) -> Result:
        begun = time.perf_counter()
        result = self._method.segment(image)
        self.seconds.append(time.perf_counter() - begun)
        return result


def peak_memory_mb() -> float | None:
    """The most memory that this process has held, in MB; None where the system does not say.

    Linux is asked for the high-water mark of the process itself: what `getrusage` gives there may
    be that of the process it was started from.
    """
    try:
        for line in Path("/proc/self/status").read_text("ascii", "replace").splitlines():
            if line.startswith("VmHWM:"):
                return int(line.split()[1]) * 1024 / 1e6
    except OSError:
        pass
    try:
        import resource
    except ModuleNotFoundError:  # Windows
        return None
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return peak / 1e6 if platform.system() == "Darwin" else peak * 1024 / 1e6


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
