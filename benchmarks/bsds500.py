"""Contours and regions of natural images: methods on the Berkeley Segmentation Data Set.

Boundaries are matched one to one with those that people drew, within 0.0075 of the diagonal;
regions are scored by covering, probabilistic Rand index and variation of information. ODS takes the
scale that is best for all images of the split, OIS the best for each; "val" the one that was best
on DATA/val.

    python benchmarks/bsds500.py DATA [--methods gpb_owt_ucm,contour_forest] [--split test]

DATA holds {train,val,test}/{images,segmentations,boundaries}, and for gpb_owt_ucm the published
contour maps in test/gpb_owt_ucm2. Methods are those of the catalogue that find regions at several
scales; contour_forest learns from train and val, and its scale for the column "val" is chosen with
one that has learned from train alone. Seconds are of one scale, median, with so many at a time as
there are processes.
"""

from __future__ import annotations

import argparse
import math
import os
import platform
import time
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import cache, partial
from pathlib import Path
from typing import Any

import numpy as np

from segwright import load
from segwright.classical.catalog import build_method
from segwright.classical.contours.contour_forest import LearnedContours
from segwright.classical.method import Method
from segwright.evaluation.contours.annotated import AnnotatedImage, annotated_images
from segwright.evaluation.contours.protocol import Counts, FixedScores, Found, Scores
from segwright.images.image import Image
from segwright.images.read import read_image
from segwright.labels.ultrametric import UltrametricMap

HEAD = (
    f"{'method':16} {'boundaries':^23} {'covering':^23} {'PRI':^11} {'VI':^11} {'s/image':>8}\n"
    f"{'':16} {'ODS':>5} {'OIS':>5} {'AP':>5} {'val':>5} {'ODS':>5} {'OIS':>5} {'best':>5} "
    f"{'val':>5} {'ODS':>5} {'OIS':>5} {'ODS':>5} {'OIS':>5}"
)


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


def found_in(method: Method, image: Image) -> tuple[Found, float]:
    """A hierarchy where the method has one, else its regions at each scale; seconds of one."""
    started = time.perf_counter()
    if isinstance(method, LearnedContours):
        return method.hierarchy(image), time.perf_counter() - started
    name, values = (getattr(type(method), which, None) for which in ("scale_param", "scales"))
    if name is None or values is None:
        raise SystemExit(f"{method.name} has no scales")
    regions = [method.set_params(**{name: value}).parts(image) for value in values]
    return regions, (time.perf_counter() - started) / len(values)


def learned(data: Path, splits: tuple[str, ...], work: Path) -> Path:
    """Where contours learned from splits are; learns them if they are not there yet."""
    folder = work / "-".join(("contour_forest", *splits))
    if not folder.exists():
        images = [image for split in splits for image in annotated_images(data / split)]
        started = time.perf_counter()
        method = build_method("contour_forest")
        assert isinstance(method, LearnedContours)
        method.learn_contours(Lazy(images, AnnotatedImage.read), Lazy(
            images, AnnotatedImage.regions_of
        ))  # fmt: skip
        took = time.perf_counter() - started
        method.save(folder)
        print(f"contour_forest: learned from {len(images)} images in {took:.0f} s", flush=True)
    return folder


class Lazy(Sequence[Any]):
    """What a function makes of items, when it is asked for."""

    def __init__(self, items: Sequence[Any], function: Callable[[Any], Any]) -> None:
        self.items, self.function = items, function

    def __len__(self) -> int:
        return len(self.items)

    def __getitem__(self, index: Any) -> Any:
        return self.function(self.items[index])


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--methods", default="gpb_owt_ucm,contour_forest")
    parser.add_argument("--split", default="test")
    parser.add_argument("--every", type=int, default=1, help="Take every n-th image only.")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--work", type=Path, default=Path("bsds500"), help="What is learned.")
    given = parser.parse_args()
    images, val = (annotated_images(given.data / split) for split in (given.split, "val"))
    images, val = images[:: given.every], val[:: given.every]
    print(f"{len(images)} images of {given.split}, {len(val)} of val")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    started = time.perf_counter()
    rows = [HEAD]
    with ProcessPoolExecutor(given.processes) as pool:
        for name in given.methods.split(","):
            source, before = sources(name, given.data, given.split, given.work)
            tested = list(pool.map(partial(counted, source), images))
            scores, seconds = Scores.of([one for one, _ in tested]), [took for _, took in tested]
            fixed = None
            if before is not None:
                chosen = Scores.of([one for one, _ in pool.map(partial(counted, before), val)])
                fixed = chosen.fixed([one for one, _ in tested])
            rows.append(row(name, scores, fixed, float(np.median(seconds))))
            print(HEAD, rows[-1], sep="\n", flush=True)
    print("", *rows, f"{time.perf_counter() - started:.0f} s in all", sep="\n")


def sources(name: str, data: Path, split: str, work: Path) -> tuple[str | Path, str | Path | None]:
    """What is scored, and what the scale is chosen with on val, which has not learned from val."""
    if name == "gpb_owt_ucm":
        return name, None  # published for the test images alone
    if name != "contour_forest":
        return name, name
    from_train = learned(data, ("train",), work)
    return (learned(data, ("train", "val"), work) if split == "test" else from_train), from_train


def counted(source: str | Path, image: AnnotatedImage) -> tuple[Counts, float]:
    """What a method finds in an image, compared with the annotations; and its seconds."""
    if source == "gpb_owt_ucm":
        return Counts.of(published(image), image), math.nan
    found, seconds = found_in(built(source), image.read())
    return Counts.of(found, image), seconds


def row(name: str, scores: Scores, fixed: FixedScores | None, seconds: float) -> str:
    """A line of the table."""
    edges, regions = scores.boundaries, scores.regions
    numbers = [edges.ods, edges.ois, edges.average_precision, fixed and fixed.f]
    if regions:
        numbers += [regions.covering_ods, regions.covering_ois, regions.covering_best]
        numbers += [fixed and fixed.covering, regions.rand_ods, regions.rand_ois]
        numbers += [regions.variation_ods, regions.variation_ois]
    numbers += [None] * (12 - len(numbers))
    written = " ".join("    –" if n is None else f"{n:5.3f}" for n in numbers)
    return f"{name:16} {written} {seconds:8.2f}"


if __name__ == "__main__":
    main()
