"""Runs a segmenter over one file or a folder of a million."""

from __future__ import annotations

import errno
import heapq
import math
import os
from collections import deque
from collections.abc import Collection, Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from segwright.classical.catalog import CATALOG as METHODS
from segwright.classical.catalog import build_method
from segwright.classical.method import Method
from segwright.errors import SegwrightError, StorageError, UnknownNameError, UsageError
from segwright.events import Listener, Note, StageAdvanced, StageStarted
from segwright.images import read_image
from segwright.images.image import Image
from segwright.result import SAVED_AS, CocoFile, Saved
from segwright.segmenter import Segmenter, load
from segwright.storage import storage_errors
from segwright.verbs.inputs import Input, Inputs

COCO_FILE = "predictions.coco.json"

_LOOKED_AT = 10  # images named as the least sure
_READ_AHEAD = 2  # images decoded while one is run
# Faults of the place to write to: every further image would meet them too.
_HOPELESS = {errno.ENOSPC, errno.EDQUOT, errno.EROFS}


@dataclass(frozen=True)
class PredictReport:
    """What became of the images.

    Attributes:
        out: The folder with the results.
        done: Images whose results are all written.
        failed: The others: file and reason, in the order they were met.
        least_sure: The images that a person should look at first: file and mean confidence, the
            lowest first; at most ten, and none where the method does not say how sure it is.
    """

    out: Path
    done: int
    failed: tuple[tuple[Path, str], ...]
    least_sure: tuple[tuple[Path, float], ...] = ()


def predict(
    segmenter: Segmenter | str | Path,
    inputs: str | Path | Sequence[str | Path],
    out: str | Path,
    *,
    save: Collection[Saved] | None = None,
    spacing: tuple[float, float] | None = None,
    device: str | None = None,
    settings: Mapping[str, Any] | None = None,
    abstain: float | None = None,
    on_event: Listener | None = None,
) -> PredictReport:
    """Segments images and writes the results, each file whole or absent.

    An image that cannot be read, segmented or saved is noted and the others go on; only a full
    or read-only disk ends the run. The next images are read while one is run.

    Args:
        segmenter: What segments; or the folder that `segwright.load` shall read it from; or the
            name of a method of `segwright methods` that needs no training.
        inputs: Files, folders (with all below them) and patterns such as "photos/**/*.jpg".
        out: Folder for the results, made if absent. An image below a given folder keeps its place
            there: `photos/day1/a.jpg` of `photos` becomes `OUT/day1/a.png`.
        save: What to write of each image, see `Result.save`; "coco" is one file for all of them,
            `OUT/predictions.coco.json`. None for the mask, or the regions of a method that finds
            such and knows no classes. Files from earlier runs are replaced.
        spacing: Millimetres per pixel of the images, along Y and X; for measures, and for a
            segmenter that resamples to a spacing. None for what the files say.
        device: Where a segmenter that is read from a folder shall run; None for the CPU.
        settings: Fields of `RunSettings` (tile, flips, scales …) to use in place of the stored
            ones, for a segmenter that is read from a folder; parameters of a method.
        abstain: Pixels that the segmenter is less sure of than this get the ignored value (255,
            or 65535 beyond 255 classes) in place of a class; 0 … 1. None for an answer everywhere.
        on_event: Is told the number of images, each one that is finished, and each failure.

    Raises:
        UsageError: No image is there, two images would write the same file, a result would replace
            an image, `spacing` is not above 0, `abstain` is no share, or `device` or `settings`
            come with a segmenter that is loaded already. Nothing has been written.
        StorageError: The output folder cannot be written to (any more).
    """
    given_save = None if save is None else _checked(save)
    if spacing is not None and not all(0 < one < math.inf for one in spacing):
        raise UsageError(
            f"pixels of {spacing[0]:g} × {spacing[1]:g} mm; accepted are finite sizes above 0",
            where="spacing",
            remedy="Give millimetres per pixel",
        )
    if abstain is not None and not 0 <= abstain <= 1:
        raise UsageError(
            f"a confidence of {abstain:g} was given; accepted is 0 … 1",
            where="abstain",
            remedy="Give a share, like 0.9",
        )
    given = [inputs] if isinstance(inputs, str | Path) else list(inputs)
    out = Path(out)
    images = Inputs(given, out)
    if isinstance(segmenter, str | Path):
        segmenter = _opened(segmenter, device, settings or {})
    elif device or settings:
        raise UsageError(
            "device and settings are given for a segmenter that is loaded already",
            remedy="Give them to segwright.load",
        )
    wanted = given_save or _natural(segmenter)
    total = _planned(images, out, wanted)
    tell = on_event or (lambda event: None)
    tell(StageStarted("predicting", total))
    failed: list[tuple[Path, str]] = []
    count = 0
    with _Writer(out, segmenter, wanted, abstain) as writer:
        for count, (image, read) in enumerate(_read_ahead(images, spacing), start=1):
            try:
                writer.write(image, read.result())
            except Exception as error:
                if _hopeless(error):
                    raise
                failed.append((image.path, _reason(error, image.path)))
                tell(Note(f"{image.path}: {failed[-1][1]}"))
            tell(StageAdvanced(count))
    return PredictReport(out, count - len(failed), tuple(failed), writer.least_sure())


