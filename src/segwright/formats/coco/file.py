"""COCO JSON: one file with the pictures, the categories and the objects of a split.

Shapes are polygons (without holes, several pieces united) or run lengths. An object of which only
a box is known is a fault: its region is not known, and a full box would teach wrong pixels.

Source: https://cocodataset.org/#format-data.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np

from segwright.errors import LabelError
from segwright.formats.coco.records import CocoFile, CocoPicture
from segwright.formats.drawing import Drawing
from segwright.formats.drawn import DrawnLabels
from segwright.labels.instances import Instance
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Polygon, Polygons, Shape

# The area and the box follow from the shape; what else stands there is kept.
_OWN_KEYS = frozenset(
    (
        *("id", "image_id", "category_id", "segmentation", "area", "bbox"),
        *("iscrowd", "score", "attributes"),
    )
)


class _Unreadable(Exception):
    """What is wrong with a segmentation: kind of fault, problem, remedy."""


@dataclass(frozen=True)
class CocoLabels(DrawnLabels):
    """The labels of one picture in a COCO file.

    Attributes:
        file: The COCO file.
        picture: What it says about the picture.
    """

    file: CocoFile
    picture: CocoPicture

    @property
    def where(self) -> str:
        return f"{self.path}, {self.picture.file_name}"

    def draw(self, drawing: Drawing) -> None:
        annotations = self.file.annotations(drawing.report).get(self.picture.image_id, ())
        self.require_size(self.picture.size_hw or (None, None), drawing)
        for annotation in annotations:
            self._add(annotation, drawing)

    def _add(self, annotation: Mapping[str, Any], drawing: Drawing) -> None:
        name = f"annotation {annotation.get('id')}"
        category = self.file.categories[int(annotation["category_id"])]
        class_id = class_of(category, self.id_of, drawing, name=name)
        if class_id is None:
            return
        score = annotation.get("score")
        if score is not None and (type(score) not in (int, float) or not 0 <= score <= 1):
            problem = f"has the score {score!r:.40}"
            drawing.fault("bad-record", problem, "Give a number between 0 and 1", name=name)
            return
        try:
            shape = _read_shape(annotation.get("segmentation"))
        except _Unreadable as fault:
            kind, problem, remedy = fault.args
            if kind == "no-region" and annotation.get("bbox"):
                problem = f"{problem}, but it has the box {annotation['bbox']!r:.60}"
            drawing.fault(kind, problem, remedy, name=name)
            return
        attributes = {key: value for key, value in annotation.items() if key not in _OWN_KEYS}
        further = annotation.get("attributes")
        attributes |= further if isinstance(further, dict) else {}
        is_crowd = bool(annotation.get("iscrowd"))
        drawing.add(
            Instance(
                class_id,
                shape,
                is_crowd,
                None if score is None else float(score),
                name,
                attributes,
            )
        )


def class_of(category: str, id_of: Mapping[str, int], drawing: Drawing, *, name: str) -> int | None:
    """The class of a category; reports one that the dataset does not have."""
    if category in id_of:
        return id_of[category]
    problem = f"is of the category {category!r:.60}, which other files of the dataset do not have"
    drawing.fault("unknown-class", problem, "Name it in dataset.yaml, or correct it", name=name)
    return None


def _read_shape(segmentation: object) -> Shape:
    """The shape of one annotation, from polygons or run lengths; raises `_Unreadable`."""
    if segmentation is None or segmentation == []:
        given = "null or missing" if segmentation is None else "empty"
        remedy = "Give polygons or run lengths; a box alone has no region"
        raise _Unreadable("no-region", f"'segmentation' is {given}", remedy)
    if isinstance(segmentation, Mapping):
        try:
            return RunLengths.from_coco(segmentation)
        except LabelError as error:
            remedy = error.remedy or "Write the run lengths again"
            raise _Unreadable("bad-rle", error.problem, remedy) from None
    if not isinstance(segmentation, list):
        given = f"'segmentation' is {segmentation!r:.40}"
        raise _Unreadable("bad-record", given, "Give polygons or run lengths")
    return Polygons(tuple(Polygon(ring) for ring in _read_rings(segmentation)))


def _read_rings(rings: list[object]) -> Iterator[np.ndarray]:
    """The rings, (P, 2) float64 each; raises `_Unreadable`."""
    remedy = "Give x1, y1, x2, y2 … of at least 3 vertices"
    for ring in rings:
        if not isinstance(ring, list):
            raise _Unreadable("bad-record", f"a polygon ring of {ring!r:.40}", remedy)
        if not set(map(type, ring)) <= {int, float}:
            odd = next(one for one in ring if type(one) not in (int, float))
            problem = f"a polygon ring with {odd!r:.40}"
            raise _Unreadable("bad-record", problem, "Give coordinates in pixels, as numbers")
        if len(ring) < 6 or len(ring) % 2:
            kind = "bad-record" if len(ring) % 2 else "too-few-vertices"
            raise _Unreadable(kind, f"a polygon ring of {len(ring)} numbers", remedy)
        yield np.array(ring, dtype=np.float64).reshape(-1, 2)
