"""COCO JSON: polygons and run lengths.

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
from segwright.formats.drawing import Drawing
from segwright.formats.faults import Fault, Report, fault_of, refuse
from segwright.images import image_size_hw
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Polygon, Polygons, Shape

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

    def read(self, report: Report = refuse) -> Instances:
        """The objects as they were drawn.

        Raises:
            LabelError: The picture has another size, or an object has impossible geometry.
        """
        size_hw = image_size_hw(self.image)
        if self.picture.size_hw not in (None, size_hw):
            report(
                Fault(
                    "size-differs",
                    f"says that {self.image} is {list(self.picture.size_hw or ())}, but it is "
                    f"{list(size_hw)} (height, width)",
                    str(self.path),
                    "Give the size of the picture that was annotated, or that very picture",
                )
            )
        where = f"{self.path}, {self.picture.file_name}"
        drawing = Drawing(size_hw, self.classes, where, report)
        for annotation in self.picture.annotations:
            name = f"annotation {annotation.get('id')}"
            class_id = self.id_of[annotation["category_id"]]
            is_crowd = bool(annotation.get("iscrowd", 0))
            try:
                shape = _read_shape(annotation.get("segmentation"))
            except LabelError as error:
                report(fault_of(error, "bad-record", where=f"{where}, {name}"))
                continue
            drawing.add(Instance(class_id, shape, is_crowd, name=name))
        return drawing.instances()


def _read_shape(segmentation: object) -> Shape:
    """The shape of one annotation, from polygons or run lengths."""
    if isinstance(segmentation, Mapping):
        return RunLengths.from_coco(segmentation)
    if not isinstance(segmentation, list) or not segmentation:
        raise LabelError(
            f"'segmentation' is {'empty' if segmentation == [] else type(segmentation).__name__}",
            remedy="Give polygons or run lengths; a box alone has no region",
        )
    return Polygons(tuple(Polygon(_read_ring(ring)) for ring in segmentation))


def _read_ring(ring: object) -> np.ndarray:
    """The vertices of one ring, (P, 2) float64."""
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
        return np.array(ring, dtype=np.float64).reshape(-1, 2)
    except OverflowError:
        raise LabelError("a polygon coordinate too large for a number") from None


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
