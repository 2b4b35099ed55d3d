"""Contours and regions of natural images: methods on the Berkeley Segmentation Data Set.

Boundaries are matched one to one with those that people drew, within 0.0075 of the diagonal;
regions are scored by covering, probabilistic Rand index and variation of information. ODS takes the
scale that is best for all images of the split, OIS the best for each; "val" the one that was best
on DATA/val.

    python benchmarks/bsds500.py DATA [--methods gpb_owt_ucm,…] [--split test] [--every 1]

DATA holds {train,val,test}/{images,segmentations,boundaries}, and for gpb_owt_ucm the published
contour maps in test/gpb_owt_ucm2.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from pathlib import Path

import numpy as np

from segwright.evaluation.contours.annotated import AnnotatedImage, annotated_images
from segwright.evaluation.contours.protocol import Counts, FixedScores, Found, Scores
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


METHODS: dict[str, Callable[[AnnotatedImage], Found]] = {"gpb_owt_ucm": published}


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("data", type=Path)
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--split", default="test")
    parser.add_argument("--every", type=int, default=1, help="Take every n-th image only.")
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    arguments = parser.parse_args()
    images = annotated_images(arguments.data / arguments.split)[:: arguments.every]
    chosen_on = annotated_images(arguments.data / "val")[:: arguments.every]
    print(f"{len(images)} images of {arguments.split}, {len(chosen_on)} of val")
    print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
    print(HEAD)
    started = time.perf_counter()
    with ProcessPoolExecutor(arguments.processes) as pool:
        for name in arguments.methods.split(","):
            of = partial(counted, name)
            tested = list(pool.map(of, images))
            fixed = None
            if name != "gpb_owt_ucm":  # published for the test images alone
                fixed = Scores.of([one for one, _ in pool.map(of, chosen_on)]).fixed(
                    [one for one, _ in tested]
                )
            seconds = float(np.mean([took for _, took in tested]))
            print(row(name, Scores.of([one for one, _ in tested]), fixed, seconds), flush=True)
    print(f"{time.perf_counter() - started:.0f} s in all")


def counted(name: str, image: AnnotatedImage) -> tuple[Counts, float]:
    """What a method finds in an image, compared with the annotations; and its seconds."""
    started = time.perf_counter()
    found = METHODS[name](image)
    seconds = time.perf_counter() - started
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
