"""Writes datasets as COCO panoptic; the layout is that of `coco_panoptic`.

A pixel has one segment, so objects are painted as `Instances.label_map` does: within a layer
larger ones first, smaller ones over them, rough crowds below all. What nobody drew becomes a
segment of stuff called like the background, and what is ignored becomes void.

Source: https://cocodataset.org/#format-data, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import numpy as np

from segwright.formats.coco.writing import Categories, Document, chosen_colours, name_of_file
from segwright.formats.lost import Losses
from segwright.formats.writing import Export
from segwright.images.write import write_png
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances, as_instances
from segwright.labels.label_map import LabelMap
from segwright.labels.rle import RunLengths, regions_by_id
from segwright.labels.shapes import Box, Polygons
from segwright.storage import storage_errors

PANOPTIC_LOSSES: Mapping[str, str] = {
    "overlap": "a pixel belongs to the smallest of the objects on it",
    "hidden": "objects of which no pixel is left are left out",
    "vertices": "polygons become pixels",
    "boxes": "objects known by a box alone become full boxes",
    "identity": "ignored objects become void",
    "groups": "there is no place for patients, scenes or videos",
    "colours": "categories have no colours",
}
"""What COCO panoptic cannot hold → what becomes of it."""


def write_panoptic(export: Export) -> None:
    """Writes a dataset.

    Raises:
        StorageError: It cannot be written.
    """
    documents: dict[str | None, Document] = {}
    categories = Categories(export.classes)
    things: set[int] = set()
    for picture in export.pictures:
        folder = export.folder / (picture.split or "images")
        document = documents.setdefault(picture.split, Document(folder))
        image_id = document.add_picture(picture)
        labels = as_instances(picture.labels)
        is_map = isinstance(picture.labels, LabelMap)
        _count(labels, export.losses)
        ids, shown = _painted(labels, export.losses)
        regions = regions_by_id(ids)
        segments = [_segment(n, one, regions[n], categories) for n, one in shown.items()]
        for one, segment in zip(shown.values(), segments, strict=True):
            if not is_map and one.attributes.get("isthing", True):
                things.add(segment["category_id"])
        png = _masks(export, picture.split) / f"{picture.key}.png"
        with storage_errors(png):
            png.parent.mkdir(parents=True, exist_ok=True)
        channels = np.stack((ids & 255, ids >> 8 & 255, ids >> 16), axis=-1)
        write_png(png, channels.astype(np.uint8))
        document.annotations.append(
            {"image_id": image_id, "file_name": f"{picture.key}.png", "segments_info": segments}
        )
        export.losses.add("groups", picture.group is not None)
    export.losses.add("colours", chosen_colours(export.classes))
    records = [
        {"id": number, "name": name, "isthing": int(number in things)}
        for number, name in enumerate(categories.names, start=1)
    ]
    for split, document in documents.items():
        masks = _masks(export, split)
        target = masks.with_name(f"panoptic_{name_of_file(split, documents)}")
        if target != masks:
            with storage_errors(target):
                masks.rename(target)
        document.write(target.with_name(f"{target.name}.json"), records)


def _masks(export: Export, split: str | None) -> Path:
    """The folder of the masks of a split."""
    return export.folder / "annotations" / f"panoptic_{split or 'all'}"


def _count(labels: Instances, losses: Losses) -> None:
    """Counts what is lost of single objects."""
    losses.add("boxes", sum(isinstance(one.shape, Box) for one in labels.objects))
    losses.add("vertices", sum(isinstance(one.shape, Polygons) for one in labels.objects))
    ignored = sum(one.class_id == labels.classes.ignore_index for one in labels.objects)
    losses.add("identity", ignored if ignored > 1 else 0)


def _painted(labels: Instances, losses: Losses) -> tuple[np.ndarray, dict[int, Instance]]:
    """Paints the objects of one picture.

    Returns:
        (Y, X) int64 segment ids, 0 for void, and id → object, in the order of the objects; what
        nobody drew is the last of them.
    """
    classes, (height, width) = labels.classes, labels.size_hw
    nothing = len(labels.objects) + 1
    flat_ids = np.full(height * width, 0 if classes.background is None else nothing, np.int64)
    times = np.zeros(height * width, np.uint32)
    for place in labels.drawing_order():
        positions = labels.regions[place].positions()
        is_ignored = labels.objects[place].class_id == classes.ignore_index
        flat_ids[positions] = 0 if is_ignored else place + 1
        times[positions] += 1
    losses.add("overlap", int(np.count_nonzero(times > 1)))
    present = np.bincount(flat_ids, minlength=nothing + 1) > 0
    shown = {
        number: one
        for number, one in enumerate(labels.objects, start=1)
        if present[number] and one.class_id != classes.ignore_index
    }
    visible = sum(one.class_id != classes.ignore_index for one in labels.objects)
    losses.add("hidden", visible - len(shown))
    if classes.background is not None and present[nothing]:
        shown[nothing] = _background(classes, labels.size_hw)
    return flat_ids.reshape(width, height).T, shown


def _background(classes: Classes, size_hw: tuple[int, int]) -> Instance:
    """Stands for what nobody drew; its region is where its id was painted."""
    assert classes.background is not None
    everything = RunLengths(size_hw, np.array([0, size_hw[0] * size_hw[1]]))
    return Instance(classes.background, everything, attributes={"isthing": False})


def _segment(
    number: int, instance: Instance, region: RunLengths, categories: Categories
) -> dict[str, Any]:
    """The record of one segment."""
    record: dict[str, Any] = {
        "id": number,
        "category_id": categories.number_of(instance),
        "iscrowd": int(instance.is_crowd),
        "area": region.area_px,
        "bbox": list(region.box_xywh()),
    }
    if instance.score is not None:
        record["score"] = instance.score
    if attributes := {k: v for k, v in instance.attributes.items() if k != "isthing"}:
        record["attributes"] = attributes
    return record
