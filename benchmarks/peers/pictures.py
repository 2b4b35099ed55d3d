"""The plain data folder, as peers read it: pictures and masks of the same names."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
from PIL import Image

IGNORED = 255
"""Value of the pixels that nobody learns from or is judged on."""


def class_names(data: Path) -> list[str]:
    """The names of the classes 0, 1 …"""
    return (data / "classes.txt").read_text(encoding="utf-8").splitlines()


def pairs(data: Path, split: str) -> Sequence[tuple[Path, Path]]:
    """(image, mask) of every picture of a split, by name."""
    images = sorted((data / split / "images").iterdir())
    return [(image, data / split / "masks" / f"{image.stem}.png") for image in images]


def read_rgb(path: Path) -> np.ndarray:
    """(Y, X, 3) uint8."""
    return np.array(Image.open(path).convert("RGB"))


def read_ids(path: Path) -> np.ndarray:
    """(Y, X) uint8 class ids, 255 where ignored."""
    return np.array(Image.open(path))


def write_ids(path: Path, ids: np.ndarray) -> None:
    """Writes a mask of (Y, X) class ids."""
    Image.fromarray(ids.astype(np.uint8)).save(path)
