"""How much memory methods without a network need for a picture of 10,000 × 10,000 pixels.

Each measurement is a process of its own, and the number is the most that the process held at any
moment (resident set, of the operating system): with Python, libraries and the picture itself.

    python benchmarks/classical_memory.py PHOTOS [--methods otsu,kmeans,slic,watershed,forest]

PHOTOS is a folder of photographs; the picture is a mosaic of them, each enlarged twice, with the
noise of a camera (standard deviation 3 of 255). "png" and "tiff" are `segwright predict` from the
file to the file with the masks or regions; "memory" is `method.segment` of pixels that are there
already, and holds the whole result at the end. The forest is grown on a corner of the picture, with
the clusters of k-means for classes.
"""

from __future__ import annotations

import argparse
import os
import platform
import subprocess
import sys
import tempfile
import time
from pathlib import Path

METHODS = ("otsu", "kmeans", "slic", "watershed", "forest")
WAYS = ("png", "tiff", "memory")
LIMIT_MIB = 4096
CORNER_PX = 1024
CLASSES = 4
NOISE = 3.0
ENLARGED = 2


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("photos", type=Path)
    parser.add_argument("--methods", default=",".join(METHODS))
    parser.add_argument("--ways", default=",".join(WAYS))
    parser.add_argument("--side", type=int, default=10_000, help="of the picture, pixels")
    parser.add_argument("--work", type=Path, help="Keep the picture and the forest here.")
    given = parser.parse_args()
    work = given.work or Path(tempfile.mkdtemp(prefix="classical-memory-"))
    work.mkdir(parents=True, exist_ok=True)
    if not (work / "picture.tiff").is_file():
        alone("make_picture", given.photos, given.side, work)
    if "forest" in given.methods and not (work / "forest").is_dir():
        alone("grow", work)
    print(f"{given.side:,} × {given.side:,} pixels, RGB uint8; {os.cpu_count()} cores, ", end="")
    print(f"{platform.platform()}, Python {platform.python_version()}")
    print(f"{'method':12} {'way':8} {'MiB at most':>11} {'seconds':>8}")
    for method in given.methods.split(","):
        for way in given.ways.split(","):
            most, seconds = measured(method, way, work)
            over = "" if most < LIMIT_MIB else f"  over {LIMIT_MIB:,}"
            print(f"{method:12} {way:8} {most:11,.0f} {seconds:8.1f}{over}", flush=True)


def measured(method: str, way: str, work: Path) -> tuple[float, float]:
    """MiB and seconds of one process."""
    source = str(work / "forest") if method == "forest" else method
    if way == "memory":
        command = [sys.executable, __file__, "--alone", "segment", source, str(work)]
    else:
        out = work / f"masks-{method}-{way}"
        command = [sys.executable, "-m", "segwright", "predict", source]
        command += [str(work / f"picture.{way}"), "--out", str(out)]
    begun = time.perf_counter()
    process = subprocess.Popen(command, stdout=subprocess.DEVNULL)
    _, status, used = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise SystemExit(f"failed: {' '.join(command)}")
    unit = 1 << 20 if sys.platform == "darwin" else 1 << 10  # of what the system counts in
    return used.ru_maxrss / unit, time.perf_counter() - begun


def alone(function: str, *arguments: object) -> None:
    """Calls a function of this file in a process of its own: what this one holds, others inherit
    in what the system counts."""
    subprocess.run(
        [sys.executable, __file__, "--alone", function, *map(str, arguments)], check=True
    )


def make_picture(photos: str, side: str, work: str) -> None:
    """Writes the mosaic as PNG and TIFF."""
    import cv2
    import numpy as np

    from segwright.images.read import read_image

    size, rng = int(side), np.random.default_rng(0)
    found = np.zeros((size, size, 3), np.uint8)
    files = sorted(path for path in Path(photos).iterdir() if path.is_file())
    top = number = 0
    while top < size:  # rows of photographs, all of the height of the first
        left, height = 0, 0
        while left < size:
            photo = read_image(files[number % len(files)]).pixels[..., :3]
            large = cv2.resize(photo, None, fx=ENLARGED, fy=ENLARGED, interpolation=cv2.INTER_CUBIC)
            height = height or len(large)
            large = np.pad(large, ((0, max(0, height - len(large))), (0, 0), (0, 0)), "symmetric")
            noisy = large[:height] + rng.normal(0, NOISE, (height, large.shape[1], 1))
            place = found[top : top + height, left : left + large.shape[1]]
            place[:] = np.clip(noisy, 0, 255)[: len(place), : place.shape[1]]
            left, number = left + large.shape[1], number + 1
        top += height
    for ending in ("png", "tiff"):
        cv2.imwrite(str(Path(work) / f"picture.{ending}"), found[..., ::-1])


def grow(work: str) -> None:
    """Trains the forest on a corner of the picture and saves it."""
    from segwright.classical.catalog import build_method
    from segwright.images.image import Image
    from segwright.images.read import read_image

    pixels = read_image(Path(work) / "picture.tiff").pixels[:CORNER_PX, :CORNER_PX].copy()
    corner = Image(pixels)
    labels = build_method("kmeans", clusters=CLASSES).segment(corner).labels
    build_method("forest").fit([corner], [labels]).save(Path(work) / "forest")


def segment(source: str, work: str) -> None:
    """Segments the picture in memory."""
    from segwright import load
    from segwright.classical.catalog import CATALOG, build_method
    from segwright.images.read import read_image

    image = read_image(Path(work) / "picture.tiff")
    method = build_method(source) if source in CATALOG else load(Path(source))
    method.segment(image)


if __name__ == "__main__":
    if sys.argv[1:2] == ["--alone"]:
        {"make_picture": make_picture, "grow": grow, "segment": segment}[sys.argv[2]](*sys.argv[3:])
    else:
        main()
