"""Contours and regions of natural images: methods on the Berkeley Segmentation Data Set.

Boundaries are matched one to one with those that people drew, within 0.0075 of the diagonal;
regions are scored by covering, probabilistic Rand index and variation of information. ODS takes the
scale that is best for all images of the split, OIS the best for each; "val" the one that was best
on DATA/val.

    python benchmarks/bsds500.py DATA [--methods gpb_owt_ucm,meanshift] [--split test]

DATA holds {train,val,test}/{images,segmentations,boundaries}, and for gpb_owt_ucm the published
contour maps in test/gpb_owt_ucm2. Methods are all of the catalogue that divide an image without
being told its classes, with their default settings: at each of the scales that a method has, or
once where it has none; then all columns are of that one setting. Levels and clusters are taken as
they are, in one piece or not. contour_forest learns from train and val, and its scale for the
column "val" is chosen with one that has learned from train alone. A row is kept in --work when it
is finished, and taken from there in the next run with the same settings. Seconds are taken last, in
every run: of one image with the default setting, median, on one thread and nothing beside it.
"""

from __future__ import annotations

import argparse
import json
import math
import multiprocessing
import os
import platform
import sys
import time
from collections.abc import Callable, Sequence
from concurrent.futures import Executor, ProcessPoolExecutor
from dataclasses import asdict, dataclass, replace
from functools import cache, partial
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np

from segwright import load
from segwright.classical.catalog import CATALOG, build_method
from segwright.classical.contours.contour_forest import LearnedContours
from segwright.classical.method import Method
from segwright.evaluation.contours.annotated import AnnotatedImage, annotated_images
from segwright.evaluation.contours.protocol import Counts, FixedScores, Scores
from segwright.images.read import read_image
from segwright.labels.ultrametric import UltrametricMap

GPB = "gpb_owt_ucm"
PUBLISHED = {GPB: 0.59, "meanshift": 0.54, "felzenszwalb": 0.52, "canny_owt": 0.49, "ncuts": 0.45}
"""Coverings, ODS on test, in Arbeláez, Maire, Fowlkes and Malik 2011; theirs are other programs."""

HEAD = (
    f"{'':16} {'':>6} {'boundaries':^23} {'covering':^23} {'pub-':>5} {'PRI':^11} {'VI':^11} "
    f"{'seconds':>8}\n"
    f"{'method':16} {'scales':>6} {'ODS':>5} {'OIS':>5} {'AP':>5} {'val':>5} {'ODS':>5} {'OIS':>5} "
    f"{'best':>5} {'val':>5} {'lished':>5} {'ODS':>4} {'OIS':>5} {'ODS':>5} {'OIS':>5} "
    f"{'an image':>8}"
)
LEARNED = {"train": ("train",), "train-val": ("train", "val")}
"""What contour_forest learns from: for the choice of a scale, and for the test images."""
TIMED = 10
"""Images that are divided once more for the seconds."""
ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMBA_NUM_THREADS")


@dataclass(frozen=True)
class Row:
    """What became of one method.

    Attributes:
        method: A name of the catalogue, or gpb_owt_ucm.
        images: What was scored: split and number of images, and of val.
        settings: The method's, and its scales: a row is of these alone.
        scores: The numbers of the table; None where there is none.
        chosen: Numbers of the scales that were best on val, for boundaries and for covering.
        num_scales: How many there are.
    """

    method: str
    images: str
    settings: str
    scores: tuple[float | None, ...]
    chosen: tuple[int, int] | None
    num_scales: int

    def written(self, seconds: float) -> str:
        """A line of the table."""
        numbers = [*self.scores[:8], PUBLISHED.get(self.method), *self.scores[8:]]
        cells = " ".join("    –" if n is None else f"{n:5.3f}" for n in numbers)
        scales = "one" if self.num_scales == 1 else self.num_scales
        return f"{self.method:16} {scales:>6} {cells} {seconds:8.3f}"


