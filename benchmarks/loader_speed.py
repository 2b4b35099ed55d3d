"""Training loader against peers, end to end: files on disk → batches of augmented float tensors.

All do the same with the same files, with two workers, in turns:

    magnification 0.5 … 1.5, a 288×384 crop padded where the image is smaller, horizontal flip with
    probability 0.5, brightness, contrast and saturation jitter of 0.3, normalised float32 images
    (B, C, Y, X) and int64 labels (B, Y, X), 8 a batch.

The peers run in torch's DataLoader (2 persistent processes), torchvision once with its own
decoders and once with Pillow's; ours in its 2 threads. Two regimes:

    from disk     every image is read and decoded each time it is used, by all
    from memory   decoded images are kept, by all; this is what our training does as long as the
                  data set fits into half of the free memory

    python benchmarks/loader_speed.py [--data DATA] [--rounds 7] [--batches 30]

DATA is a folder with train/images (JPEG or PNG) and train/masks (PNG of class numbers); without it
a photograph that ships with scikit-image is written out 64 times. `augment_speed.py` measures the
augmentation alone, on one thread.
"""

from __future__ import annotations

import argparse
import os
import platform
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing
from importlib.metadata import version
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import cv2
import numpy as np
import torch
from PIL import Image
from torch.utils.data import DataLoader
from torchvision import io, tv_tensors
from torchvision.transforms import v2

from segwright.dataset import open_dataset
from segwright.plan import draft
from segwright.training.material import Material
from segwright.training.planning import examine_machine
from segwright.training.store import SampleStore

CROP_HW = (288, 384)
BATCH = 8
WORKERS = 2
IGNORE = 255
MEAN, STD = (0.41, 0.42, 0.43), (0.29, 0.3, 0.3)
FILL = tuple(round(255 * value) for value in MEAN)
Batches = Iterator[Any]


