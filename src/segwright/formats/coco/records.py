"""The records of a COCO file, each held against what the format says; a bad one is left out.

Ids may be any whole numbers of 64 bits, with gaps, also written as 1.0.

Source: https://cocodataset.org/#format-data.
"""

from __future__ import annotations

import os
import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from threading import Lock
from typing import Any

from segwright.errors import LabelError
from segwright.formats.faults import Fault, Report, refuse
from segwright.formats.references import parts_of
from segwright.formats.strict_json import MAX_JSON_BYTES, read_json

Record = Mapping[str, Any]
_ABSOLUTE = re.compile(r"\A(?:[A-Za-z]:[\\/]*|[\\/]+)")


@dataclass(frozen=True)
class CocoPicture:
    """One picture of a COCO file.

    Attributes:
        file_name: Its place below the folder of pictures.
        image_id: Its id in the file.
        size_hw: Its declared height and width; None if the file says nothing.
        is_foreign: Whether the place is that of another machine, of which only the ending counts.
    """

    file_name: str
    image_id: int
    size_hw: tuple[int, int] | None
    is_foreign: bool = False

    def below(self, folder: Path) -> Path | None:
        """Its file below a folder; None if there is none."""
        parts = self.file_name.split("/")
        places = (folder.joinpath(*parts[first:]) for first in range(len(parts)))
        known = places if self.is_foreign else (next(places),)
        return next((place for place in known if place.is_file()), None)


@dataclass(eq=False)
class CocoFile:
    """What one COCO file says. Its annotations are looked at when they are first asked for.

    Attributes:
        path: The file.
        categories: Category id → name, ascending.
        pictures: The pictures in the order of the file.
        stuff: Names of the categories that are no countable things (`isthing` is 0).
    """

    path: Path
    categories: Mapping[int, str]
    pictures: tuple[CocoPicture, ...]
    stuff: frozenset[str] = frozenset()
    _image_ids: frozenset[int] = frozenset()
    _records: list[object] = field(default_factory=list)
    _of_image: Mapping[int, tuple[Record, ...]] | None = None
    _sorting: Lock = field(default_factory=Lock, repr=False)

    def annotations(self, report: Report = refuse) -> Mapping[int, tuple[Record, ...]]:
        """Image id → the annotations of the picture that belong to a picture and a category.

        Args:
            report: Is told of faults the first time; what is at fault is left out.
        """
        with self._sorting:  # pictures are read by several threads; the first one sorts
            if self._of_image is None:
                self._of_image = self._sorted_in(_Faults(self.path, "annotation", report))
                self._records = []
            return self._of_image

    def _sorted_in(self, faults: _Faults) -> Mapping[int, tuple[Record, ...]]:
        of_image: dict[int, list[Record]] = {image: [] for image in self._image_ids}
        seen: set[int] = set()
        for record in self._records:
            if not isinstance(record, dict):
                faults.tell("bad-record", None, f"is {record!r:.40}", "Give a record {…}")
                continue
            image = faults.whole(record, "image_id")
            if image is None or not self._is_sound(record, seen, faults):
                continue
            if image in of_image:
                of_image[image].append(record)
                continue
            faults.tell("unknown-image", record, f"has the image_id {image}, {_ABSENT}", _ADD)
        return {image: tuple(records) for image, records in of_image.items()}

    def _is_sound(self, record: Record, seen: set[int], faults: _Faults) -> bool:
        """Whether its own id is new, and its category and crowd mark are usable."""
        if record.get("id") is not None:
            number = faults.whole(record, "id")
            if number is None or not faults.is_new(record, "id", number, seen):
                return False
        if "segments_info" in record:  # panoptic: categories are those of the segments
            return True
        category = faults.whole(record, "category_id")
        if category is None:
            return False
        if category not in self.categories:
            problem = f"has the category_id {category}, {_ABSENT}"
            faults.tell("unknown-class", record, problem, _ADD)
            return False
        if record.get("iscrowd") not in (None, 0, 1):
            problem = f"has iscrowd {record['iscrowd']!r:.40}; accepted are 0 and 1"
            faults.tell("bad-record", record, problem, "Correct it")
            return False
        return True


_ABSENT = "which is not in the file"
_ADD = "Add what it refers to, or remove it"


def whole_number(value: object) -> int | None:
    """A whole number, also one that is written as 1.0; None for anything else.

    A float beyond 2**53 stands for several numbers, so it is none.
    """
    if isinstance(value, float) and value.is_integer() and abs(value) <= 2**53:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None


