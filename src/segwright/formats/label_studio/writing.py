"""Writes datasets as tasks that Label Studio takes in, with its labelling setup."""

from __future__ import annotations

import json
from contextlib import ExitStack
from typing import Any, BinaryIO
from urllib.parse import quote
from xml.etree.ElementTree import Element, SubElement

import numpy as np

from segwright.formats.label_studio.brush_rle import encode_brush
from segwright.formats.label_studio.results import percent_of_pixels, pixels_of_percent
from segwright.formats.lost import Losses
from segwright.formats.plain import plain_objects, single_ring
from segwright.formats.writing import (
    Export,
    Labelled,
    class_name,
    copy_image,
    object_names,
)
from segwright.formats.xml_text import markup
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box, Polygon, Polygons, Shape, region_of
from segwright.storage import open_whole, write_whole

_TAGS = {"polygon": "PolygonLabels", "brush": "BrushLabels", "box": "RectangleLabels"}


def write_label_studio(export: Export) -> None:
    """Writes images/, one file of tasks a split (tasks.json if there is none), label_config.xml.

    Raises:
        DataError: A class name with a character that no XML can hold.
        StorageError: Something cannot be written.
    """
    files: dict[str | None, BinaryIO] = {}
    used: set[int] = set()
    with ExitStack() as stack:
        for number, picture in enumerate(export.pictures, start=1):
            place = f"{picture.split}/{picture.key}" if picture.split else picture.key
            image = copy_image(picture, export.folder / "images", place)
            drawn = plain_objects(picture.labels, export.losses)
            used |= {one.class_id for one in drawn.objects}
            records = [
                _record(one, region, export.classes, export.losses)
                for one, region in zip(drawn.objects, drawn.regions, strict=True)
            ]
            export.losses.add("groups", int(picture.group is not None))
            started = picture.split in files
            if not started:
                target = export.folder / f"{picture.split or 'tasks'}.json"
                files[picture.split] = stack.enter_context(open_whole(target))
            place = image.relative_to(export.folder).as_posix()
            task = _task(number, place, _numbered(records, picture, number))
            text = json.dumps(task, allow_nan=False)
            files[picture.split].write((",\n" if started else "[\n").encode() + text.encode())
        for file in files.values():
            file.write(b"\n]\n")
    write_whole(export.folder / "label_config.xml", markup(_setup(export.classes, used)))


def _task(number: int, place: str, results: list[dict[str, Any]]) -> dict[str, Any]:
    annotation = {"id": number, "was_cancelled": False, "ground_truth": False, "result": results}
    return {
        "id": number,
        "data": {"image": f"/data/local-files/?d={quote(place)}"},
        "annotations": [annotation],
        "predictions": [],
    }


def _numbered(
    records: list[dict[str, Any]], picture: Labelled, number: int
) -> list[dict[str, Any]]:
    """The records of a picture with what all of them say alike."""
    height, width = picture.size_hw
    common = {
        "to_name": "image",
        "original_width": width,
        "original_height": height,
        "image_rotation": 0,
        "origin": "manual",
    }
    return [{"id": f"{number}-{i}"} | common | record for i, record in enumerate(records)]


def _record(one: Instance, region: RunLengths, classes: Classes, losses: Losses) -> dict[str, Any]:
    """One object as a polygon or a box if that gives the same pixels, otherwise as a brush mask."""
    losses.add("attributes", int(bool(one.attributes)))
    label = class_name(one, classes)
    kind, value, again = _drawn(one, region.size_hw)
    if again is not None and np.array_equal(region_of(again, region.size_hw).counts, region.counts):
        losses.add("rounding", _moved(one.shape, again))
    else:
        losses.add("vertices", int(isinstance(one.shape, Polygons)))
        kind, value = "brush", {"format": "rle", "rle": list(encode_brush(region))}
    tag = _TAGS[kind].lower()
    return {"from_name": kind, "type": tag, "value": value | {tag: [label]}}


def _drawn(one: Instance, size_hw: tuple[int, int]) -> tuple[str, dict[str, Any], Shape | None]:
    """An object in percent: its kind, its value, and the shape that is read from it."""
    shape = one.shape
    if isinstance(shape, Box):
        corners = np.array([(shape.left, shape.top), (shape.right, shape.bottom)])
        (x, y), (right, bottom) = percent_of_pixels(corners, size_hw).tolist()
        width, height = right - x, bottom - y
        sides = np.array([(x, y), (x + width, y + height)])
        left_top, right_bottom = pixels_of_percent(sides, size_hw).tolist()
        value = {"x": x, "y": y, "width": width, "height": height, "rotation": 0}
        return "box", value, Box(*left_top, *right_bottom)
    if isinstance(shape, Polygons) and single_ring(one):
        percent = percent_of_pixels(shape.parts[0].exterior, size_hw)
        again = Polygons((Polygon(pixels_of_percent(percent, size_hw)),))
        return "polygon", {"points": percent.tolist(), "closed": True}, again
    return "brush", {}, None


def _moved(shape: Shape, again: Shape) -> int:
    """How many coordinates are not read back as they were."""
    pairs = [one.polygons() if isinstance(one, Box) else one for one in (shape, again)]
    rings = [one.parts[0].exterior for one in pairs if isinstance(one, Polygons)]
    return int((rings[0] != rings[1]).sum()) if len(rings) == 2 else 0


def _setup(classes: Classes, used: set[int]) -> Element:
    """The labelling setup: one tag for each kind of region, with all classes and their colours."""
    view = Element("View")
    SubElement(view, "Image", {"name": "image", "value": "$image"})
    names = object_names(classes, ignored=classes.ignore_index in used)
    if classes.background in used:
        names.insert(0, classes.names[classes.background or 0])
    colours = dict(zip(classes.names, classes.colours, strict=True))
    for name, tag in _TAGS.items():
        labels = SubElement(view, tag, {"name": name, "toName": "image"})
        for label in names:
            colour = bytes(colours.get(label, (0, 0, 0))).hex()
            SubElement(labels, "Label", {"value": label, "background": f"#{colour}"})
    return view