def main() -> None:
    """Prints one table for each regime."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--data", type=Path)
    parser.add_argument("--rounds", type=int, default=7)
    parser.add_argument("--batches", type=int, default=30)
    arguments = parser.parse_args()
    cv2.setNumThreads(1)
    torch.set_num_threads(1)
    with tempfile.TemporaryDirectory() as scratch:
        root = arguments.data or written(Path(scratch))
        images = sorted((root / "train" / "images").iterdir())
        files = [(path, root / "train" / "masks" / f"{path.stem}.png") for path in images]
        print_surroundings(files)
        for regime, keeps in (("from disk", False), ("from memory", True)):
            measure_regime(root, files, regime, keeps, arguments.rounds, arguments.batches)


def measure_regime(
    root: Path,
    files: Sequence[tuple[Path, Path]],
    regime: str,
    keeps: bool,
    rounds: int,
    batches: int,
) -> None:
    """One table: samples per second of all loaders, measured in turns."""
    # The processes of the peers are forked before ours starts its threads.
    running: dict[str, Batches] = {
        "torchvision v2, own decoders": torchvision_v2(files, read_by_torchvision, keeps),
        "torchvision v2, Pillow": torchvision_v2(files, read_by_pillow, keeps),
    }
    try:
        running["albumentations"] = albumentations(files, keeps)
    except ImportError:
        print("albumentations is not installed: left out")
    with closing(ours(root, keeps)) as stream:
        running["segwright"] = stream
        rates: dict[str, list[float]] = {name: [] for name in running}
        for number in range(rounds + 1):
            for name, loader in running.items():
                rate = samples_per_second(loader, batches)
                if number:  # the first round warms up
                    rates[name].append(rate)
    print_table(regime, rates)


def samples_per_second(loader: Batches, count: int) -> float:
    """The pace over `count` batches, behind those that were made while others had their turn."""
    for _ in range(3 * WORKERS):
        next(loader)
    begun = time.perf_counter()
    for _ in range(count):
        next(loader)
    return count * BATCH / (time.perf_counter() - begun)


def ours(root: Path, keeps: bool):
    """Batches as training gets them."""

    def silent(event: object) -> None: ...

    dataset = open_dataset(root)
    material = Material.read(dataset.split("train"), dataset.split("train"), emit=silent)
    if not keeps:
        vars(material)["train"] = SampleStore(dataset.split("train"), room_bytes=0)
    settings = {
        "steps": 10**6,
        "batch_size": BATCH,
        "workers": WORKERS,
        "input.crop_hw": list(CROP_HW),
        "input.loss_stride": 1,
        "augment": {
            "scale": [0.5, 1.5],
            "flip_horizontal": 0.5,
            "brightness": 0.3,
            "contrast": 0.3,
            "saturation": 0.3,
        },
    }
    machine = examine_machine("cpu")
    plan = draft(material.facts, machine, fingerprint=material.fingerprint, settings=settings)
    return material.batches(plan).starting_at(0)


class Files(torch.utils.data.Dataset):
    """Pictures and masks, changed by a function; an endless shuffled row of them."""

    def __init__(
        self,
        files: Sequence[tuple[Path, Path]],
        read: Callable[[Path, Path], tuple[Any, Any]],
        change: Callable[[Any, Any], tuple[torch.Tensor, torch.Tensor]],
        keeps: bool,
    ) -> None:
        self.files, self.read, self.change = files, read, change
        self.kept = [read(*pair) for pair in files] if keeps else None

    def __len__(self) -> int:
        return len(self.files)

    def __getitem__(self, index: int) -> tuple[torch.Tensor, torch.Tensor]:
        pair = self.read(*self.files[index]) if self.kept is None else self.kept[index]
        return self.change(*pair)


class Endless(torch.utils.data.Sampler[int]):
    """Permutation after permutation."""

    def __init__(self, count: int) -> None:
        self.count = count

    def __iter__(self) -> Iterator[int]:
        while True:
            yield from torch.randperm(self.count).tolist()


def loader_of(dataset: Files) -> Batches:
    return iter(
        DataLoader(
            dataset,
            BATCH,
            sampler=Endless(len(dataset)),
            num_workers=WORKERS,
            persistent_workers=True,
            worker_init_fn=one_thread,
            multiprocessing_context="fork",
        )
    )


def one_thread(worker: int) -> None:
    cv2.setNumThreads(1)


def read_by_torchvision(image: Path, mask: Path) -> tuple[torch.Tensor, torch.Tensor]:
    pixels = io.decode_image(io.read_file(str(image)), io.ImageReadMode.RGB)
    return pixels, io.decode_image(io.read_file(str(mask)))[0]


def read_by_pillow(image: Path, mask: Path) -> tuple[torch.Tensor, torch.Tensor]:
    pixels, ids = read_arrays(image, mask)
    return torch.from_numpy(pixels).permute(2, 0, 1), torch.from_numpy(ids)


def read_arrays(image: Path, mask: Path) -> tuple[np.ndarray, np.ndarray]:
    return np.array(Image.open(image).convert("RGB")), np.array(Image.open(mask))


def torchvision_v2(
    files: Sequence[tuple[Path, Path]],
    read: Callable[[Path, Path], tuple[torch.Tensor, torch.Tensor]],
    keeps: bool,
) -> Batches:
    fill = {tv_tensors.Image: FILL, tv_tensors.Mask: IGNORE}
    height, width = read_arrays(*files[0])[1].shape
    transform = v2.Compose(
        [
            v2.ScaleJitter(target_size=(height, width), scale_range=(0.5, 1.5)),
            v2.RandomCrop(CROP_HW, pad_if_needed=True, fill=fill),
            v2.RandomHorizontalFlip(0.5),
            v2.ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3),
            v2.ToDtype({tv_tensors.Image: torch.float32, "others": None}, scale=True),
            v2.Normalize(MEAN, STD),
        ]
    )

    def change(pixels: torch.Tensor, ids: torch.Tensor) -> tuple[torch.Tensor, torch.Tensor]:
        image, mask = transform(tv_tensors.Image(pixels), tv_tensors.Mask(ids))
        return image, mask.long()

    return loader_of(Files(files, read, change, keeps))


def albumentations(files: Sequence[tuple[Path, Path]], keeps: bool) -> Batches:
    import albumentations as library

    transform = library.Compose(
        [
            library.RandomScale((-0.5, 0.5), p=1),
            library.PadIfNeeded(
                *CROP_HW, border_mode=cv2.BORDER_CONSTANT, fill=FILL, fill_mask=IGNORE
            ),
            library.RandomCrop(*CROP_HW),
            library.HorizontalFlip(p=0.5),
            library.ColorJitter(brightness=0.3, contrast=0.3, saturation=0.3, hue=0, p=1),
            library.Normalize(MEAN, STD),
            library.ToTensorV2(),
        ]
    )

    def change(pixels: np.ndarray, ids: np.ndarray) -> tuple[torch.Tensor, torch.Tensor]:
        crop = transform(image=pixels, mask=ids)
        return crop["image"], crop["mask"].long()

    return loader_of(Files(files, read_arrays, change, keeps))


def written(folder: Path) -> Path:
    """A data set of 64 files of one photograph, as JPEG of quality 92 and PNG."""
    from skimage import data

    photo = cv2.resize(data.chelsea(), (480, 360))
    for kind in ("images", "masks"):
        (folder / "train" / kind).mkdir(parents=True)
    for number in range(64):
        moved = np.roll(photo, 5 * number, axis=1)
        Image.fromarray(moved).save(folder / "train/images" / f"p{number:02}.jpg", quality=92)
        ids = (moved[..., 1] // 24).astype(np.uint8)
        Image.fromarray(ids).save(folder / "train/masks" / f"p{number:02}.png")
    (folder / "classes.txt").write_text("\n".join(f"class {i}" for i in range(11)))
    return folder


def print_surroundings(files: Sequence[tuple[Path, Path]]) -> None:
    libraries = ["torch", "torchvision", "pillow", "opencv-python-headless", "numpy"]
    height, width = read_arrays(*files[0])[1].shape
    print(
        f"{len(files)} images of {height}×{width} ({files[0][0].suffix[1:]}); "
        f"{platform.machine()}, {os.cpu_count()} CPUs, load {os.getloadavg()[0]:.1f}; "
        f"{', '.join(f'{name} {version(name)}' for name in libraries)}"
    )


def print_table(regime: str, rates: dict[str, list[float]]) -> None:
    """Medians, and for each peer the median over rounds of how many times faster ours is."""
    print(f"\n{regime + ', samples per second':40}{'median':>8}{'range':>16}{'ours is':>10}")
    for name, values in rates.items():
        times = np.median(np.array(rates["segwright"]) / np.array(values))
        spread = f"{min(values):.0f} … {max(values):.0f}"
        print(f"{name:40}{np.median(values):8.0f}{spread:>16}{times:9.2f}×")


if __name__ == "__main__":
    main()
