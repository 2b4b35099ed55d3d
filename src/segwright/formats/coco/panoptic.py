"""COCO panoptic: every pixel belongs to one segment or to none.

    DATA/annotations/panoptic_SPLIT.json   DATA/annotations/panoptic_SPLIT/   DATA/SPLIT/

The segments of a picture stand in a PNG of their ids, id = red + 256 green + 65536 blue, and what
they are in the JSON. Pixels of id 0 are void: nobody should learn from them. Segments of stuff
(sky, road: `isthing` is 0 in its category) become objects with the attribute `isthing: False`.

Source: https://cocodataset.org/#format-data, section 4.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from segwright.errors import DataError
from segwright.formats.coco.file import class_of
from segwright.formats.coco.folders import (
    Found,
    entry_of,
    folder_of,
    found_file,
    images_of,
    name_categories,
    read_files,
    refuse_unclear,
    told_their_keys,
)
from segwright.formats.coco.panoptic_writing import PANOPTIC_LOSSES, write_panoptic
from segwright.formats.coco.records import (
    CocoFile,
    CocoPicture,
    inner_path,
    whole_number,
)
from segwright.formats.drawing import Drawing
from segwright.formats.drawn import DrawnLabels
from segwright.formats.entry import Collection, Entry, listed
from segwright.formats.faults import Fault, Report
from segwright.formats.format import Format, Opening
from segwright.images import read_index
from segwright.labels.instances import Instance
from segwright.labels.rle import RunLengths, regions_by_id

_OWN_KEYS = frozenset(("id", "category_id", "area", "bbox", "iscrowd", "score", "attributes"))


@dataclass(frozen=True)
class PanopticLabels(DrawnLabels):
    """The segments of one picture, and void as an ignored object.

    Attributes:
        file: The JSON file.
        picture: What it says about the picture.
        png: The picture of the segments' ids.
        segments: What the file says about the segments.
    """

    file: CocoFile
    picture: CocoPicture
    png: Path
    segments: Sequence[object]

    @property
    def paths(self) -> tuple[Path, ...]:
        return (self.png, self.path)

    @property
    def where(self) -> str:
        return f"{self.path}, {self.png.name}"

    def draw(self, drawing: Drawing) -> None:
        self.require_size(self.picture.size_hw or (None, None), drawing)
        regions = regions_by_id(self._ids(drawing))
        void = regions.pop(0, None)
        if void is not None:
            drawing.add(Instance(self.classes.ignore_index, void, name="void"))
        for segment in self.segments:
            self._add(segment, regions, drawing)
        for number, region in sorted(regions.items()):
            problem = f"{region.area_px:,} pixels have the id {number}, which has no record"
            remedy = "Add it to 'segments_info', or make them 0 (void)"
            drawing.fault("unknown-value", problem, remedy, name=f"segment {number}")
            drawing.add(Instance(self.classes.ignore_index, region, name=f"segment {number}"))

    def _ids(self, drawing: Drawing) -> np.ndarray:
        """(Y, X) int64 ids of the segments."""
        stored = read_index(self.png)
        if stored.dtype != np.uint8 or (stored.ndim == 3 and stored.shape[2] != 3):
            problem = f"{self.png} holds {stored.dtype.name} samples of shape {stored.shape}"
            remedy = "Save it as RGB of 8 bits, id = red + 256 green + 65536 blue"
            drawing.give_up("unreadable-labels", problem, remedy)
        if stored.shape[:2] != drawing.size_hw:
            problem = f"{self.png} is {list(stored.shape[:2])}, but the picture is "
            problem += f"{list(drawing.size_hw)} (height, width)"
            drawing.give_up("size-differs", problem, "Give the segments of that very picture")
        ids = stored.astype(np.int64)
        return ids if stored.ndim == 2 else ids @ (1, 256, 65536)

    def _add(self, segment: object, regions: dict[int, RunLengths], drawing: Drawing) -> None:
        """Takes one record and its region in; what remains in `regions` has no record."""
        record: dict[str, Any] = segment if isinstance(segment, dict) else {}
        number, category = (whole_number(record.get(key)) for key in ("id", "category_id"))
        name = f"segment {record.get('id')!r:.40}"
        if number is None or category is None or record.get("iscrowd") not in (None, 0, 1):
            problem = (
                f"{segment!r:.80} needs whole numbers as id and category_id; iscrowd is 0 or 1"
            )
            drawing.fault("bad-record", problem, "Correct it", name=name)
            return
        region = regions.pop(number, None)
        if region is None:
            problem = "has no pixel, or its id stands twice or is that of void"
            drawing.fault("empty-shape", problem, "Remove the record", name=name)
            return
        if category not in self.file.categories:
            problem = f"has the category_id {category}, which is not in the file"
            remedy = "Add the category, or correct the number"
            drawing.fault("unknown-class", problem, remedy, name=name)
            class_id = None
        else:
            class_id = class_of(self.file.categories[category], self.id_of, drawing, name=name)
        if class_id is None:  # nobody knows what it is, but it is not background either
            drawing.add(Instance(self.classes.ignore_index, region, name=name))
            return
        area = record.get("area")
        if area is not None and area != region.area_px:
            problem = f"has the area {area!r:.40}, but {region.area_px:,} pixels"
            drawing.fault("area-differs", problem, "Was the PNG scaled or changed?", name=name)
        drawing.add(self._instance(record, category, class_id, region))

    def _instance(
        self, record: Mapping[str, Any], category: int, class_id: int, region: RunLengths
    ) -> Instance:
        attributes = {key: value for key, value in record.items() if key not in _OWN_KEYS}
        further = record.get("attributes")
        attributes |= further if isinstance(further, dict) else {}
        if self.file.categories[category] in self.file.stuff:
            attributes["isthing"] = False
        score = record.get("score")
        score = float(score) if isinstance(score, int | float) and 0 <= score <= 1 else None
        name = f"segment {record['id']}"
        return Instance(class_id, region, bool(record.get("iscrowd")), score, name, attributes)


def panoptic_files_in(root: Path) -> list[Found]:
    """The JSON files called panoptic_… that have a folder of PNGs of the same name."""
    places = (
        path for base in (root, root / "annotations") for path in base.glob("panoptic_*.json")
    )
    return [found_file(path, "panoptic_") for path in sorted(places) if _pngs(path).is_dir()]


def _pngs(path: Path) -> Path:
    """The folder of PNGs of a JSON file: beside it, or beside the folder that it lies in."""
    beside = path.with_suffix("")
    above = path.parent.parent / path.stem
    return above if above.is_dir() and not beside.is_dir() else beside


def open_panoptic(opening: Opening) -> Collection:
    """Finds the pictures, and the PNG of each.

    Raises:
        DataError: Several files of which it is unclear which split they are; no picture at all.
        LabelError: A file that is no COCO, or what `opening.report` raises.
    """
    root, report = opening.root, opening.report
    founds = panoptic_files_in(root)
    refuse_unclear(founds, root=root)
    pairs = read_files(founds, report=report, root=root)
    settings = opening.settings
    names = {name.lower() for _, file in pairs for name in file.categories.values()}
    if settings.background is None and "background" not in names:
        # Every pixel has a class or is void: nothing is left for a background.
        settings = settings.model_copy(update={"background": False})
    naming = name_categories(pairs, settings, report=report)
    entries: list[Entry] = []
    for found, file in pairs:
        folder = folder_of(found, file, root=root)
        images = images_of(file, folder, report=report)
        for picture in file.pictures:
            image = images.get(picture.image_id)
            record = _record_of(picture, file, report) if image else None
            if image and record:
                png = _pngs(file.path) / record[0]
                labels = PanopticLabels(
                    *(file.path, image, naming.classes, naming.id_of, ""),
                    *(file, picture, png, record[1]),
                )
                place = image.relative_to(folder)
                entries.append(entry_of(place, image, labels, found.split, root=root))
    if not entries:
        raise DataError("no picture is left", where=root, remedy="Add the pictures")
    note = "Pixels of no segment are ignored."
    if naming.ignored:
        note += f" Ignored: {listed(naming.ignored)}."
    if stuff := sorted({name for _, file in pairs for name in file.stuff}):
        note += f" Stuff: {listed(stuff)}."
    return Collection(naming.classes, opening.assign(told_their_keys(entries)), (note,))


def _record_of(
    picture: CocoPicture, file: CocoFile, report: Report
) -> tuple[str, Sequence[object]] | None:
    """Name of the PNG of a picture, and the records of its segments."""
    records = list(file.annotations(report).get(picture.image_id, ()))
    where = f"{file.path}, {picture.file_name}"
    if len(records) == 0:
        remedy = "Add one to 'annotations', with its 'segments_info'"
        report(Fault("image-without-labels", "has no annotation", where, remedy))
        return None
    if len(records) > 1:
        remedy = "Keep one"
        report(Fault("id-twice", f"has {len(records)} annotations", where, remedy))
    place, segments = records[0].get("file_name"), records[0].get("segments_info")
    inner = inner_path(place) if isinstance(place, str) else None
    if inner is None or not isinstance(segments, list):
        problem = f"has an annotation with file_name {place!r:.60} and {len(records[0])} keys"
        remedy = "Give 'file_name', the PNG's name, and 'segments_info', a list of records"
        report(Fault("bad-record", problem, where, remedy))
        return None
    if not (_pngs(file.path) / inner).is_file():
        remedy = f"Put it into {_pngs(file.path)}, or remove the picture from the file"
        report(Fault("image-without-labels", f"its PNG {inner} is missing", where, remedy))
        return None
    return inner, segments


COCO_PANOPTIC = Format(
    title="COCO panoptic",
    layout="annotations/panoptic_SPLIT.json + annotations/panoptic_SPLIT/ + SPLIT/",
    found_in=lambda root: bool(panoptic_files_in(root)),
    open=open_panoptic,
    write=write_panoptic,
    loses=PANOPTIC_LOSSES,
    source="https://cocodataset.org/#format-data",
)
