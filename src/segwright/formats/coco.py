"""COCO JSON: polygons and run lengths to class ids.

The objects in a picture are drawn into one semantic label map:

- Class 0 is the background; the categories follow in the order of their ids, however sparse. A
  category that is itself called "background" is class 0.
- Larger objects are drawn first, smaller ones over them; of equal ones the later wins.
- Crowd regions (`iscrowd`: 1) become ignored wherever no object lies on them.

Source: https://cocodataset.org/#format-data.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Mapping, Sequence, Set
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segwright.errors import LabelError
from segwright.images import image_size_hw
from segwright.labels.classes import Classes
from segwright.labels.label_map import LabelMap
from segwright.labels.polygon import rasterise
from segwright.labels.rle import RunLengths

MAX_JSON_BYTES = 2**30


@dataclass(frozen=True)
class CocoPicture:
    """One picture of a COCO file.

    Attributes:
        file_name: Its place below the folder of pictures.
        image_id: Its id in the file.
        size_hw: Its declared height and width; None if the file says nothing.
        annotations: Its annotations as they stand in the file.
    """

    file_name: str
    image_id: int
    size_hw: tuple[int, int] | None
    annotations: tuple[Mapping[str, Any], ...]


@dataclass(frozen=True)
class CocoFile:
    """What one COCO file says.

    Attributes:
        path: The file.
        categories: Category id → name, ascending.
        pictures: The pictures in the order of the file.
    """

    path: Path
    categories: Mapping[int, str]
    pictures: tuple[CocoPicture, ...]


@dataclass(frozen=True)
class CocoLabels:
    """The labels of one picture in a COCO file.

    Attributes:
        path: The COCO file.
        picture: What it says about the picture.
        image: The picture's file, which must have the size that COCO says.
        classes: What the ids mean.
        id_of: Category id → class id or `classes.ignore_index`.
    """

    path: Path
    picture: CocoPicture
    image: Path
    classes: Classes
    id_of: Mapping[int, int]

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.path,)

    def read(self) -> LabelMap:
        """Draws all objects.

        Raises:
            LabelError: The picture has another size, or an object has impossible geometry.
        """
        size_hw = image_size_hw(self.image)
        if self.picture.size_hw not in (None, size_hw):
            raise LabelError(
                f"says that {self.image} is {list(self.picture.size_hw or ())}, but it is "
                f"{list(size_hw)} (height, width)",
                where=self.path,
                remedy="Give the size of the picture that was annotated, or that very picture",
            )
        drawn = []
        for annotation in self.picture.annotations:
            region = self._region(annotation, size_hw)
            is_crowd = bool(annotation.get("iscrowd", 0))
            class_id = self.id_of[annotation["category_id"]]
            drawn.append((not is_crowd, -region.area_px, region, class_id))
        drawn.sort(key=lambda one: one[:2])  # crowds first, then by area; equal ones keep order
        ids = np.zeros((size_hw[1], size_hw[0]), dtype=self.classes.dtype)  # (X, Y): column-major
        flat = ids.reshape(-1)
        for is_object, _, region, class_id in drawn:
            flat[region.positions()] = class_id if is_object else self.classes.ignore_index
        return LabelMap(np.ascontiguousarray(ids.T), self.classes)

    def _region(self, annotation: Mapping[str, Any], size_hw: tuple[int, int]) -> RunLengths:
        try:
            region = _read_region(annotation.get("segmentation"), size_hw)
        except LabelError as error:
            where = f"{self.path}, annotation {annotation.get('id')} of {self.picture.file_name}"
            raise LabelError(error.problem, where=where, remedy=error.remedy) from None
        return region


def _read_region(segmentation: object, size_hw: tuple[int, int]) -> RunLengths:
    """The pixels of one annotation, from polygons or run lengths."""
    if isinstance(segmentation, Mapping):
        region = RunLengths.from_coco(segmentation)
        if region.size_hw != size_hw:
            raise LabelError(
                f"run lengths are of size {list(region.size_hw)}, the picture is "
                f"{list(size_hw)} (height, width)",
                remedy="Give 'size' as [height, width] of the picture",
            )
        return region
    if not isinstance(segmentation, list) or not segmentation:
        raise LabelError(
            f"'segmentation' is {'empty' if segmentation == [] else type(segmentation).__name__}",
            remedy="Give polygons or run lengths; a box alone has no region",
        )
    rings = []
    for ring in segmentation:
        if not isinstance(ring, list) or len(ring) < 6 or len(ring) % 2:
            given = f"{len(ring)} numbers" if isinstance(ring, list) else repr(ring)[:40]
            raise LabelError(
                f"a polygon ring of {given}", remedy="Give x1, y1, x2, y2 … of at least 3 vertices"
            )
        if not all(type(number) in (int, float) for number in ring):
            odd = next(one for one in ring if type(one) not in (int, float))
            raise LabelError(
                f"a polygon ring with {odd!r:.40}", remedy="Give coordinates in pixels, as numbers"
            )
        try:
            rings.append(np.array(ring, dtype=np.float64).reshape(-1, 2))
        except OverflowError:
            raise LabelError("a polygon coordinate too large for a number") from None
    return rasterise(rings, size_hw)


def read_coco(path: Path, *, max_bytes: int = MAX_JSON_BYTES) -> CocoFile:
    """Reads a COCO file and checks that all its references lead somewhere.

    Raises:
        LabelError: Too large, no JSON, not COCO, an id that stands twice, or an annotation of a
            picture or category that the file does not have.
    """
    content = _read_json(path, max_bytes=max_bytes)
    problem = "not a COCO file: it"
    if not isinstance(content, dict):
        raise LabelError(f"{problem} holds a {type(content).__name__}", where=path)
    images, categories, annotations = (
        _records(content, key, path=path) for key in ("images", "categories", "annotations")
    )
    ids = _distinct(categories, "id", int, "category", path=path)
    names = dict(zip(ids, _distinct(categories, "name", str, "category", path=path), strict=True))
    of_image: dict[int, list[Mapping[str, Any]]] = {
        image_id: [] for image_id in _distinct(images, "id", int, "image", path=path)
    }
    for annotation in annotations:
        _check_annotation(annotation, of_image.keys(), names.keys(), path=path)
        of_image[annotation["image_id"]].append(annotation)
    pictures = tuple(_picture(one, tuple(of_image[one["id"]]), path=path) for one in images)
    return CocoFile(path, dict(sorted(names.items())), pictures)


def _check_annotation(
    annotation: Mapping[str, Any], images: Set[int], categories: Set[int], *, path: Path
) -> None:
    """Raises unless an annotation belongs to a known picture and category."""
    for key, known in (("image_id", images), ("category_id", categories)):
        if _field(annotation, key, int, "annotation", path=path) not in known:
            raise LabelError(
                f"annotation {annotation.get('id')} has the {key} {annotation[key]}, which is not "
                "in the file",
                where=path,
                remedy="Add what it refers to, or remove it",
            )
    if annotation.get("iscrowd", 0) not in (0, 1):
        raise LabelError(
            f"annotation {annotation.get('id')} has iscrowd {annotation['iscrowd']!r:.40}; "
            "accepted are 0 and 1",
            where=path,
        )


def _picture(
    record: Mapping[str, Any], annotations: tuple[Mapping[str, Any], ...], *, path: Path
) -> CocoPicture:
    file_name = _field(record, "file_name", str, "image", path=path)
    parts = Path(file_name.replace("\\", "/")).parts
    if not parts or ".." in parts or Path(file_name).is_absolute() or ":" in parts[0]:
        raise LabelError(
            f"image {record['id']} has the file name {file_name!r}",
            where=path,
            remedy="Give its place below the folder of pictures, without '..'",
        )
    size_hw = None
    if record.get("height") is not None or record.get("width") is not None:
        height = _field(record, "height", int, "image", path=path)
        size_hw = (height, _field(record, "width", int, "image", path=path))
    return CocoPicture("/".join(parts), record["id"], size_hw, annotations)


def _records(content: Mapping[str, Any], key: str, *, path: Path) -> list[Mapping[str, Any]]:
    records = content.get(key)
    if not isinstance(records, list) or not all(isinstance(one, dict) for one in records):
        raise LabelError(
            f"not a COCO file: {key!r} is no list of records",
            where=path,
            remedy="Give 'images', 'annotations' and 'categories'",
        )
    return records


def _distinct(
    records: Sequence[Mapping[str, Any]], key: str, kind: type, what: str, *, path: Path
) -> list[Any]:
    """A field of every record, no value twice."""
    values = [_field(one, key, kind, what, path=path) for one in records]
    twice = [value for value, count in Counter(values).items() if count > 1]
    if twice:
        raise LabelError(
            f"the {what} {key} {twice[0]!r:.40} stands twice",
            where=path,
            remedy=f"Give every {what} its own",
        )
    return values


def _field(record: Mapping[str, Any], key: str, kind: type, what: str, *, path: Path) -> Any:
    value = record.get(key)
    if type(value) is not kind:
        name = {int: "a whole number", str: "a text"}[kind]
        raise LabelError(
            f"{what} {record.get('id')!r:.40} has {key} {value!r:.40}; accepted is {name}",
            where=path,
        )
    return value


def _read_json(path: Path, *, max_bytes: int) -> object:
    def refuse(constant: str) -> object:
        raise ValueError(f"{constant} is no number in JSON")

    try:
        size = path.stat().st_size
        if size > max_bytes:
            raise LabelError(
                f"is {size} bytes long; accepted are {max_bytes}",
                where=path,
                remedy="Split it into several files",
            )
        return json.loads(path.read_bytes(), parse_constant=refuse)
    except (OSError, ValueError, RecursionError) as error:
        raise LabelError(f"cannot be read as JSON: {error}", where=path) from None
