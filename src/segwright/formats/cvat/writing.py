"""Writes datasets in CVAT's own XML, as CVAT takes them in again."""

from __future__ import annotations

import shutil
import tempfile
from collections import defaultdict
from dataclasses import dataclass, field
from xml.etree.ElementTree import Element, SubElement

from segwright.formats.cvat.shapes import shape_element
from segwright.formats.plain import plain_objects
from segwright.formats.writing import Export, Labelled, class_name, copy_image, object_names
from segwright.formats.xml_text import markup
from segwright.storage import open_whole


def write_cvat(export: Export) -> None:
    """Writes annotations.xml and, below images, the pictures in one folder a split.

    Raises:
        DataError: A name with a character that no XML can hold.
        StorageError: Something cannot be written.
    """
    target = export.folder / "annotations.xml"
    # The labels stand before the pictures, but only the pictures say which attributes they have.
    with tempfile.TemporaryFile() as body:
        written = _Written()
        for picture in export.pictures:
            body.write(markup(_picture(picture, export, written)))
            written.number += 1
        body.seek(0)
        with open_whole(target) as file:
            file.write(b'<?xml version="1.0" encoding="utf-8"?>\n<annotations>\n')
            file.write(b"<version>1.1</version>\n" + markup(_meta(export, written)))
            shutil.copyfileobj(body, file)
            file.write(b"</annotations>\n")


@dataclass
class _Written:
    """What the pictures that are written already have shown."""

    number: int = 0
    splits: list[str] = field(default_factory=list)
    attributes: defaultdict[str, set[str]] = field(default_factory=lambda: defaultdict(set))


def _picture(picture: Labelled, export: Export, written: _Written) -> Element:
    """Copies a picture and makes its element."""
    place = f"{picture.split}/{picture.key}" if picture.split else picture.key
    image = copy_image(picture, export.folder / "images", place)
    element = Element("image", {"id": str(written.number), "name": place + image.suffix})
    if picture.split:
        element.set("subset", picture.split)
        if picture.split not in written.splits:
            written.splits.append(picture.split)
    height, width = picture.size_hw
    element.attrib |= {"width": str(width), "height": str(height)}
    export.losses.add("groups", int(picture.group is not None))
    drawn = plain_objects(picture.labels, export.losses, layers=True)
    # CVAT lays later shapes over earlier ones of the same layer.
    for position in drawn.drawing_order():
        one, region = drawn.objects[position], drawn.regions[position]
        shape = shape_element(element, one, region, losses=export.losses)
        label = class_name(one, export.classes)
        shape.set("label", label)
        written.attributes[label].update(child.get("name", "") for child in shape)
    return element


def _meta(export: Export, written: _Written) -> Element:
    """What stands before the pictures: the labels with their colours and attributes."""
    meta = Element("meta")
    # Only a project has subsets.
    parent = SubElement(meta, "project" if written.splits else "task")
    for name, text in {"name": "segwright", "size": str(written.number)}.items():
        SubElement(parent, name).text = text
    if written.splits:
        SubElement(parent, "subsets").text = "\n".join(written.splits)
    labels = SubElement(parent, "labels")
    classes = export.classes
    colours = dict(zip(classes.names, classes.colours, strict=True))
    names = object_names(classes, ignored=False)
    for name in [*names, *(used for used in sorted(written.attributes) if used not in names)]:
        label = SubElement(labels, "label")
        SubElement(label, "name").text = name
        SubElement(label, "color").text = f"#{bytes(colours.get(name, (0, 0, 0))).hex()}"
        SubElement(label, "type").text = "any"
        _declare(SubElement(label, "attributes"), written.attributes.get(name, set()))
    return meta


def _declare(parent: Element, names: set[str]) -> None:
    """Declares attributes of a label as free text, without which CVAT takes no values."""
    for name in sorted(names):
        attribute = SubElement(parent, "attribute")
        for key, text in {
            "name": name,
            "mutable": "False",
            "input_type": "text",
            "default_value": "",
            "values": "",
        }.items():
            SubElement(attribute, key).text = text
