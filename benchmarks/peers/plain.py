"""A data set as all methods get it: divided by a fixed rule, masks of class ids, 255 ignored.

    DATA/SPLIT/images/NAME.*  DATA/SPLIT/masks/NAME.png  DATA/classes.txt  DATA/dataset.yaml

What is ignored (void classes, pixels outside a field of view) is decided once, by segwright's own
reading of the data, so that nobody learns from or is judged on other pixels than the rest.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from pathlib import Path

from segwright.dataset import Dataset, open_dataset
from segwright.images.write import write_png

_KEPT_AS_THEY_ARE = (".jpg", ".jpeg", ".png")
Division = Mapping[str, Sequence[int]]


def divided(split_of: Sequence[str | None]) -> tuple[Division, str]:
    """Positions of the pictures of train, val and test, and the rule in words.

    A given test split is kept. Without one, the given val split is tested on and the last fifth
    of the training pictures becomes val. Undivided pictures become train (the first two thirds),
    val and test (the last fifth) in their order, so that slices of one stack stay together.

    Args:
        split_of: The split of each picture, in the order of their names; None where undivided.
    """
    count = len(split_of)
    by_split = {
        name: [i for i, split in enumerate(split_of) if split == name]
        for name in ("train", "val", "test", None)
    }
    if by_split["test"]:
        rule = "splits as given"
        division = {name: by_split[name] for name in ("train", "val", "test")}
    elif by_split["val"]:
        held = math.ceil(len(by_split["train"]) / 5)
        train = by_split["train"]
        rule = f"test = the given val, val = the last {held} of train"
        division = {"train": train[:-held], "val": train[-held:], "test": by_split["val"]}
    else:
        first, last = round(count * 2 / 3), round(count / 5)
        rule = "undivided: by name, contiguous"
        division = {
            "train": range(first),
            "val": range(first, count - last),
            "test": range(count - last, count),
        }
    sizes = ", ".join(f"{name} {len(part)}" for name, part in division.items())
    return division, f"{rule} ({sizes})"


def write_plain(data: Path, folder: Path) -> str:
    """Writes the plain form of a data set, unless it is there; returns the rule of division."""
    told = folder / "division.txt"
    if told.is_file():
        return told.read_text(encoding="utf-8")
    dataset = open_dataset(data)
    order = sorted(range(len(dataset)), key=lambda i: dataset.entries[i].image.name)
    dataset = dataset.subset(order)
    division, rule = divided([entry.split for entry in dataset.entries])
    for split, positions in division.items():
        for kind in ("images", "masks"):
            (folder / split / kind).mkdir(parents=True, exist_ok=True)
        for position in positions:
            _write_one(dataset, position, folder / split)
    names = "\n".join(dataset.classes.names)
    (folder / "classes.txt").write_text(f"{names}\n", encoding="utf-8")
    (folder / "dataset.yaml").write_text("ignore: [255]\n", encoding="utf-8")
    told.write_text(rule, encoding="utf-8")
    return rule


def _write_one(dataset: Dataset, position: int, folder: Path) -> None:
    """A picture (linked where peers can read it) and its mask."""
    file = dataset.entries[position].image
    sample = dataset[position]
    write_png(folder / "masks" / f"{file.stem}.png", sample.labels.ids)
    if file.suffix.lower() in _KEPT_AS_THEY_ARE:
        place = folder / "images" / file.name
        place.unlink(missing_ok=True)
        place.symlink_to(file.resolve())
    else:
        write_png(folder / "images" / f"{file.stem}.png", sample.image.pixels)
