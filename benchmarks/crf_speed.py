"""The dense CRF: how near its sums are to the exact ones, and how long it takes beside a peer.

1. Seconds for 10 iterations, everything included, from probabilities to probabilities; the smallest
   and the median of several rounds, in turn with the peer.
2. One message, as the mean of what all pixels believe, weighted by nearness in place and colour,
   at 1,000 random pixels of each image, against the sum over all pixels in float64. What is
   believed are the labels themselves (0 or 1, the hardest case) and labels blurred and disturbed
   like what a network gives.
3. The classes after 10 iterations on small images, against mean field over all pairs of pixels.

    python benchmarks/crf_speed.py [--images DIR --masks DIR] [--rounds 5]

The peer is pydensecrf (the authors' C++ code), where it can be imported. It is not on a wheel: its
source distribution builds with Cython below 3 once its generated .cpp files are removed.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import cv2
import numpy as np

from segwright.images.image import Image
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.refine import Labelling
from segwright.refine.bilateral_grid import BilateralGrid
from segwright.refine.crf import Crf

SIZE_HW = (360, 480)
SMALL_HW = (50, 70)
CLASSES = 11
PIXELS = 1000
Scene = tuple[np.ndarray, np.ndarray]
Method = Callable[[np.ndarray, np.ndarray, Crf], np.ndarray]


def main() -> None:
    """Prints three tables."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path)
    parser.add_argument("--masks", type=Path)
    parser.add_argument("--count", type=int, default=3, help="how many of the images")
    parser.add_argument("--rounds", type=int, default=5)
    arguments = parser.parse_args()
    scenes = load_scenes(arguments.images, arguments.masks, arguments.count)
    methods: dict[str, Method] = {"segwright": ours}
    try:
        import pydensecrf  # noqa: F401

        methods["pydensecrf"] = pydensecrf_
    except ImportError:
        print("pydensecrf is not installed: left out")
    print_machine()
    print_times(scenes, methods, arguments.rounds)
    print_messages(scenes)
    print_agreement(scenes, methods)


