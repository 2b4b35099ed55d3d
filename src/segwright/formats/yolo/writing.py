"""Writes a dataset in YOLO's layout: data.yaml, images/SPLIT and labels/SPLIT.

An object becomes one line, whatever it is: holes and pieces are joined to the outer ring by lines
without width (see `bridges`), which changes no pixel. What reaches outside the picture, where
YOLO's own reader refuses a file, is cut off along the pixels.
"""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np
import yaml

from segwright.formats.coco.writing import with_ignored_rest
from segwright.formats.lost import Losses
from segwright.formats.plain import lost_colours, plain_objects
from segwright.formats.writing import (
    Export,
    class_name,
    copy_image,
    flat,
    object_names,
)
from segwright.formats.yolo.bridges import bridged
from segwright.formats.yolo.labels import DIGITS
from segwright.labels.instances import Instance, Instances
from segwright.labels.outline import outline
from segwright.labels.polygon import rasterise
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box, Polygons
from segwright.storage import storage_errors, write_whole

LOSES: Mapping[str, str] = {
    "holes": "cut open by a line without width; read back as holes",
    "joined": "joined by lines without width; read back as pieces",
    "curves": "outlined along the pixels' edges, which are the same pixels",
    "vertices": "outlined along the pixels' edges where one ring of polygons would be other pixels "
    "or reach outside the picture",
    "rounding": f"rounded to {DIGITS} decimals of a pixel",
    "splits": "learned from, if others have one",
    "boxes": "drawn as full boxes",
    "crowds": "become regions to ignore, or of their class if they are exact",
    "scores": "left out",
    "attributes": "left out",
    "identity": "objects without any pixel are left out",
    "layers": "left out: smaller objects lie on larger ones",
    "groups": "left out",
    "colours": "left out",
}
"""What YOLO cannot hold → what becomes of it."""


def write_yolo(export: Export) -> None:
    """Writes pictures, text files and data.yaml.

    Pictures without a split go to images/unsplit, which data.yaml does not name; only if others
    have one they are learned from, and counted.

    Raises:
        StorageError: Something cannot be written.
    """
    numbers = {
        name: number for number, name in enumerate(object_names(export.classes, ignored=False))
    }
    unsplit, splits = 0, set()
    for picture in export.pictures:
        splits.add(picture.split)
        unsplit += picture.split is None
        export.losses.add("groups", picture.group is not None)
        place = f"{picture.split or 'unsplit'}/{_name(picture.key)}"
        copy_image(picture, export.folder / "images", place)
        objects = with_ignored_rest(plain_objects(picture.labels, export.losses))
        lines = _lines(objects, numbers, export.losses)
        target = export.folder / "labels" / f"{place}.txt"
        with storage_errors(target):
            target.parent.mkdir(parents=True, exist_ok=True)
        write_whole(target, "".join(f"{line}\n" for line in lines), sync=False)
    export.losses.add("colours", lost_colours(export.classes))
    places: dict[str, object] = {
        split: f"images/{split}" for split in ("train", "val", "test") if split in splits
    }
    if places and unsplit:
        export.losses.add("splits", unsplit)
        named = [places["train"]] if "train" in places else []
        places["train"] = [*named, "images/unsplit"]
    content = {**places, "names": {number: name for name, number in numbers.items()}}
    text = yaml.safe_dump(content, sort_keys=False, allow_unicode=True)
    write_whole(export.folder / "data.yaml", text, sync=False)


def _name(key: str) -> str:
    """The key as a place in `images`; YOLO finds labels by the last folder of that name."""
    return flat(key) if "images" in key.split("/")[:-1] else key


def _lines(labels: Instances, numbers: dict[str, int], losses: Losses) -> list[str]:
    """One line for each object; a name that has no number yet gets the next one."""
    height, width = labels.size_hw
    lines = []
    for one, region in zip(labels.objects, labels.regions, strict=True):
        losses.add("attributes", bool(one.attributes))
        if not region.area_px:
            losses.add("identity")
            continue
        number = numbers.setdefault(class_name(one, labels.classes), len(numbers))
        fractions = _ring(one, region, losses) / (width, height)
        lines.append(" ".join((str(number), *map(repr, fractions.ravel().tolist()))))
    return lines


def _ring(one: Instance, region: RunLengths, losses: Losses) -> np.ndarray:
    """The one ring to write, in pixels, (P, 2); losses are counted."""
    drawn = one.shape.polygons() if isinstance(one.shape, Box) else one.shape
    losses.add("boxes", isinstance(one.shape, Box))
    losses.add("curves", isinstance(one.shape, RunLengths))
    ring = None if isinstance(drawn, RunLengths) else _faithful(drawn, region, losses)
    if ring is None or isinstance(drawn, RunLengths):
        losses.add("vertices", not isinstance(drawn, RunLengths))
        drawn = outline(region)
        ring = bridged(drawn)
        assert ring is not None  # the holes of an outline lie inside
    losses.add("holes", drawn.num_holes)
    losses.add("joined", len(drawn.parts) if len(drawn.parts) > 1 else 0)
    return ring


def _faithful(drawn: Polygons, region: RunLengths, losses: Losses) -> np.ndarray | None:
    """What was drawn as one ring, if that lies in the picture and covers the same pixels."""
    height, width = region.size_hw
    rings = np.concatenate(drawn.rings)
    if (rings < 0).any() or (rings > (width, height)).any():
        return None
    ring = bridged(drawn)
    if ring is None:
        return None
    rounded = np.round(ring, DIGITS)
    moved = int((np.round(rings, DIGITS) != rings).sum())
    if moved or len(drawn.rings) > 1:
        covered = rasterise([rounded], region.size_hw)
        if covered.area_px != region.area_px or (covered - region).area_px:
            return None
    losses.add("rounding", moved)
    return rounded
