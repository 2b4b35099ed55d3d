"""The formats there are, in one literal table; nothing registers itself.

A dataset folder is opened by the first format that is found in it, so formats with telling file
names come before those that many folders resemble.
"""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

from segwright.errors import DataError, UnknownNameError
from segwright.formats.cityscapes.folders import CITYSCAPES
from segwright.formats.coco.folders import COCO
from segwright.formats.coco.panoptic import COCO_PANOPTIC
from segwright.formats.cvat.folders import CVAT
from segwright.formats.entry import Collection, listed
from segwright.formats.format import Format, Opening
from segwright.formats.geojson.folders import GEOJSON
from segwright.formats.label_studio.folders import LABEL_STUDIO
from segwright.formats.labelme.folders import LABELME
from segwright.formats.masks.folders import COLOUR_MASKS, MASK_FOLDERS, OBJECT_MASKS
from segwright.formats.pascal_voc.folders import PASCAL_VOC
from segwright.formats.yolo.folders import YOLO

FORMATS: Mapping[str, Format] = {
    "labelme": LABELME,
    "cvat": CVAT,
    "label-studio": LABEL_STUDIO,
    "yolo": YOLO,
    "coco": COCO,
    "coco-panoptic": COCO_PANOPTIC,
    "geojson": GEOJSON,
    "pascal-voc": PASCAL_VOC,
    "cityscapes": CITYSCAPES,
    "masks": MASK_FOLDERS,
    "colour-masks": COLOUR_MASKS,
    "object-masks": OBJECT_MASKS,
}
"""Name → format, in the order in which they are tried."""


def formats_in(root: Path) -> list[str]:
    """The names of all formats that are found in a folder."""
    return [name for name, one in FORMATS.items() if one.found_in(root)]


def layouts() -> str:
    """All accepted layouts, for messages."""
    return "; ".join(f"{one.title} ({one.layout})" for one in FORMATS.values())


def open_labels(opening: Opening) -> Collection:
    """Opens a folder in the one format that `dataset.yaml` names, or the first that fits.

    Raises:
        UnknownNameError: `format` in dataset.yaml is none of `FORMATS`.
        DataError: No format fits, or what the format's own `open` raises.
    """
    root, wanted = opening.root, opening.settings.format
    if wanted is not None and wanted not in FORMATS:
        raise UnknownNameError("format", wanted, FORMATS, where=root / "dataset.yaml")
    if wanted is None and (opening.settings.masks or opening.settings.instances):
        wanted = "masks"  # only they are told by folders
    found = formats_in(root) if wanted is None else [wanted]
    if not found:
        content = sorted(path.name for path in root.iterdir() if path.name[0] != ".")
        raise DataError(
            f"no pictures with labels; the folder holds {listed(content) or 'nothing'}",
            where=root,
            remedy=f"Accepted are: {layouts()}",
        )
    collection = FORMATS[found[0]].open(opening)
    titles = ", ".join(FORMATS[name].title for name in found)
    notes = [f"Read as {FORMATS[found[0]].title}."]
    if len(found) > 1:
        notes = [
            f"Several formats fit: {titles}. The first is read; 'format: {found[1]}' in "
            "dataset.yaml chooses another."
        ]
    return Collection(collection.classes, collection.entries, (*notes, *collection.notes))
