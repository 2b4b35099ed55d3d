"""Forest prediction against scikit-learn: the same trees, the same pixels, all cores.

Both are handed what features give, (F, Y, X) float32 planes of a picture, and return the
probability of every class at every pixel; they are measured in turns, and the best of each counts.
scikit-learn takes rows of pixels, so putting the planes in rows is part of its time; it is shown
beside.

    python benchmarks/forest_speed.py [--side 1000] [--classes 11]
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", str(os.cpu_count()))

import cv2
import numpy as np
from skimage import data
from sklearn.ensemble import (
    ExtraTreesClassifier,
    HistGradientBoostingClassifier,
    RandomForestClassifier,
)

from segwright.classical.learned.pixels import STACK
from segwright.classical.trees import Boosting, Forest

LEARNED_PX = 50_000


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--side", type=int, default=1000, help="of the picture, pixels")
    parser.add_argument("--classes", type=int, default=11)
    parser.add_argument("--rounds", type=int, default=3)
    arguments = parser.parse_args()
    planes, ids = picture(arguments.side, arguments.classes)
    print(f"{platform.processor() or platform.machine()}, {os.cpu_count()} cores, ", end="")
    print(
        f"scikit-learn {version('scikit-learn')}; {arguments.side}×{arguments.side} pixels, ",
        end="",
    )
    print(f"{len(planes)} features, {arguments.classes} classes\n")
    head = (
        f"{'forest':34} {'nodes a tree':>12} {'sklearn s':>10} {'of it rows s':>12} {'ours s':>8}"
    )
    print(f"{head} {'ratio':>6} {'largest difference':>18}")
    for name, model in models().items():
        print(row(name, model, planes, ids, arguments.rounds), flush=True)


def picture(side: int, num_classes: int) -> tuple[np.ndarray, np.ndarray]:
    """Features of a photograph, (F, Y, X), and class ids that depend on what is around a pixel."""
    photo = cv2.resize(data.astronaut(), (side, side), interpolation=cv2.INTER_CUBIC)
    hidden = cv2.GaussianBlur(photo.astype(np.float32), (0, 0), 3) @ np.float32([1, 2, -1])
    rng = np.random.default_rng(0)
    hidden += rng.normal(0, 0.15 * hidden.std(), hidden.shape)
    limits = np.quantile(hidden, np.arange(1, num_classes) / num_classes)
    return STACK.describe(photo), np.digitize(hidden, limits)


def models() -> dict[str, Any]:
    """What is compared: the forest method's own, what scikit-learn grows by default, boosting."""
    own = {"min_samples_leaf": 5, "max_depth": 24, "max_features": 0.35}
    return {
        "extra trees, 60, as the method": ExtraTreesClassifier(
            60, **own, n_jobs=-1, random_state=0
        ),
        "random forest, 60, same limits": RandomForestClassifier(
            60, **own, n_jobs=-1, random_state=0
        ),
        "random forest, 100, defaults": RandomForestClassifier(n_jobs=-1, random_state=0),
        "boosting, 50 rounds": HistGradientBoostingClassifier(
            max_iter=50, early_stopping=False, random_state=0
        ),
    }


def row(name: str, model: Any, planes: np.ndarray, ids: np.ndarray, rounds: int) -> str:
    flat = planes.reshape(len(planes), -1)
    drawn = np.random.default_rng(1).choice(flat.shape[1], LEARNED_PX, replace=False)
    model.fit(np.ascontiguousarray(flat[:, drawn].T), ids.ravel()[drawn])
    kind = Boosting if isinstance(model, HistGradientBoostingClassifier) else Forest
    ours = kind.from_sklearn(model, num_classes=int(ids.max()) + 1)
    ours.predict(flat[:, :1000])  # compiled
    in_rows: list[float] = []

    def theirs() -> np.ndarray:
        begin = time.perf_counter()
        rows = np.ascontiguousarray(flat.T)
        in_rows.append(time.perf_counter() - begin)
        return model.predict_proba(rows)

    best = {theirs: float("inf"), ours.predict: float("inf")}
    found: dict[Callable[..., np.ndarray], np.ndarray] = {}
    for _ in range(rounds):
        for call, given in ((theirs, ()), (ours.predict, (flat,))):
            begin = time.perf_counter()
            found[call] = call(*given)
            best[call] = min(best[call], time.perf_counter() - begin)
    apart = np.abs(found[theirs].T - found[ours.predict]).max()
    nodes = len(ours.trees.feature) // len(ours.trees.roots)
    a, b = best.values()
    return (
        f"{name:34} {nodes:12} {a:10.2f} {min(in_rows):12.2f} {b:8.2f} {a / b:6.2f} {apart:18.1e}"
    )


if __name__ == "__main__":
    main()