@dataclass(frozen=True)
class _Faults:
    """Reports what is wrong with the records of one kind."""

    path: Path
    what: str
    report: Report

    def tell(self, kind: str, record: Record | None, problem: str, remedy: str) -> None:
        name = self.what if record is None else f"{self.what} {record.get('id')!r:.40}"
        self.report(Fault(kind, f"{name} {problem}", str(self.path), remedy))

    def whole(self, record: Record, key: str) -> int | None:
        """A field that must be a whole number; None and a report if it is not."""
        number = whole_number(record.get(key))
        if number is None:
            given = f"has {key} {record.get(key)!r:.40}; accepted is a whole number"
            self.tell("bad-record", record, given, "Write the number without quotation marks")
        return number

    def text(self, record: Record, key: str) -> str | None:
        """A field that must be a text; None and a report if it is not."""
        value = record.get(key)
        if type(value) is str and value:
            return value
        given = f"has {key} {value!r:.40}; accepted is a text"
        self.tell("bad-record", record, given, "Write it")
        return None

    def is_new(self, record: Record, key: str, value: Any, seen: set[Any]) -> bool:
        """Whether no record before had this value; reports otherwise. `seen` is told of it."""
        if value not in seen:
            seen.add(value)
            return True
        kind = "id-twice" if key == "id" else "name-twice"
        problem = f"the {self.what} {key} {value!r:.60} stands twice"
        self.report(Fault(kind, problem, str(self.path), f"Give every {self.what} its own"))
        return False


def read_coco(path: Path, *, report: Report = refuse, max_bytes: int = MAX_JSON_BYTES) -> CocoFile:
    """Reads the pictures and categories of a COCO file.

    Args:
        path: The file.
        report: Is told of bad records, which are left out.
        max_bytes: Longer files are refused.

    Raises:
        LabelError: Too large, no JSON, not COCO, or what `report` raises.
    """
    content = read_json(path, max_bytes=max_bytes)
    if not isinstance(content, dict):
        raise LabelError(f"not a COCO file: it holds a {type(content).__name__}", where=path)
    images, categories, annotations = (
        _records(content, key, path=path) for key in ("images", "categories", "annotations")
    )
    names, stuff = _categories(categories, _Faults(path, "category", report))
    pictures, image_ids = _pictures(images, _Faults(path, "image", report))
    return CocoFile(path, names, pictures, stuff, frozenset(image_ids), annotations)


def _records(content: Record, key: str, *, path: Path) -> list[object]:
    records = content.get(key)
    if not isinstance(records, list):
        raise LabelError(
            f"not a COCO file: {key!r} is no list of records",
            where=path,
            remedy="Give 'images', 'annotations' and 'categories'",
        )
    return records


def _categories(records: list[object], faults: _Faults) -> tuple[Mapping[int, str], frozenset[str]]:
    names: dict[int, str] = {}
    stuff: set[str] = set()
    ids: set[int] = set()
    seen: set[str] = set()
    for record in records:
        if not isinstance(record, dict):
            faults.tell("bad-record", None, f"is {record!r:.40}", "Give a record {…}")
            continue
        number, name = faults.whole(record, "id"), faults.text(record, "name")
        if number is None or name is None or not faults.is_new(record, "id", number, ids):
            continue
        faults.is_new(record, "name", name, seen)  # if it may go on, both are one class
        names[number] = name
        if record.get("isthing") == 0:
            stuff.add(name)
    return dict(sorted(names.items())), frozenset(stuff)


def _pictures(records: list[object], faults: _Faults) -> tuple[tuple[CocoPicture, ...], set[int]]:
    """The usable pictures, and the ids of all, so that annotations of others are not unknown."""
    pictures: list[CocoPicture] = []
    ids: set[int] = set()
    seen: set[str] = set()
    for record in records:
        if not isinstance(record, dict):
            faults.tell("bad-record", None, f"is {record!r:.40}", "Give a record {…}")
            continue
        number = faults.whole(record, "id")
        if number is None or not faults.is_new(record, "id", number, ids):
            continue
        picture = _picture(record, number, faults)
        if picture and faults.is_new(record, "file_name", picture.file_name, seen):
            pictures.append(picture)
    return tuple(pictures), ids


def _picture(record: Record, number: int, faults: _Faults) -> CocoPicture | None:
    place = faults.text(record, "file_name")
    if place is None:
        return None
    # Of an absolute path, of any system, the ending tells the picture.
    is_foreign = bool(_ABSOLUTE.match(place))
    inner = inner_path(_ABSOLUTE.sub("", place))
    if inner is None:
        remedy = "Give its place below the folder of pictures"
        remedy += ", without '..'" if ".." in parts_of(place) else ""
        faults.tell("bad-record", record, f"has the file name {place!r:.80}", remedy)
        return None
    if record.get("height") is None and record.get("width") is None:
        return CocoPicture(inner, number, None, is_foreign)
    height, width = faults.whole(record, "height"), faults.whole(record, "width")
    if height is None or width is None:
        return None
    return CocoPicture(inner, number, (height, width), is_foreign)


def inner_path(place: str) -> str | None:
    """A file name from a file, with "/" between folders; None if it leads elsewhere or nowhere."""
    parts = Path(place.replace("\\", "/")).parts
    unsafe = not parts or ".." in parts or Path(place).is_absolute() or "\0" in place
    # No file system has longer names; to ask for one is an error, not a "no".
    unsafe = unsafe or len(place) > 4096 or any(len(os.fsencode(one)) > 255 for one in parts)
    return None if unsafe or ":" in parts[0] or parts[0] == "/" else "/".join(parts)
