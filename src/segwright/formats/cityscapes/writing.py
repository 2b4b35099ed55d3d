"""Writes a dataset in the layout of Cityscapes: labelIds, instanceIds, color and polygons.

Classes that are Cityscapes' own get its numbers, others numbers from 34 on in their order, and
dataset.yaml says which they are, because nothing in the layout does. Ignored pixels become
"unlabeled". Pictures that are no PNG are stored anew as PNG, without loss, where PNG can hold them.

A picture that has one class per pixel and no objects gets no instanceIds: nobody knows which of its
things are one.

Source: https://github.com/mcordts/cityscapesScripts.
"""

from __future__ import annotations

import itertools
import json
import re
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from segwright.formats.cityscapes.classes import (
    BY_NAME,
    FIRST_FOREIGN,
    NOT_DRAWN,
    TRAINED,
    UNLABELED,
)
from segwright.formats.cityscapes.labels import GROUP, STEP, STUFF
from segwright.formats.lost import Losses
from segwright.formats.painted import count_painted
from segwright.formats.settings import Colour
from segwright.formats.writing import Export, Labelled, copy_image
from segwright.formats.yolo.bridges import bridged
from segwright.images import read_image, write_png
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances, as_instances, as_label_map
from segwright.labels.outline import outline
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Polygons
from segwright.storage import storage_errors, write_whole

UNGROUPED = "ungrouped"
"""The folder, in place of a city, of pictures of which no group is known."""

CITYSCAPES_LOSSES: Mapping[str, str] = {
    "overlap": "a pixel belongs to the smallest of the objects on it",
    "hidden": "objects of which no pixel is left are left out",
    "vertices": "become pixels; single rings stay in polygons.json, which is for other programs",
    "boxes": "objects known by a box alone become full boxes",
    "identity": "ignored objects become one, and so does stuff of one class; beyond 1000 objects "
    "of a class in a picture, or 66 labels, objects are not told apart",
    "crowds": "become unlabeled, or stuff of foreign classes",
    "scores": "left out",
    "attributes": "left out",
    "colours": "left out",
    "image": "become PNG without loss",
}
"""What Cityscapes' layout cannot hold → what becomes of it."""

_MOST_OBJECTS = 0xFFFF


def name_of_key(key: str) -> str:
    """A key as one file name: "a/b" becomes "a__b", and what would be mistaken for it is escaped.

    Example:
        >>> name_of_key("a/b_1"), name_of_key("a__b")
        ('a__b_1', 'a%5F%5Fb')
    """
    escaped = re.sub(r"_(?=[_/])|(?<=[_/])_", "%5F", key.replace("%", "%25"))
    return escaped.replace("/", "__")


def key_of_name(name: str) -> str:
    """The key that `name_of_key` made a file name of."""
    return name.replace("__", "/").replace("%5F", "_").replace("%25", "%")


@dataclass(frozen=True)
class _Numbers:
    """The numbers of the classes.

    Attributes:
        classes: The classes.
        number_of: Class id → value in labelIds, (ignore_index + 1,) uint8, or uint16 if there are
            more than a byte holds.
        colours: Value → colour, (V, 3) uint8.
    """

    classes: Classes
    number_of: np.ndarray
    colours: np.ndarray

    @classmethod
    def of(cls, classes: Classes) -> _Numbers:
        """Cityscapes' own numbers, then the next free ones."""
        free = (number for number in itertools.count(FIRST_FOREIGN) if number != NOT_DRAWN)
        own = {name: label.number for name, label in BY_NAME.items() if label.number > UNLABELED}
        numbers = [own[name] if name in own else next(free) for name in classes.names]
        highest = max(NOT_DRAWN, *numbers)
        number_of = np.zeros(
            classes.ignore_index + 1, np.uint8 if highest == NOT_DRAWN else np.uint16
        )
        number_of[: len(numbers)] = numbers
        colours = np.zeros((highest + 1, 3), np.uint8)
        for number, name, colour in zip(numbers, classes.names, classes.colours, strict=True):
            colours[number] = BY_NAME[name].colour if name in own else colour
        number_of[classes.ignore_index] = UNLABELED
        return cls(classes, number_of, colours)

    def named(self) -> dict[int, str]:
        """Value → name of all classes."""
        return {int(self.number_of[i]): name for i, name in enumerate(self.classes.names)}

    def has_groups(self, class_id: int) -> bool:
        """Whether pixels of a class without a number of their object are a group."""
        name = self.classes.names[class_id]
        return name in BY_NAME and BY_NAME[name].has_instances

    def is_stuff(self, one: Instance) -> bool:
        """Whether objects like this one are not told apart."""
        name = self.classes.names[one.class_id]
        if name in BY_NAME and BY_NAME[name].number > UNLABELED:
            return not BY_NAME[name].has_instances
        return one.attributes.get("isthing") is False or one.class_id == self.classes.background


