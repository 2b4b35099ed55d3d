"""Writes a dataset in Pascal VOC's layout: masks of classes and of objects, lists and XML files.

Value 0 is background and 255 ignored; the classes follow from 1 on in their order. The palette
holds the colours of the classes, which labelmap.txt declares in the way of CVAT; colours that
would be mistaken for each other, for the background or the border give way to VOC's own. Pictures
without a split are listed in trainval.txt alone. Borders around objects are not drawn.

Source: the development kit of http://host.robots.ox.ac.uk/pascal/VOC/voc2012/.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from xml.etree.ElementTree import Element, SubElement, indent, tostring

import numpy as np

from segwright.formats.lost import Losses
from segwright.formats.painted import count_painted
from segwright.formats.pascal_voc.classes import BORDER, BORDER_COLOUR, border_of, voc_palette
from segwright.formats.settings import Colour
from segwright.formats.writing import Export, Labelled, copy_image
from segwright.images import write_png
from segwright.labels.classes import Classes
from segwright.labels.instances import Instance, Instances, as_label_map
from segwright.labels.rle import RunLengths
from segwright.storage import storage_errors, write_whole

VOC_LOSSES: Mapping[str, str] = {
    "overlap": "a pixel belongs to the smallest of the objects on it",
    "hidden": "objects of which no pixel is left are left out",
    "vertices": "polygons become pixels",
    "boxes": "objects known by a box alone become full boxes",
    "identity": "ignored objects become one",
    "crowds": "become ignored, or single objects if they are exact",
    "scores": "left out",
    "attributes": "only truncated, difficult, occluded and pose are kept",
    "groups": "there is no place for patients, scenes or videos",
    "colours": "those that cannot be told apart become VOC's own",
}
"""What Pascal VOC cannot hold → what becomes of it."""

_FLAGS = ("truncated", "difficult", "occluded")


@dataclass(frozen=True)
class _Values:
    """What the values of the masks mean.

    Attributes:
        names: Names in the order of the values.
        palette: Their colours, (256, 3) uint8; longer if values take two bytes.
        value_of: Class id → value, (ignore_index + 1,) uint8 or uint16.
    """

    names: Sequence[str]
    palette: np.ndarray
    value_of: np.ndarray


def write_voc(export: Export) -> None:
    """Writes a dataset.

    Raises:
        StorageError: It cannot be written.
    """
    values = _values(export.classes, export.losses)
    lists: dict[str, list[str]] = {}
    for picture in export.pictures:
        copy_image(picture, export.folder / "JPEGImages", picture.key)
        if picture.split is not None:
            lists.setdefault(picture.split, []).append(picture.key)
        if picture.split != "test":
            lists.setdefault("trainval", []).append(picture.key)
        export.losses.add("groups", picture.group is not None)
        if isinstance(picture.labels, Instances):
            _write_objects(export.folder, picture, picture.labels, values, export.losses)
        ids = as_label_map(picture.labels).ids
        target = _place(export.folder / "SegmentationClass" / f"{picture.key}.png")
        is_narrow = values.value_of.dtype == np.uint8
        write_png(target, values.value_of[ids], values.palette if is_narrow else None)
    for split, keys in lists.items():
        target = _place(export.folder / "ImageSets" / "Segmentation" / f"{split}.txt")
        write_whole(target, "".join(f"{key}\n" for key in keys), sync=False)
    lines = [
        f"{name}:{','.join(map(str, colour))}::\n"
        for name, colour in zip(values.names, values.palette.tolist(), strict=False)
    ]
    text = "# label:color_rgb:parts:actions\n" + "".join(lines)
    write_whole(export.folder / "labelmap.txt", text, sync=False)


def _values(classes: Classes, losses: Losses) -> _Values:
    """The background, or what stands for none, as value 0; the others from 1 on."""
    first = classes.background
    if first is None:
        called = [name.lower() for name in classes.names]
        first = called.index("background") if "background" in called else None
    order = [i for i in range(len(classes)) if i != first]
    names = ["background" if first is None else classes.names[first]]
    names += [classes.names[i] for i in order]
    border = border_of(len(names))
    value_of = np.zeros(classes.ignore_index + 1, np.uint8 if border == BORDER else np.uint16)
    value_of[order] = np.arange(1, len(names))
    value_of[classes.ignore_index] = border
    wanted: list[Colour] = [(0, 0, 0), *(classes.colours[i] for i in order)]
    palette = voc_palette(border + 1)
    if border != BORDER or len({*wanted, BORDER_COLOUR}) == len(wanted) + 1:
        palette[: len(wanted)] = wanted
        losses.add("colours", first is not None and classes.colours[first] != (0, 0, 0))
    else:
        losses.add("colours", len(classes))
    return _Values(names, palette, value_of)


def _write_objects(
    folder: Path, picture: Labelled, labels: Instances, values: _Values, losses: Losses
) -> None:
    """Writes the mask of objects and the XML file of a picture; counts what is lost of objects."""
    classes = labels.classes
    present = count_painted(labels, losses)
    _count(labels, losses)
    kept: list[tuple[Instance, RunLengths]] = []
    new = np.zeros(len(labels.objects) + 1, np.int64)
    for place, (one, region) in enumerate(zip(labels.objects, labels.regions, strict=True)):
        is_ignored = one.class_id == classes.ignore_index or (
            one.is_crowd and not labels.crowds_are_exact
        )
        if is_ignored:
            new[place + 1] = -1
        elif present[place] and one.class_id != classes.background:
            kept.append((one, region))
            new[place + 1] = len(kept)
    new[new < 0] = border = border_of(len(kept) + 1)
    stored = new[labels.numbers()].astype(np.uint8 if border == BORDER else np.uint16)
    target = _place(folder / "SegmentationObject" / f"{picture.key}.png")
    write_png(target, stored, voc_palette() if border == BORDER else None)
    target = _place(folder / "Annotations" / f"{picture.key}.xml")
    write_whole(target, _xml(picture, kept, classes), sync=False)


def _count(labels: Instances, losses: Losses) -> None:
    """Counts what is no longer said of single objects."""
    ids = [one.class_id for one in labels.objects]
    ignored = ids.count(labels.classes.ignore_index)
    losses.add("identity", ignored if ignored > 1 else 0)
    losses.add("identity", sum(class_id == labels.classes.background for class_id in ids))
    for one in labels.objects:
        losses.add("crowds", one.is_crowd)
        losses.add("attributes", not all(_is_held(*said) for said in one.attributes.items()))


def _is_held(key: str, value: object) -> bool:
    if key == "pose":
        return isinstance(value, str) and value.strip() == value not in ("", "Unspecified")
    return key in _FLAGS and value is True


def _xml(picture: Labelled, kept: Sequence[tuple[Instance, RunLengths]], classes: Classes) -> bytes:
    """The record of a picture; VOC counts pixels from 1 and names the last one inside."""
    root = Element("annotation")
    SubElement(root, "folder").text = "JPEGImages"
    SubElement(root, "filename").text = f"{picture.key}{picture.image.suffix.lower()}"
    size = SubElement(root, "size")
    for tag, number in (("width", picture.size_hw[1]), ("height", picture.size_hw[0])):
        SubElement(size, tag).text = str(number)
    SubElement(size, "depth").text = "3"
    SubElement(root, "segmented").text = "1"
    for one, region in kept:
        record = SubElement(root, "object")
        SubElement(record, "name").text = classes.names[one.class_id]
        pose = one.attributes.get("pose")
        SubElement(record, "pose").text = pose if isinstance(pose, str) else "Unspecified"
        for flag in _FLAGS:
            SubElement(record, flag).text = str(int(one.attributes.get(flag) is True))
        left, top, width, height = region.box_xywh()
        box = SubElement(record, "bndbox")
        sides = {"xmin": left + 1, "ymin": top + 1, "xmax": left + width, "ymax": top + height}
        for tag, number in sides.items():
            SubElement(box, tag).text = str(number)
    indent(root)
    return tostring(root, encoding="utf-8")


def _place(path: Path) -> Path:
    """The path, with the folders it needs."""
    with storage_errors(path):
        path.parent.mkdir(parents=True, exist_ok=True)
    return path