def _opened(given: str | Path, device: str | None, settings: Mapping[str, Any]) -> Segmenter:
    """A segmenter from its folder, or a method by its name."""
    if str(given) not in METHODS or Path(given).exists():
        return load(given, device=device or "cpu", **settings)
    if METHODS[str(given)].needs_labels:
        raise UsageError(
            f"the method {str(given)!r} learns from labels before it can segment",
            remedy=f"Train it, segwright train DATA --model {given}, and predict with the run",
        )
    if device not in (None, "cpu"):
        raise UsageError(
            f"{str(given)!r} is no network: it runs on the CPU",
            where="device",
            remedy="Leave it out",
        )
    return build_method(str(given), **settings)


def _natural(segmenter: Segmenter) -> list[Saved]:
    """What is written if nobody says what: what the segmenter is there to find."""
    if isinstance(segmenter, Method) and segmenter.finds == "regions" and not segmenter.fitted:
        return ["regions"]
    return ["mask"]


class _Writer:
    """Segments images and writes what is wanted of them into one folder."""

    def __init__(
        self, out: Path, segmenter: Segmenter, wanted: Sequence[Saved], abstain: float | None
    ) -> None:
        self._out = out
        self._abstain = abstain
        self._unsure: list[tuple[float, str, Path]] = []  # a heap, the surest of them on top
        self._segmenter = segmenter
        self._each: list[Saved] = [one for one in wanted if one != "coco"]
        self._coco = CocoFile(out / COCO_FILE, segmenter.classes) if "coco" in wanted else None
        self._open = ExitStack()

    def __enter__(self) -> _Writer:
        with storage_errors(self._out):
            self._out.mkdir(parents=True, exist_ok=True)
            if self._coco is not None:
                self._open.enter_context(self._coco)
        return self

    def __exit__(self, *failure) -> None:
        with storage_errors(self._out):
            self._open.__exit__(*failure)

    def write(self, image: Input, pixels: Image) -> None:
        keep = "probabilities" in self._each
        result = self._segmenter.segment(pixels, probabilities=keep)
        if result.confidence is not None:
            self._note(float(result.confidence.mean(dtype=np.float64)), image)
        if self._abstain is not None:
            if result.confidence is None:  # some methods say it only with all probabilities
                result = self._segmenter.segment(pixels, probabilities=True)
            result = result.abstaining(self._abstain)
        result.save(self._out, image.stem, self._each)
        if self._coco is not None:
            with storage_errors(self._out):
                self._coco.add(image.name, result.labels)

    def least_sure(self) -> tuple[tuple[Path, float], ...]:
        """The images of the lowest mean confidence, the lowest first."""
        ordered = sorted(self._unsure, reverse=True)
        return tuple((path, -negative) for negative, _, path in ordered)

    def _note(self, confidence: float, image: Input) -> None:
        heapq.heappush(self._unsure, (-confidence, image.name, image.path))
        if len(self._unsure) > _LOOKED_AT:
            heapq.heappop(self._unsure)


