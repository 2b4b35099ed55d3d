"""Methods without a network beside those of scikit-image, OpenCV, SciPy and scikit-learn.

Both sides are handed the same pixels in memory with the same parameters, and are measured in turns
in one run, on all cores; of each the best and the median of several rounds are shown. A method is
called as users call it (`method.parts(image)`), with all that the library adds to it. What is
compared is in the folder classical_peers.

The first call of ours is not among the rounds, but has a column of its own: it imports, and
compiles kernels or reads them back from where earlier processes kept them.

Pictures are a photograph (the first of --images, or scikit-image's astronaut), and the same with
its mirror images beside it at the second size; methods for round objects see scikit-image's coins.
"agree" says how far both results are the same; where they should be and are not, it ends with "!".
The aim is met if ours takes at most 10 % or 2 ms longer (whichever is more), or where "≥ 3x" stands
at most a third; the best of each side counts.

    python benchmarks/classical_speed.py [--images DIR] [--rows otsu,slic] [--rounds 15]
"""

from __future__ import annotations

import argparse
import os
import platform
import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import cv2
import numpy as np
from skimage import data

from classical_peers import ROWS, Pair, Scene

LARGE_HW = (1024, 1024)
_SLACK_S = 2e-3
_SLACK = 1.1
_SLOW_S = 2.0  # of one call, from which two rounds are enough


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path, help="folder of photographs")
    parser.add_argument("--rows", help=f"some of {', '.join(ROWS)}")
    parser.add_argument("--rounds", type=int, default=15, help="at most")
    parser.add_argument("--seconds", type=float, default=1.0, help="of rounds after the third")
    parser.add_argument("--size", choices=("both", "small", "large"), default="both")
    arguments = parser.parse_args()
    chosen = arguments.rows.split(",") if arguments.rows else list(ROWS)
    for name in chosen:
        if name not in ROWS:
            parser.error(f"there is no row {name!r}; there are {', '.join(ROWS)}")
    print_head()
    scenes = scenes_of(arguments.images)
    if arguments.size != "both":
        scenes = scenes[:1] if arguments.size == "small" else scenes[1:]
    found: list[bool | None] = []
    for name in chosen:
        for scene in scenes:
            for pair in ROWS[name](scene):
                found.append(print_row(name, scene, pair, arguments.rounds, arguments.seconds))
    print(f"\n{found.count(True)} of {len(found) - found.count(None)} aims met")


def scenes_of(folder: Path | None) -> list[Scene]:
    """The pictures at both sizes."""
    photo = np.ascontiguousarray(data.astronaut()[:321, :481])
    if folder is not None:
        photo = cv2.imread(str(min(folder.iterdir())))[..., ::-1]
    coins, modes = data.coins(), cv2.resize(data.camera(), (481, 321))
    small = Scene(np.ascontiguousarray(photo), coins, modes)
    return [small, Scene(*(mirrored(one, LARGE_HW) for one in (photo, coins, modes)))]


def mirrored(pixels: np.ndarray, size_hw: tuple[int, int]) -> np.ndarray:
    """(Y, X, …) pixels with their mirror images below and beside, cut to a size."""
    for axis, wanted in enumerate(size_hw):
        while pixels.shape[axis] < wanted:
            pixels = np.concatenate([pixels, np.flip(pixels, axis)], axis)
    return np.ascontiguousarray(pixels[: size_hw[0], : size_hw[1]])


def print_head() -> None:
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores; ", end="")
    peers = ("scikit-image", "opencv-python-headless", "scipy", "scikit-learn", "numba")
    print(", ".join(f"{name} {version(name)}" for name in peers))
    print("milliseconds: best / median\n")
    print(
        f"{'row':16} {'size':>9} {'peer':38} {'ours':>17} {'theirs':>17} {'ratio':>6}"
        f" {'first s':>7}  {'agree':26} aim"
    )


def print_row(name: str, scene: Scene, pair: Pair, rounds: int, seconds: float) -> bool | None:
    """Measures and prints one row; whether its aim is met, None if it has none."""
    measured = measure(pair, rounds, seconds)
    best, best_other = min(measured.ours_s), min(measured.theirs_s)
    size = "×".join(map(str, pair.size_hw or scene.photo.shape[:2]))
    sides = [
        f"{1e3 * min(one):8.1f}/{1e3 * statistics.median(one):8.1f}"
        for one in (measured.ours_s, measured.theirs_s)
    ]
    met, aim = judged(pair.times_faster, best, best_other)
    print(
        f"{name:16} {size:>9} {pair.peer:38} {sides[0]} {sides[1]} {best_other / best:6.2f}"
        f" {measured.first_s:7.2f}  {measured.agreement:26} {aim}",
        flush=True,
    )
    return met


def judged(times_faster: float | None, best: float, best_other: float) -> tuple[bool | None, str]:
    """Whether an aim is met, and that in words."""
    if times_faster is None:
        return None, "none: not the same"
    if times_faster == 1:
        met = best <= max(best_other * _SLACK, best_other + _SLACK_S)
        return met, "met" if met else "MISSED"
    met = best * times_faster <= best_other
    return met, f"≥ {times_faster:g}x {'met' if met else 'MISSED'}"


@dataclass(frozen=True)
class Measured:
    """Seconds of our first call and of all rounds, and how far the results agree."""

    first_s: float
    ours_s: list[float]
    theirs_s: list[float]
    agreement: str


def measure(pair: Pair, rounds: int, seconds: float) -> Measured:
    """Calls both once, and then in turns."""
    first_s, ours = timed(pair.ours)
    other_s, theirs = timed(pair.theirs)
    agreement = pair.agreement(ours, theirs)
    least = 3 if other_s < _SLOW_S else 2
    ours_s: list[float] = []
    theirs_s: list[float] = []
    begin = time.perf_counter()
    while len(ours_s) < least or (len(ours_s) < rounds and time.perf_counter() - begin < seconds):
        ours_s.append(timed(pair.ours)[0])
        theirs_s.append(timed(pair.theirs)[0])
    return Measured(first_s, ours_s, theirs_s, agreement)


def timed(call: Callable[[], np.ndarray]) -> tuple[float, np.ndarray]:
    begin = time.perf_counter()
    found = call()
    return time.perf_counter() - begin, found


if __name__ == "__main__":
    main()