@dataclass
class _Cities:
    """Folders of groups: letters, digits and hyphens alone, no two groups in one."""

    taken: dict[str, str] = field(default_factory=dict)

    def of(self, group: str | None) -> str:
        if group is None:
            return UNGROUPED
        if group not in self.taken:
            plain = re.sub(r"[^0-9A-Za-z-]+", "-", group) or "group"
            names, number, name = set(self.taken.values()) | {UNGROUPED}, 1, plain
            while name in names:
                number += 1
                name = f"{plain}-{number}"
            self.taken[group] = name
        return self.taken[group]


def write_cityscapes(export: Export) -> None:
    """Writes a dataset; pictures without a split go to the folder `unsplit`.

    Raises:
        StorageError: It cannot be written.
    """
    numbers, cities = _Numbers.of(export.classes), _Cities()
    for picture in export.pictures:
        place = Path(picture.split or "unsplit", cities.of(picture.group))
        core = name_of_key(picture.key)
        _write_image(picture, export.folder / "leftImg8bit" / place, core, export.losses)
        folder = export.folder / "gtFine" / place
        with storage_errors(folder):
            folder.mkdir(parents=True, exist_ok=True)
        _write_labels(picture, folder / f"{core}_gtFine_", numbers, export.losses)
    _declare(export, numbers)


def _write_image(picture: Labelled, folder: Path, core: str, losses: Losses) -> None:
    """Copies a PNG, and stores as PNG what a PNG can hold; everything else stays as it is."""
    name = f"{core}_leftImg8bit"
    if picture.image.suffix.lower() != ".png":
        image = read_image(picture.image)
        channels = image.pixels.shape[2:]
        depth = image.pixels.dtype
        if image.alpha is None and (
            (depth == np.uint8 and channels in ((), (1,), (3,)))
            or (depth == np.uint16 and channels in ((), (1,)))
        ):
            losses.add("image")
            pixels = image.pixels[..., 0] if channels == (1,) else image.pixels
            with storage_errors(folder):
                folder.mkdir(parents=True, exist_ok=True)
            write_png(folder / f"{name}.png", pixels)
            return
    copy_image(picture, folder, name)


def _write_labels(picture: Labelled, stem: Path, numbers: _Numbers, losses: Losses) -> None:
    """Writes labelIds, color and polygons, and instanceIds if there are objects."""
    labels = numbers.number_of[as_label_map(picture.labels).ids]
    write_png(stem.with_name(f"{stem.name}labelIds.png"), labels)
    write_png(stem.with_name(f"{stem.name}color.png"), numbers.colours[labels])
    drawn = as_instances(picture.labels)
    if isinstance(picture.labels, Instances):
        present = count_painted(drawn, losses)
        values = _instance_values(drawn, present, numbers, losses)
        stored = np.where(labels == UNLABELED, 0, values[drawn.numbers()])
        # Where no object lies, the label says what is there.
        stored = np.where((stored == 0) & (labels != UNLABELED), labels, stored)
        write_png(stem.with_name(f"{stem.name}instanceIds.png"), stored.astype(np.uint16))
    record = {
        "imgHeight": picture.size_hw[0],
        "imgWidth": picture.size_hw[1],
        "objects": _polygons(drawn, numbers),
    }
    text = json.dumps(record, ensure_ascii=False, allow_nan=False)
    write_whole(stem.with_name(f"{stem.name}polygons.json"), text, sync=False)