def _checked(save: Collection[Saved]) -> list[Saved]:
    """What to write, each once.

    Raises:
        UsageError: Nothing, or something unknown.
    """
    for name in save:
        if name not in SAVED_AS:
            raise UnknownNameError("thing to save", name, SAVED_AS, where="save")
    if not save:
        raise UsageError(
            "nothing is to be saved",
            where="save",
            remedy=f"Name at least one of {', '.join(SAVED_AS)}",
        )
    return [name for name in SAVED_AS if name in save]


def _planned(images: Inputs, out: Path, wanted: Sequence[Saved]) -> int:
    """Number of images, once it is sure that no file is written twice or over an image.

    Raises:
        UsageError: One would be.
    """
    endings = [SAVED_AS[name] for name in wanted if name != "coco"]
    real_out = os.path.realpath(out)
    targets: set[str] = {COCO_FILE} if "coco" in wanted else set()
    within_out: dict[str, Path] = {}
    count = 0
    for image in images:
        count += 1
        for target in (image.stem + ending for ending in endings):
            if target in targets:
                raise _written_twice(target, images, endings, out)
            targets.add(target)
        place = _place_below(real_out, image.path)
        if place is not None:
            within_out[place] = image.path
    for place, path in within_out.items():
        if place in targets:
            raise UsageError(
                "this image would be replaced by a result",
                where=path,
                remedy="Give another folder for the results",
            )
    return count


def _place_below(real_out: str, path: Path) -> str | None:
    """Where a file lies inside the output folder, "/" between parts; None if outside."""
    real = os.path.join(os.path.realpath(path.parent), path.name)
    inside = real.startswith(os.path.join(real_out, ""))
    return os.path.relpath(real, real_out).replace(os.sep, "/") if inside else None


def _written_twice(target: str, images: Inputs, endings: Sequence[str], out: Path) -> UsageError:
    """The error for a file that several images would be written to; names the images."""
    sources = [
        str(image.path) for image in images if target in (image.stem + end for end in endings)
    ]
    return UsageError(
        f"several images would be written to this file: {', '.join(sources)}",
        where=out / target,
        remedy="Predict them into different folders, or rename one",
    )


def _read_ahead(
    images: Inputs, spacing: tuple[float, float] | None
) -> Iterator[tuple[Input, Future[Image]]]:
    """Images in order, each with what reading it gives or raises; the next are being read."""

    def read(path: Path) -> Image:
        image = read_image(path)
        known = image.axes == "YX" and spacing is not None
        return replace(image, spacing=spacing) if known else image

    reader = ThreadPoolExecutor(max_workers=1, thread_name_prefix="read-ahead")
    try:
        reading: deque[tuple[Input, Future[Image]]] = deque()
        for image in images:
            reading.append((image, reader.submit(read, image.path)))
            if len(reading) > _READ_AHEAD:
                yield reading.popleft()
        while reading:
            yield reading.popleft()
    finally:
        reader.shutdown(cancel_futures=True)


def _hopeless(error: Exception) -> bool:
    """Whether every further image would fail like this one."""
    cause = error.__cause__
    return (
        isinstance(error, StorageError) and isinstance(cause, OSError) and cause.errno in _HOPELESS
    )


def _reason(error: Exception, path: Path) -> str:
    """Why an image failed, in one line, without the path where it stands beside it."""
    if isinstance(error, SegwrightError):
        return str(error).removeprefix(f"{path}: ")
    return f"{type(error).__name__}: {error}"