@dataclass(frozen=True)
class Benchmark:
    """What is measured, and where it is kept.

    Attributes:
        data: With train, val and test.
        split: What is scored.
        every: Each n-th image of split and val is.
        work: Rows, and what is learned.
        pool: Who measures.
    """

    data: Path
    split: str
    every: int
    work: Path
    pool: Executor

    def row(self, name: str) -> Row:
        """The row of a method, as it was kept or anew."""
        images, val = self._images(self.split), [] if name == GPB else self._images("val")
        method = None if name == GPB else build_method(name)
        about = f"{len(images)} of {self.split}, {len(val)} of val"
        settings = "as published" if method is None else _settings(method)
        file = self.work / f"{name}-{self.split}-{self.every}.json"
        if file.is_file():
            kept = Row(**json.loads(file.read_text(encoding="utf-8")))
            if (kept.images, kept.settings) == (about, settings):
                return kept
        source, before = self._sources(name)
        tasks = [(source, one) for one in images] + [(before, one) for one in val]
        found = list(self.pool.map(counted, *zip(*tasks, strict=True)))
        row = _row(name, about, settings, found[: len(images)], found[len(images) :])
        file.write_text(json.dumps(asdict(row), indent=1), encoding="utf-8")
        return row

    def seconds(self, name: str) -> float:
        """Of an image with the default setting, median; nan for what is published."""
        if name == GPB:
            return math.nan
        images = self._images(self.split)
        tasks = partial(timed, self._sources(name)[0])
        return median(self.pool.map(tasks, images[:: max(1, len(images) // TIMED)]))

    def _images(self, split: str) -> list[AnnotatedImage]:
        return annotated_images(self.data / split)[:: self.every]

    def _sources(self, name: str) -> tuple[str | Path, str | Path]:
        """What is scored, and what the scale is chosen with on val, which has not learned of it."""
        if name != "contour_forest":
            return name, name
        train, both = ((self.work / f"contour_forest-{one}") for one in LEARNED)
        return both if self.split == "test" else train, train


def counted(source: str | Path, image: AnnotatedImage) -> Counts:
    """How what a method finds in an image agrees with the annotations."""
    if source == GPB:
        return Counts.of(published(image), image)
    method, picture = built(source), image.read()
    if isinstance(method, LearnedContours):
        return Counts.of(method.hierarchy(picture), image)
    return Counts.of(list(method.at_scales(picture)), image)


def timed(source: str | Path, image: AnnotatedImage) -> float:
    """Seconds of a method for an image, everything loaded and compiled."""
    method, picture = built(source), image.read()
    seconds = []
    for _ in range(2):
        started = time.perf_counter()
        method.parts(picture)
        seconds.append(time.perf_counter() - started)
    return min(seconds)


def published(image: AnnotatedImage) -> UltrametricMap:
    """The map that the authors of gPb-owt-ucm published."""
    path = image.image.parents[1] / "gpb_owt_ucm2" / f"{image.name}.png"
    return UltrametricMap(read_image(path).pixels[..., 0].astype(np.float32) / 65535)


@cache
def built(source: str | Path) -> Method:
    """A method by its name, or as it was saved."""
    if isinstance(source, str):
        return build_method(source)
    method = load(source)
    assert isinstance(method, Method)
    return method


def _settings(method: Method) -> str:
    """The settings of a method and its scales, in words."""
    asked = method.model_dump(mode="json")
    return json.dumps({**asked, "scales": {method.scale_param: method.scales}}, sort_keys=True)


def _row(
    name: str, about: str, settings: str, counts: Sequence[Counts], val: Sequence[Counts]
) -> Row:
    """The scores of a method."""
    scores = Scores.of(counts)
    edges, regions = scores.boundaries, scores.regions
    assert regions is not None  # all that is measured here divides an image
    fixed: FixedScores | None = None
    chosen = None
    if val:
        before = Scores.of(val)
        assert before.regions is not None
        fixed, chosen = before.fixed(counts), (before.boundaries.best, before.regions.best[0])
    numbers = [edges.ods, edges.ois, edges.average_precision, fixed and fixed.f]
    numbers += [regions.covering_ods, regions.covering_ois, regions.covering_best]
    numbers += [fixed and fixed.covering, regions.rand_ods, regions.rand_ois]
    numbers += [regions.variation_ods, regions.variation_ois]
    return Row(name, about, settings, tuple(numbers), chosen, len(edges.f))


def learn(data: Path, splits: Sequence[str], folder: Path) -> None:
    """Has contour_forest learn from splits, unless it is there already."""
    if folder.exists():
        return
    images = [image for split in splits for image in annotated_images(data / split)]
    started = time.perf_counter()
    method = build_method("contour_forest")
    assert isinstance(method, LearnedContours)
    method.learn_contours(
        Lazy(images, AnnotatedImage.read), Lazy(images, AnnotatedImage.regions_of)
    )
    took = time.perf_counter() - started
    method.save(folder)
    print(f"contour_forest: learned from {len(images)} images in {took:.0f} s", flush=True)


class Lazy(Sequence[Any]):
    """What a function makes of items, when it is asked for."""

    def __init__(self, items: Sequence[Any], function: Callable[[Any], Any]) -> None:
        self.items, self.function = items, function

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.function(self.items[index])


def every_method(split: str) -> list[str]:
    """All that divide an image without labels; the published maps are of the test images alone."""
    ours = [name for name, entry in CATALOG.items() if not entry.needs_labels]
    return [GPB, *ours] if split == "test" else ours


def one_thread() -> None:
    """What a process of the pool does first."""
    import cv2

    cv2.setNumThreads(1)


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--methods", help="by default all")
    parser.add_argument("--split", default="test")
    parser.add_argument("--every", type=int, default=1, help="Take every n-th image only.")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--work", type=Path, default=Path("bsds500"), help="Rows; what is learned.")
    given = parser.parse_args()
    names = given.methods.split(",") if given.methods else every_method(given.split)
    given.work.mkdir(parents=True, exist_ok=True)
    started = time.perf_counter()
    if "contour_forest" in names:
        for one, splits in LEARNED.items():
            if given.split == "test" or one == "train":
                learn(given.data, splits, given.work / f"contour_forest-{one}")
    os.environ.update(dict.fromkeys(ONE_THREAD, "1"))  # of the processes to come
    fresh = multiprocessing.get_context("spawn")
    rows = []
    with ProcessPoolExecutor(given.processes, fresh, one_thread) as pool:
        benchmark = Benchmark(given.data, given.split, given.every, given.work, pool)
        for name in names:
            begun = time.perf_counter()
            rows.append(benchmark.row(name))
            took = time.perf_counter() - begun
            print(f"{name}: {took:.0f} s", file=sys.stderr, flush=True)
    with ProcessPoolExecutor(1, fresh, one_thread) as pool:
        seconds = [replace(benchmark, pool=pool).seconds(name) for name in names]
    print(
        f"{rows[0].images}; {platform.machine()}, {os.cpu_count()} cores, {given.processes} "
        f"processes; Python {platform.python_version()}"
    )
    print(HEAD, *(row.written(s) for row, s in zip(rows, seconds, strict=True)), sep="\n")
    print(f"{time.perf_counter() - started:.0f} s in all")


if __name__ == "__main__":
    main()