def _instance_values(
    drawn: Instances, present: np.ndarray, numbers: _Numbers, losses: Losses
) -> np.ndarray:
    """The value of each object in instanceIds, (1 + N,) int64, the first of what is no object."""
    values = np.zeros(1 + len(drawn.objects), np.int64)
    told_apart: Counter[int] = Counter()
    together: Counter[int] = Counter()
    for place, one in enumerate(drawn.objects):
        is_rough = one.is_crowd and not drawn.crowds_are_exact
        losses.add("attributes", bool(one.attributes) and dict(one.attributes) != STUFF)
        if one.class_id == drawn.classes.ignore_index or is_rough:
            losses.add("crowds", one.is_crowd)
            together[UNLABELED] += 1
            continue
        number = int(numbers.number_of[one.class_id])
        value = number * STEP + told_apart[number]
        is_group = one.is_crowd and numbers.has_groups(one.class_id)
        is_full = told_apart[number] >= STEP or value > _MOST_OBJECTS
        if one.is_crowd or numbers.is_stuff(one) or is_full:
            losses.add("crowds", one.is_crowd and not is_group)
            losses.add("identity", is_full or one.class_id == drawn.classes.background)
            together[number] += 1
            values[place + 1] = number
        elif present[place]:
            values[place + 1] = value
            told_apart[number] += 1
    losses.add("identity", sum(count for count in together.values() if count > 1))
    return values


def _polygons(drawn: Instances, numbers: _Numbers) -> list[dict[str, Any]]:
    """What other programs draw to see the same, from the lowest object to the topmost."""
    records = []
    for place in drawn.drawing_order():
        one, region = drawn.objects[place], drawn.regions[place]
        ring = _ring(one, region)
        is_rough = one.is_crowd and not drawn.crowds_are_exact
        if ring is None:
            continue
        if one.class_id == drawn.classes.ignore_index or is_rough:
            label = "unlabeled"
        else:
            label = drawn.classes.names[one.class_id]
            label += GROUP if one.is_crowd and numbers.has_groups(one.class_id) else ""
        records.append({"label": label, "polygon": ring.tolist()})
    return records


def _ring(one: Instance, region: RunLengths) -> np.ndarray | None:
    """The one ring of an object: as it was drawn, or its outline with its pieces joined."""
    shape = one.shape
    if isinstance(shape, Polygons) and len(shape.rings) == 1:
        return shape.parts[0].exterior
    return bridged(outline(region)) if region.area_px else None


def _declare(export: Export, numbers: _Numbers) -> None:
    """Writes dataset.yaml unless the classes are those of the benchmark, in their order."""
    classes, named = export.classes, numbers.named()
    if classes.names == tuple(label.name for label in TRAINED) and classes.background is None:
        export.losses.add("colours", _repainted(classes, numbers))
        return
    content: dict[str, Any] = {
        "format": "cityscapes",
        "classes": [
            {"name": name, "colour": "#" + bytes(colour).hex()}
            for name, colour in zip(classes.names, classes.colours, strict=True)
        ],
        "background": False if classes.background is None else classes.names[classes.background],
    }
    if any(name not in BY_NAME or number >= FIRST_FOREIGN for number, name in named.items()):
        content |= {"values": named, "ignore": [UNLABELED]}
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True, default_flow_style=None)
    write_whole(export.folder / "dataset.yaml", text, sync=False)


def _repainted(classes: Classes, numbers: _Numbers) -> int:
    """How many classes have another colour than Cityscapes gives them."""
    own: list[Colour] = [BY_NAME[name].colour for name in classes.names]
    return sum(one != other for one, other in zip(classes.colours, own, strict=True))
