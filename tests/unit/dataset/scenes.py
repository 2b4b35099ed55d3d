"""Pictures that are all different and whose labels lie on visible edges, for the check."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from PIL import Image as Pillow


def scene(seed: int, size_hw: tuple[int, int] = (96, 128)) -> tuple[np.ndarray, np.ndarray]:
    """A picture of blobs on cloudy ground, (Y, X, 3) uint8, and the blobs' mask, 0 or 1."""
    rng = np.random.default_rng(seed)
    ground = sum(_clouds(rng, size_hw, cells) for cells in (4, 9, 20)) / 3
    blobs = _clouds(rng, size_hw, 6) > 0.62
    grey = 60 + 90 * ground + 70 * blobs
    pixels = grey[..., None] + np.array([0, 10, 20]) + rng.normal(0, 2, (*size_hw, 3))
    return pixels.clip(0, 255).astype(np.uint8), blobs.astype(np.uint8)


def _clouds(rng: np.random.Generator, size_hw: tuple[int, int], cells: int) -> np.ndarray:
    """Smooth noise of 0 … 1."""
    coarse = Pillow.fromarray(rng.random((cells, cells)).astype(np.float32))
    return np.asarray(coarse.resize(size_hw[::-1], Pillow.Resampling.BICUBIC))


def draw_dataset(root: Path, names: dict[str, int], *, values: int = 255) -> Path:
    """Writes scenes as PNG with masks.

    Args:
        root: The folder; SPLIT/images and SPLIT/masks, or images and masks.
        names: "train/a" or "a" → seed of the scene.
        values: The value of blobs in masks.
    """
    for name, seed in names.items():
        pixels, blobs = scene(seed)
        save(root, name, pixels, blobs * values)
    return root


def save(root: Path, name: str, pixels: np.ndarray, mask: np.ndarray | None) -> None:
    """Writes one picture and its mask."""
    split, _, stem = name.rpartition("/")
    for folder, content in (("images", pixels), ("masks", mask)):
        path = root / split / folder / f"{stem}.png"
        path.parent.mkdir(parents=True, exist_ok=True)
        if content is not None:
            Pillow.fromarray(content).save(path)
