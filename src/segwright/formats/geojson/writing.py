"""Writes datasets as QuPath does: SPLIT/X.png + SPLIT/X.geojson, in pixels, holes and all.

`score` and `isCrowd`, which QuPath does not know, are written as properties of their own.

Source: https://qupath.readthedocs.io/en/stable/docs/advanced/exporting_annotations.html.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import numpy as np

from segwright.formats.coco.writing import with_ignored_rest
from segwright.formats.lost import Losses
from segwright.formats.plain import count_layers
from segwright.formats.writing import Export, class_name, copy_image
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, as_instances
from segwright.labels.outline import outline
from segwright.labels.paint import IGNORED_COLOUR
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box, Polygon, Shape
from segwright.storage import write_whole

GEOJSON_LOSSES: Mapping[str, str] = {
    "curves": "pixel regions become polygons along the pixels' edges, of the same pixels",
    "boxes": "objects known by a box alone become polygons of four vertices",
    "attributes": "attributes called classification, isCrowd or score are left out",
    "layers": "left out: smaller objects lie on larger ones",
    "groups": "there is no place for patients, scenes or videos",
}
"""What GeoJSON cannot hold → what becomes of it."""

_TAKEN = frozenset(("classification", "isCrowd", "score"))


def write_geojson(export: Export) -> None:
    """Writes a dataset.

    Raises:
        StorageError: It cannot be written.
    """
    for picture in export.pictures:
        name = f"{picture.split}/{picture.key}" if picture.split else picture.key
        copied = copy_image(picture, export.folder, name)
        labels = with_ignored_rest(as_instances(picture.labels))
        count_layers(labels, export.losses)
        features = [_feature(one, export.classes, export.losses) for one in labels.objects]
        content = {"type": "FeatureCollection", "features": features}
        text = json.dumps(content, ensure_ascii=False, allow_nan=False)
        write_whole(copied.with_suffix(".geojson"), text, sync=False)
        export.losses.add("groups", picture.group is not None)


def _feature(instance: Instance, classes: Classes, losses: Losses) -> dict[str, Any]:
    is_ignored = instance.class_id == classes.ignore_index
    colour = IGNORED_COLOUR if is_ignored else classes.colours[instance.class_id]
    attributes = {key: value for key, value in instance.attributes.items() if key not in _TAKEN}
    losses.add("attributes", len(attributes) < len(instance.attributes))
    nucleus = attributes.pop("nucleusGeometry", None)
    properties: dict[str, Any] = {
        "objectType": "annotation",
        **attributes,
        "classification": {"name": class_name(instance, classes), "color": list(colour)},
    }
    if instance.is_crowd:
        properties["isCrowd"] = True
    if instance.score is not None:
        properties["score"] = instance.score
    feature = {"type": "Feature", "geometry": _geometry(instance.shape, losses)}
    if nucleus is not None:
        feature["nucleusGeometry"] = nucleus
    return {**feature, "properties": properties}


def _geometry(shape: Shape, losses: Losses) -> dict[str, Any]:
    if isinstance(shape, RunLengths):
        losses.add("curves")
        shape = outline(shape)
    elif isinstance(shape, Box):
        losses.add("boxes")
        shape = shape.polygons()
    polygons = [_rings(part) for part in shape.parts]
    if len(polygons) == 1:
        return {"type": "Polygon", "coordinates": polygons[0]}
    return {"type": "MultiPolygon", "coordinates": polygons}


def _rings(part: Polygon) -> list[list[list[float]]]:
    """The rings of a piece, each with its first vertex again at its end, as RFC 7946 wants."""
    return [np.concatenate((ring, ring[:1])).tolist() for ring in (part.exterior, *part.holes)]
