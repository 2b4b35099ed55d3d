"""Writes datasets as folders of pictures and masks, so that our reader finds the same again.

    images/SPLIT/KEY.jpg    masks/SPLIT/KEY.png    dataset.yaml    (without SPLIT if there is none)

`dataset.yaml` names the classes with their colours, the background, and the value that is ignored.
"""

from __future__ import annotations

import shutil
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import count
from pathlib import Path

import numpy as np
import yaml

from segwright.formats.entry import UNDIVIDED
from segwright.formats.lost import Losses
from segwright.formats.masks.of_objects import slugs
from segwright.formats.plain import plain_objects
from segwright.formats.writing import Export, Labelled, class_name, copy_image
from segwright.images import write_png
from segwright.labels.classes import distinct_colour
from segwright.labels.instances import Instances, Labels, as_label_map
from segwright.labels.shapes import Box, Polygons
from segwright.storage import storage_errors, write_whole

_Draw = Callable[[Labelled, Path, Losses], None]
"""Writes the masks of a picture; the path is that of its mask, without a suffix."""


def write_masks(export: Export) -> None:
    """Writes masks of class numbers with a palette of the classes' colours.

    Numbers are of 8 bits up to 255 classes, of 16 bits and without a palette beyond; the highest
    number (255 or 65535) is what is ignored.
    """
    classes = export.classes
    palette = classes.palette() if classes.dtype == np.uint8 else None

    def draw(picture: Labelled, target: Path, losses: Losses) -> None:
        _count_drawn(picture.labels, losses)
        write_png(_suffixed(target), as_label_map(picture.labels).ids, palette)

    _write(export, draw)
    _declare(export, classes.colours, ignore=classes.ignore_index)


def write_colour_masks(export: Export) -> None:
    """Writes masks in the colours of the classes; what is ignored has a colour of its own."""
    classes = export.classes
    *colours, ignored = _all_different((*classes.colours, (0, 0, 0)))
    changed = sum(a != b for a, b in zip(colours, classes.colours, strict=True))
    export.losses.add("colours", changed)
    table = np.full((classes.ignore_index + 1, 3), ignored, np.uint8)
    table[: len(colours)] = colours

    def draw(picture: Labelled, target: Path, losses: Losses) -> None:
        _count_drawn(picture.labels, losses)
        write_png(_suffixed(target), table[as_label_map(picture.labels).ids])

    _write(export, draw)
    _declare(export, colours, ignore=int.from_bytes(bytes(ignored), "big"))


def write_object_masks(export: Export) -> None:
    """Writes a mask for each object, 255 where it is: masks/SPLIT/KEY/CLASS_NUMBER.png.

    The numbers keep the order of the objects, by which equally large ones lie on each other. A
    picture without objects has one mask that is 0 everywhere.
    """
    classes = export.classes
    slug_of = slugs(classes.names)

    def draw(picture: Labelled, target: Path, losses: Losses) -> None:
        labels = plain_objects(picture.labels, losses)
        _count_shapes(labels, losses)
        with storage_errors(target):
            target.mkdir(parents=True)
        drawn = zip(labels.objects, labels.regions, strict=True)
        for number, (one, region) in enumerate(drawn, start=1):
            slug = slug_of[class_name(one, classes)]
            losses.add("hidden", not region.area_px)
            write_png(target / f"{slug}_{number}.png", region.mask() * np.uint8(255))
        if not labels.objects:
            empty = np.zeros(picture.size_hw, np.uint8)
            thing = next((i for i in range(len(classes)) if i != classes.background), 0)
            write_png(target / f"{slug_of[classes.names[thing]]}_0.png", empty)

    _write(export, draw)
    _declare(export, classes.colours, ignore=None)


def _write(export: Export, draw: _Draw) -> None:
    """Copies the pictures and has their masks drawn, each in the folder of its split."""
    images, masks = export.folder / "images", export.folder / "masks"
    splits: set[str | None] = set()
    for picture in export.pictures:
        splits.add(picture.split)
        place = picture.split or UNDIVIDED
        copy_image(picture, images / place, picture.key)
        target = masks / place / picture.key
        with storage_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        draw(picture, target, export.losses)
        export.losses.add("groups", picture.group is not None)
    if splits == {None}:
        for folder in (images, masks):
            _lift(folder)


def _lift(folder: Path) -> None:
    """Moves what lies in `folder/undivided` into `folder` itself."""
    with storage_errors(folder):
        aside = folder.with_name(f".{folder.name}.lifted")
        (folder / UNDIVIDED).rename(aside)
        shutil.rmtree(folder)
        aside.rename(folder)


def _declare(
    export: Export, colours: Sequence[tuple[int, int, int]], *, ignore: int | None
) -> None:
    """Writes dataset.yaml."""
    classes = export.classes
    declared = [
        {"name": name, "colour": "#" + bytes(colour).hex()}
        for name, colour in zip(classes.names, colours, strict=True)
    ]
    background = classes.background
    content: dict[str, object] = {
        "classes": declared,
        "background": False if background is None else classes.names[background],
    }
    if ignore is not None:
        content["ignore"] = [ignore]
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, width=100)
    write_whole(export.folder / "dataset.yaml", text)


def _suffixed(target: Path) -> Path:
    """The path of a mask; `Path.with_suffix` would take a dot in its name for a suffix."""
    return target.with_name(f"{target.name}.png")


def _all_different(colours: Sequence[tuple[int, int, int]]) -> list[tuple[int, int, int]]:
    """The colours, with new ones in place of those that stand there before already."""
    different: list[tuple[int, int, int]] = []
    for colour in colours:
        fresh = (distinct_colour(number) for number in count())
        while colour in different:
            colour = next(new for new in fresh if new not in colours)
        different.append(colour)
    return different


def _count_drawn(labels: Labels, losses: Losses) -> None:
    """Counts what is lost when objects become one class for each pixel."""
    if not isinstance(labels, Instances):
        return
    _count_shapes(labels, losses)
    of_class = Counter(one.class_id for one in labels.objects)
    blank = labels.classes.background  # an object of it is drawn like what nobody drew
    merged = (n for class_id, n in of_class.items() if n > 1 or class_id == blank)
    losses.add("identity", sum(merged))
    losses.add("crowds", sum(one.is_crowd for one in labels.objects))
    losses.add("scores", sum(one.score is not None for one in labels.objects))
    seen = set(np.unique(labels.numbers()).tolist())
    losses.add("hidden", sum(number not in seen for number in range(1, len(labels.objects) + 1)))
    times = np.zeros(labels.size_hw[0] * labels.size_hw[1], np.int32)
    for region in labels.regions:
        times[region.positions()] += 1
    losses.add("overlap", int(np.count_nonzero(times > 1)))


def _count_shapes(labels: Instances, losses: Losses) -> None:
    """Counts what masks of objects cannot hold, each by itself."""
    for one in labels.objects:
        losses.add("vertices", isinstance(one.shape, Polygons))
        losses.add("boxes", isinstance(one.shape, Box))
        losses.add("attributes", bool(one.attributes))
