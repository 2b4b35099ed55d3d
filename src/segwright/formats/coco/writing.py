"""Writes datasets as COCO JSON: SPLIT.json + SPLIT/, or all.json + images/ without splits.

Polygons without holes stay polygons; everything else becomes compressed run lengths, which are
exact. What stands in `Instance.attributes` is written as `attributes`, as CVAT does.

Source: https://cocodataset.org/#format-data.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import numpy as np

from segwright.formats.entry import UNDIVIDED
from segwright.formats.lost import Losses
from segwright.formats.plain import count_layers
from segwright.formats.writing import (
    IGNORED_NAME,
    Export,
    Labelled,
    class_name,
    copy_image,
    object_names,
)
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances, as_instances
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box, Polygons
from segwright.storage import write_whole

COCO_LOSSES: Mapping[str, str] = {
    "vertices": "polygons with holes become run lengths, because COCO's polygons have none",
    "boxes": "objects known by a box alone become full boxes",
    "layers": "left out: smaller objects lie on larger ones",
    "groups": "there is no place for patients, scenes or videos",
    "colours": "categories have no colours",
}
"""What COCO JSON cannot hold → what becomes of it."""


@dataclass
class Categories:
    """The categories of a dataset while it is written: numbers from 1 in the order of the classes.

    Attributes:
        classes: The classes of the dataset.
        unexpected: Names that occur although they seldom do: that of ignored regions, and that of
            the background if it was drawn as an object.
    """

    classes: Classes
    unexpected: list[str] = field(default_factory=list)

    @property
    def names(self) -> list[str]:
        return [*object_names(self.classes, ignored=False), *self.unexpected]

    def number_of(self, instance: Instance) -> int:
        """The category id of an object."""
        name = class_name(instance, self.classes)
        if name not in self.names:
            self.unexpected.append(name)
        return self.names.index(name) + 1


@dataclass
class Document:
    """One file while it is written.

    Attributes:
        pictures: The folder of its pictures.
        images: Its records of pictures.
        annotations: Its records of annotations.
    """

    pictures: Path
    images: list[dict[str, Any]] = field(default_factory=list)
    annotations: list[dict[str, Any]] = field(default_factory=list)

    def add_picture(self, picture: Labelled) -> int:
        """Copies a picture and writes its record.

        Returns:
            Its id in this file.
        """
        copied = copy_image(picture, self.pictures, picture.key)
        record = {
            "id": len(self.images) + 1,
            "file_name": copied.relative_to(self.pictures).as_posix(),
            "height": picture.size_hw[0],
            "width": picture.size_hw[1],
        }
        self.images.append(record)
        return len(self.images)

    def write(self, path: Path, categories: Sequence[Mapping[str, Any]]) -> None:
        content = {
            "images": self.images,
            "annotations": self.annotations,
            "categories": categories,
        }
        path.parent.mkdir(parents=True, exist_ok=True)
        write_whole(path, json.dumps(content, ensure_ascii=False, allow_nan=False), sync=False)


def write_coco(export: Export) -> None:
    """Writes a dataset.

    Raises:
        StorageError: It cannot be written.
    """
    documents: dict[str | None, Document] = {}
    categories = Categories(export.classes)
    for picture in export.pictures:
        folder = export.folder / (picture.split or "images")
        document = documents.setdefault(picture.split, Document(folder))
        image_id = document.add_picture(picture)
        labels = with_ignored_rest(as_instances(picture.labels))
        count_layers(labels, export.losses)
        for instance, region in zip(labels.objects, labels.regions, strict=True):
            annotation = {
                "id": len(document.annotations) + 1,
                "image_id": image_id,
                "category_id": categories.number_of(instance),
                **_record(instance, region, export.losses),
            }
            document.annotations.append(annotation)
        export.losses.add("groups", picture.group is not None)
    export.losses.add("colours", chosen_colours(export.classes))
    records = [{"id": number, "name": name} for number, name in enumerate(categories.names, 1)]
    for split, document in documents.items():
        document.write(export.folder / f"{name_of_file(split, documents)}.json", records)


def name_of_file(split: str | None, splits: Collection[str | None]) -> str:
    """What the file of a split is called, seen what others there are.

    One that is of no split among some that are is called so, or a reader would not know.
    """
    return split or (UNDIVIDED if len(splits) > 1 else "all")


def _record(instance: Instance, region: RunLengths, losses: Losses) -> dict[str, Any]:
    """What is written of an object itself."""
    record: dict[str, Any] = {
        "segmentation": _segmentation(instance, region, losses),
        "area": region.area_px,
        "bbox": list(region.box_xywh()),
        "iscrowd": int(instance.is_crowd),
    }
    if instance.score is not None:
        record["score"] = instance.score
    if instance.attributes:
        record["attributes"] = dict(instance.attributes)
    return record


def _segmentation(instance: Instance, region: RunLengths, losses: Losses) -> object:
    shape = instance.shape
    if isinstance(shape, Box):
        losses.add("boxes")
        shape = shape.polygons()
    if isinstance(shape, Polygons) and not shape.num_holes:
        return [part.exterior.ravel().tolist() for part in shape.parts]
    losses.add("vertices", isinstance(shape, Polygons))
    return region.to_coco()


def with_ignored_rest(labels: Instances) -> Instances:
    """The objects; where nothing is ignored for not being drawn, that becomes an object too.

    Files of objects do not say whether what nobody drew is background. If the classes have no
    background it is ignored, and only an object of its own tells so.
    """
    if labels.classes.background is not None:
        return labels
    height, width = labels.size_hw
    rest = RunLengths(labels.size_hw, np.array([0, height * width]))
    for region in labels.regions:
        rest -= region
    if not rest.area_px:
        return labels
    ignored = Instance(labels.classes.ignore_index, rest, name=IGNORED_NAME)
    return labels.with_objects((*labels.objects, ignored))


def chosen_colours(classes: Classes) -> int:
    """How many classes have a colour that was chosen, not just numbered."""
    plain = Classes.named(classes.names, background=classes.background)
    return sum(one != other for one, other in zip(classes.colours, plain.colours, strict=True))
