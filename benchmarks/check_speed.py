"""How long `segwright check` takes on many pictures, from a cold start and again.

Pictures are drawn once from those of a folder: cut at random, changed in light and stored as JPEG,
so that no two are equal; masks are cut along with them. The command runs in a process of its own,
with an empty cache first and with the filled one next.

    python benchmarks/check_speed.py DATA/train [--pictures 10000] [--work DIR]

DATA/train holds images/ and masks/.
"""

from __future__ import annotations

import argparse
import os
import platform
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import cv2
import numpy as np
from PIL import Image


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("source", type=Path)
    parser.add_argument("--pictures", type=int, default=10_000)
    parser.add_argument("--work", type=Path, default=None, help="Where to draw; default: /tmp.")
    arguments = parser.parse_args()
    with tempfile.TemporaryDirectory(dir=arguments.work) as work:
        root = Path(work) / "data"
        draw(arguments.source, root, arguments.pictures)
        size = sum(path.stat().st_size for path in root.rglob("*") if path.is_file())
        print(f"{arguments.pictures:,} pictures with masks, {size / 2**20:,.0f} MiB")
        print(f"{platform.machine()}, {os.cpu_count()} cores, Python {platform.python_version()}")
        os.environ["SEGWRIGHT_CACHE"] = str(Path(work) / "cache")
        for name in ("empty cache", "filled cache"):
            seconds, verdict = timed(root)
            print(f"{name:14} {seconds:7.1f} s   {arguments.pictures / seconds:7.0f} pictures/s")
            print(f"{'':14} {verdict}")
        peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 2**10
        print(f"peak memory    {peak:7.0f} MiB")


def draw(source: Path, root: Path, number: int) -> None:
    """Fills `root` with `number` pictures and masks of 288×384 and more."""
    for folder in ("images", "masks"):
        (root / folder).mkdir(parents=True)
    names = (source.parent / "classes.txt").read_text()
    (root / "classes.txt").write_text(names)
    paths = sorted((source / "images").iterdir())
    pairs = [
        (
            np.array(Image.open(path).convert("RGB")),
            np.array(Image.open(source / "masks" / f"{path.stem}.png")),
        )
        for path in paths
    ]
    rng = np.random.default_rng(0)
    for index in range(number):
        pixels, ids = pairs[rng.integers(len(pairs))]
        height, width = (int(side * rng.uniform(0.8, 1)) for side in ids.shape)
        top = int(rng.integers(ids.shape[0] - height + 1))
        left = int(rng.integers(ids.shape[1] - width + 1))
        window = np.s_[top : top + height, left : left + width]
        changed = cv2.convertScaleAbs(pixels[window], alpha=rng.uniform(0.7, 1.3))
        stem = f"{index:06d}"
        cv2.imwrite(str(root / "images" / f"{stem}.jpg"), changed[..., ::-1])
        cv2.imwrite(str(root / "masks" / f"{stem}.png"), ids[window])


def timed(root: Path) -> tuple[float, str]:
    """Seconds of the whole command, and its first line."""
    started = time.perf_counter()
    done = subprocess.run(
        [sys.executable, "-m", "segwright", "check", str(root)], capture_output=True, text=True
    )
    if done.returncode not in (0, 4):
        raise SystemExit(done.stderr)
    return time.perf_counter() - started, done.stdout.splitlines()[0]


if __name__ == "__main__":
    main()