def load_scenes(images: Path | None, masks: Path | None, count: int) -> list[Scene]:
    """(Y, X, 3) uint8 pictures and (Y, X) labels; a photograph of scikit-image without folders."""
    size = SIZE_HW[::-1]
    if images is None or masks is None:
        from skimage import data

        photo = cv2.resize(data.chelsea(), size, interpolation=cv2.INTER_AREA)
        return [(photo, photo[..., 1] // 24)]
    scenes = []
    paths = sorted(images.iterdir())
    for path in paths[:: max(1, len(paths) // count)][:count]:
        pixels = cv2.imread(str(path))[..., ::-1]
        ids = cv2.imread(str(masks / f"{path.stem}.png"), cv2.IMREAD_GRAYSCALE)
        ids = cv2.resize(ids, size, interpolation=cv2.INTER_NEAREST)
        pixels = cv2.resize(pixels, size, interpolation=cv2.INTER_AREA)
        scenes.append((pixels, np.where(ids < CLASSES, ids, 0)))
    return scenes


def hard(ids: np.ndarray) -> np.ndarray:
    """(K, Y, X) of 0 and 1."""
    return (ids == np.arange(CLASSES)[:, None, None]).astype(np.float32)


def like_a_network(ids: np.ndarray) -> np.ndarray:
    """(K, Y, X) float32, sum 1: labels blurred by 6 px and disturbed by smooth noise."""
    rng = np.random.default_rng(0)
    planes = []
    for plane in hard(ids):
        noise = cv2.GaussianBlur(rng.normal(size=ids.shape), (0, 0), 2) * 6
        planes.append(np.log(cv2.GaussianBlur(plane, (0, 0), 6) + 0.02) + noise)
    odds = np.exp(np.stack(planes))
    return (odds / odds.sum(0)).astype(np.float32)


def features(pixels: np.ndarray, crf: Crf) -> np.ndarray:
    """(P, 5) float64, place and colour in standard deviations."""
    places = np.stack(np.mgrid[: pixels.shape[0], : pixels.shape[1]], axis=-1) / crf.edge_px
    colours = pixels / 255 / crf.edge_tone
    return np.concatenate([places.reshape(-1, 2), colours.reshape(-1, 3)], axis=1)


def print_messages(scenes: list[Scene]) -> None:
    print(f"\none message at {PIXELS} pixels, error of a mean of 0 … 1")
    print(f"{'image, px, tone, beliefs':36}{'largest':>10}{'99 %':>10}{'mean':>10}")
    for number, (pixels, ids) in enumerate(scenes):
        for crf in (Crf(), Crf(edge_px=30, edge_tone=0.03), Crf(edge_px=100, edge_tone=0.1)):
            colours = pixels.astype(np.float32) / np.float32(255 * crf.edge_tone)
            grid = BilateralGrid(colours, crf.edge_px)
            for name, beliefs in (("0 or 1", hard(ids)), ("network", like_a_network(ids))):
                error = message_error(grid, pixels, beliefs, crf)
                worst = error.max(axis=1)
                what = f"{number}, {crf.edge_px:g}, {crf.edge_tone:g}, {name}"
                print(
                    f"{what:36}{worst.max():10.4f}{np.quantile(worst, 0.99):10.4f}"
                    f"{error.mean():10.5f}"
                )


def message_error(
    grid: BilateralGrid, pixels: np.ndarray, beliefs: np.ndarray, crf: Crf
) -> np.ndarray:
    """(PIXELS, K) absolute errors."""
    values = np.ones((*SIZE_HW, 16), np.float32)
    values[..., :CLASSES] = beliefs.transpose(1, 2, 0)
    sums = grid.sums(values, np.ones(SIZE_HW, np.float32)).reshape(-1, 16)
    some = np.random.default_rng(1).choice(len(sums), PIXELS, replace=False)
    places = features(pixels, crf)
    places -= places.mean(0)
    exact = []
    for own in np.array_split(places[some], 10):
        distance = (own**2).sum(1)[:, None] + (places**2).sum(1) - 2 * own @ places.T
        kernel = np.exp(-np.maximum(distance, 0) / 2)
        exact.append(kernel @ beliefs.reshape(CLASSES, -1).T / kernel.sum(1, keepdims=True))
    return np.abs(sums[some, :CLASSES] / sums[some, CLASSES, None] - np.concatenate(exact))


def print_agreement(scenes: list[Scene], methods: dict[str, Method]) -> None:
    print(f"\nclasses as of all pairs of pixels, {SMALL_HW[0]}×{SMALL_HW[1]}, 10 iterations")
    print(f"{'image, px, tone':36}" + "".join(f"{name:>14}" for name in methods))
    for number, (pixels, ids) in enumerate(scenes):
        small = cv2.resize(pixels, SMALL_HW[::-1], interpolation=cv2.INTER_AREA)
        fewer = cv2.resize(ids, SMALL_HW[::-1], interpolation=cv2.INTER_NEAREST)
        rng = np.random.default_rng(0)
        odds = np.exp(rng.normal(size=(CLASSES, *SMALL_HW)) + 2 * hard(fewer))
        given = (odds / odds.sum(0)).astype(np.float32)
        for crf in (Crf(), Crf(edge_px=20, edge_tone=0.1), Crf(edge_px=10, edge_tone=0.03)):
            exact = all_pairs(small, given, crf).argmax(0)
            shares = [
                (run(small, given, crf).argmax(0) == exact).mean() for run in methods.values()
            ]
            what = f"{number}, {crf.edge_px:g}, {crf.edge_tone:g}"
            print(f"{what:36}" + "".join(f"{100 * share:12.2f} %" for share in shares))


def all_pairs(pixels: np.ndarray, given: np.ndarray, crf: Crf) -> np.ndarray:
    """Mean field over all pairs of pixels in float64."""
    both = features(pixels, crf)
    place = both[:, :2] * (crf.edge_px / crf.smooth_px)
    total = np.zeros((len(both), len(both)))
    for weight, one in ((crf.edge_weight, both), (crf.smooth_weight, place)):
        distance = (one**2).sum(1)[:, None] + (one**2).sum(1) - 2 * one @ one.T
        kernel = np.exp(-np.maximum(distance, 0) / 2)
        norm = np.sqrt(kernel.sum(1))
        kernel /= norm[:, None] * norm
        np.fill_diagonal(kernel, 0)
        total += weight * kernel
    logs = np.log(np.maximum(given.reshape(CLASSES, -1), 1e-6))
    heard = np.zeros_like(logs)
    for _ in range(crf.iterations + 1):
        odds = np.exp(logs + heard - (logs + heard).max(0))
        beliefs = odds / odds.sum(0)
        heard = beliefs @ total
    return beliefs.reshape(given.shape)


def ours(pixels: np.ndarray, given: np.ndarray, crf: Crf) -> np.ndarray:
    classes = Classes.named([f"class {k}" for k in range(CLASSES)])
    labels = LabelMap(given.argmax(0).astype(np.uint8), classes)
    found = crf.apply(Labelling(labels, given), Image(pixels)).probabilities
    assert found is not None
    return found


def pydensecrf_(pixels: np.ndarray, given: np.ndarray, crf: Crf) -> np.ndarray:
    """The same model, but that a pixel hears itself too."""
    from pydensecrf import densecrf

    height, width = pixels.shape[:2]
    field = densecrf.DenseCRF2D(width, height, CLASSES)
    logs = np.log(np.maximum(given.reshape(CLASSES, -1), 1e-6))
    field.setUnaryEnergy(np.ascontiguousarray(-logs, dtype=np.float32))
    field.addPairwiseGaussian(sxy=crf.smooth_px, compat=crf.smooth_weight)
    field.addPairwiseBilateral(
        sxy=crf.edge_px,
        srgb=255 * crf.edge_tone,
        rgbim=np.ascontiguousarray(pixels),
        compat=crf.edge_weight,
    )
    return np.array(field.inference(crf.iterations)).reshape(given.shape)


def print_times(scenes: list[Scene], methods: dict[str, Method], rounds: int) -> None:
    crf = Crf()
    times: dict[str, list[float]] = {name: [] for name in methods}
    for turn in range(rounds + 1):  # the first warms up: kernels are compiled or loaded
        for pixels, ids in scenes:
            given = like_a_network(ids)
            for name, run in methods.items():
                begin = time.perf_counter()
                run(pixels, given, crf)
                if turn:
                    times[name].append(time.perf_counter() - begin)
    height, width = SIZE_HW
    print(f"\n{CLASSES} classes, {height}×{width}, {crf.iterations} iterations")
    print(f"{'':36}{'smallest':>12}{'median':>12}")
    for name, values in times.items():
        print(f"{name:36}{1000 * min(values):9.0f} ms{1000 * float(np.median(values)):9.0f} ms")
    if "pydensecrf" in times:
        ratio = np.median(times["pydensecrf"]) / np.median(times["segwright"])
        print(f"pydensecrf takes {ratio:.1f} times as long")


def print_machine() -> None:
    found = []
    for library in ("numpy", "numba", "pydensecrf"):
        try:
            found.append(f"{library} {version(library)}")
        except PackageNotFoundError:
            continue
    print(
        f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}; "
        f"{', '.join(found)}"
    )


if __name__ == "__main__":
    main()
