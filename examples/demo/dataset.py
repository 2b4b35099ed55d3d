"""Writes the demo's data set as anybody's data set would look: folders of images and masks."""

from __future__ import annotations

from pathlib import Path
from typing import get_args

import numpy as np
import yaml
from PIL import Image as PillowImage

from examples.demo.pictures import CLASS_NAMES, Split, material
from examples.demo.scenes import compose

COLOURS = ("#b5523b", "#6fae3d", "#8296a8", "#f2c230", "#8a6fd1", "#2bb5a6")  # of CLASS_NAMES
SIZES: dict[Split, int] = {"train": 120, "val": 30, "test": 40}


def write_dataset(root: Path, *, seed: int = 0, sizes: dict[Split, int] | None = None) -> Path:
    """Writes `root/{train,val,test}/{images,masks}/NNN.png` and `root/dataset.yaml`.

    The same seed writes the same pixels; each scene depends on its own number alone.

    Args:
        root: Made if absent; scenes that are there already are written again.
        seed: Chooses the scenes.
        sizes: Scenes per split; default is `SIZES`.

    Returns:
        `root`.
    """
    palette = bytes.fromhex("".join(COLOURS).replace("#", ""))
    for number, split in enumerate(get_args(Split)):
        parts = material(split)
        images, masks = (root / split / kind for kind in ("images", "masks"))
        for folder in (images, masks):
            folder.mkdir(parents=True, exist_ok=True)
        for index in range((sizes or SIZES)[split]):
            scene = compose(parts, np.random.default_rng((seed, number, index)))
            PillowImage.fromarray(scene.pixels).save(images / f"{index:03d}.png")
            mask = PillowImage.fromarray(scene.ids, mode="P")
            mask.putpalette(palette)
            mask.save(masks / f"{index:03d}.png")
    classes = [
        {"name": name, "colour": colour} for name, colour in zip(CLASS_NAMES, COLOURS, strict=True)
    ]
    (root / "dataset.yaml").write_text(yaml.safe_dump({"classes": classes}), encoding="utf-8")
    return root
