"""Augmentation speed against peers: 360×480 RGB → 288×384 crop with scale, flip and colour jitter.

All do the same on the same images in memory, on one thread, interleaved so that a busy moment of
the machine hits all alike:

    magnification 0.5 … 1.5, a 288×384 crop padded where the image is smaller, horizontal flip with
    probability 0.5, brightness, contrast and saturation jitter of 0.3, float32 out.

    python benchmarks/augment_speed.py [--images DIR --masks DIR]

Without folders it uses a photograph that ships with scikit-image.
"""

from __future__ import annotations

import argparse
import os
import platform
import time
from collections.abc import Callable
from importlib.metadata import version
from pathlib import Path

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
from PIL import Image

from segwright.labels.classes import Classes
from segwright.transforms import Augmentation, AugmentConfig, CropFocus

CROP_HW = (288, 384)
CLASSES = Classes.named([f"class {i}" for i in range(11)])
Pairs = list[tuple[np.ndarray, np.ndarray]]
Step = Callable[[np.ndarray, np.ndarray, int], object]


def main() -> None:
    """Prints one table."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--images", type=Path)
    parser.add_argument("--masks", type=Path)
    parser.add_argument("--rounds", type=int, default=300)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    pairs = load_pairs(arguments.images, arguments.masks)
    candidates = {
        "segwright": ours(),
        "segwright, focused crops": ours_focused(pairs),
        "segwright, orientation_free": ours(AugmentConfig.orientation_free()),
    }
    for name, build in (("torchvision v2", torchvision_v2), ("albumentations", albumentations)):
        try:
            candidates[name] = build()
        except ImportError:
            print(f"{name} is not installed: left out")
    print_table(measure(candidates, pairs, arguments.rounds), arguments.rounds, pairs)


def load_pairs(images: Path | None, masks: Path | None) -> Pairs:
    """Up to 32 images and label maps, in memory."""
    if images is None or masks is None:
        from skimage import data

        photo = cv2.resize(data.chelsea(), (480, 360))
        return [(photo, (photo[..., 1] // 24).astype(np.uint8))]
    pairs = []
    for path in sorted(images.iterdir())[:32]:
        ids = np.array(Image.open(masks / f"{path.stem}.png"))
        ids[ids >= len(CLASSES)] = CLASSES.ignore_index
        pairs.append((np.array(Image.open(path).convert("RGB")), ids))
    return pairs


def ours(config: AugmentConfig | None = None) -> Step:
    config = config or AugmentConfig(
        flip_horizontal=0.5, scale=(0.5, 1.5), brightness=0.3, contrast=0.3, saturation=0.3
    )
    crops = Augmentation(config, size_hw=CROP_HW, classes=CLASSES, fill=(124, 116, 104))
    return lambda pixels, ids, index: crops.augment(pixels, ids, rng=np.random.default_rng(index))


def ours_focused(pairs: Pairs) -> Step:
    config = AugmentConfig(
        flip_horizontal=0.5, scale=(0.5, 1.5), brightness=0.3, contrast=0.3, saturation=0.3
    )
    crops = Augmentation(config, size_hw=CROP_HW, classes=CLASSES, fill=(124, 116, 104))
    focus = CropFocus(CLASSES)
    for _, ids in pairs:
        focus.add(ids)

    def step(pixels: np.ndarray, ids: np.ndarray, index: int) -> object:
        rng = np.random.default_rng(index)
        return crops.augment(pixels, ids, rng=rng, centre_yx=focus.pick(index % len(pairs), rng))

    return step


def torchvision_v2() -> Step:
    import torch
    from torchvision import tv_tensors
    from torchvision.transforms import v2

    torch.set_num_threads(1)
    fill = {tv_tensors.Image: (124, 116, 104), tv_tensors.Mask: CLASSES.ignore_index}
    transform = v2.Compose(
        [
            v2.ScaleJitter(target_size=(360, 480), scale_range=(0.5, 1.5)),
            v2.RandomCrop(CROP_HW, pad_if_needed=True, fill=fill),
            v2.RandomHorizontalFlip(0.5),
            v2.ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3),
            v2.ToDtype({tv_tensors.Image: torch.float32, "others": None}),
        ]
    )

    def step(pixels: np.ndarray, ids: np.ndarray, index: int) -> object:
        torch.manual_seed(index)
        image = tv_tensors.Image(torch.from_numpy(pixels).permute(2, 0, 1))
        return transform(image, tv_tensors.Mask(torch.from_numpy(ids)))

    return step


def albumentations() -> Step:
    import albumentations as library

    transform = library.Compose(
        [
            library.RandomScale((-0.5, 0.5), p=1),
            library.PadIfNeeded(
                *CROP_HW,
                border_mode=cv2.BORDER_CONSTANT,
                fill=(124, 116, 104),
                fill_mask=CLASSES.ignore_index,
            ),
            library.RandomCrop(*CROP_HW),
            library.HorizontalFlip(p=0.5),
            library.ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3, hue=0, p=1),
        ]
    )

    def step(pixels: np.ndarray, ids: np.ndarray, index: int) -> object:
        crop = transform(image=pixels, mask=ids)
        return crop["image"].astype(np.float32), crop["mask"]

    return step


def measure(candidates: dict[str, Step], pairs: Pairs, rounds: int) -> dict[str, np.ndarray]:
    """Milliseconds of each sample, by candidate; the first tenth warms up and is dropped."""
    times: dict[str, list[float]] = {name: [] for name in candidates}
    for index in range(rounds):
        pixels, ids = pairs[index % len(pairs)]
        for name, step in candidates.items():
            start = time.perf_counter()
            step(pixels, ids, index)
            times[name].append(1000 * (time.perf_counter() - start))
    return {name: np.array(values[rounds // 10 :]) for name, values in times.items()}


def print_table(times: dict[str, np.ndarray], rounds: int, pairs: Pairs) -> None:
    libraries = ["opencv-python-headless", "numpy", "torch", "torchvision", "albumentations"]
    found = []
    for library in libraries:
        try:
            found.append(f"{library} {version(library)}")
        except ImportError:
            continue
    height, width = pairs[0][1].shape
    print(
        f"{len(pairs)} images of {height}×{width}, {rounds} samples each, one thread; "
        f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}; "
        f"{', '.join(found)}"
    )
    print(f"{'ms a sample':32}{'10 %':>8}{'median':>8}{'90 %':>8}")
    for name, values in times.items():
        low, middle, high = np.percentile(values, (10, 50, 90))
        print(f"{name:32}{low:8.2f}{middle:8.2f}{high:8.2f}")


if __name__ == "__main__":
    main()
