"""Datasets that are pictures with a LabelMe file each.

Accepted layouts, where SPLIT (train, val or test) may be left out:

    DATA/SPLIT/…/NAME.jpg + NAME.json        DATA/images/SPLIT/…/NAME.jpg
                                             DATA/labels/SPLIT/…/NAME.json  (or any other folder)

A file belongs to the picture of its name beside it, otherwise to the one in a folder parallel to
its own, otherwise to the one that its imagePath means. Classes are those of labels.txt, with
LabelMe's own "__ignore__" and "_background_", or else the names that are used.
"""

from __future__ import annotations

import base64
import io
import json
from collections.abc import Iterator
from dataclasses import replace
from itertools import count, islice
from pathlib import Path
from typing import Any

import numpy as np

from segwright.errors import LabelError
from segwright.formats.entry import Collection, Entry, Undecided, listed, with_unique_keys
from segwright.formats.faults import Fault, Report, fault_of
from segwright.formats.format import Format, Opening
from segwright.formats.labelme.file import LabelMeLabels, plain_name, read_labelme
from segwright.formats.lost import Losses
from segwright.formats.objects import name_objects
from segwright.formats.plain import lost_colours, plain_objects
from segwright.formats.references import (
    Pictures,
    files_below,
    in_order,
    key_of,
    parts_of,
    split_of_parts,
)
from segwright.formats.settings import read_names
from segwright.formats.writing import IGNORED_NAME, Export, class_name, copy_image, object_names
from segwright.labels.classes import Classes
from segwright.labels.cropped import Cropped
from segwright.labels.instances import Instance, Instances
from segwright.labels.rle import RunLengths
from segwright.labels.shapes import Box, Polygons
from segwright.storage import storage_errors, write_whole

_SNIFFED_BYTES = 4096
_LOOKED_AT = 5
_VERSION = "5.5.0"
_KEPT = ("group_id", "flags", "description")


def has_labelme_files(root: Path) -> bool:
    """Whether one of the first JSON files below a folder begins and ends like one of LabelMe."""
    return any(_is_labelme(path) for path in islice(root.rglob("[!.]*.json"), _LOOKED_AT))


def _json_files(root: Path) -> list[Path]:
    return [path for path in files_below(root) if path.suffix.lower() == ".json"]


def _is_labelme(path: Path) -> bool:
    """The picture inside is long: only both ends of a file are looked at."""
    try:
        with path.open("rb") as file:
            ends = file.read(_SNIFFED_BYTES)
            file.seek(max(path.stat().st_size - _SNIFFED_BYTES, 0))
            ends += file.read(_SNIFFED_BYTES)
    except OSError:
        return False
    return ends.lstrip(b"\xef\xbb\xbf \t\r\n").startswith(b"{") and (
        b'"shapes"' in ends and (b'"imagePath"' in ends or b'"imageData"' in ends)
    )


def open_labelme(opening: Opening) -> Collection:
    """Pairs LabelMe files with pictures and finds the classes.

    The files of a test split are not opened, unless nothing but their imagePath tells the picture.

    Raises:
        DataError: No class at all; what `report` raises.
    """
    root = opening.root
    pictures = Pictures.below(root)
    image_of: dict[Path, Path] = {}
    for path in _json_files(root):
        if not _is_labelme(path):
            opening.report(
                Fault("other-files", "is no LabelMe file", str(path), "Move it away if unneeded")
            )
            continue
        image = _picture_of(path, pictures, opening.report)
        if image is not None and image in image_of:
            opening.report(
                Fault(
                    "name-twice",
                    f"belongs to {image}, as {image_of[image]} does",
                    str(path),
                    "Remove one of them",
                )
            )
        elif image is not None:
            image_of[image] = path
    pictures.report_unmentioned(image_of, opening.report, what="LabelMe file")
    entries = opening.assign(
        with_unique_keys(in_order(_entry(i, p, root) for i, p in image_of.items()))
    )
    names, entries = _names(entries, opening)
    declared = {one.name for one in opening.settings.classes or ()}
    if declared and "background" not in declared:  # dataset.yaml calls _background_ otherwise
        names = [name for name in names if name != "background"]
    naming = name_objects(names, opening.settings, where=root)
    notes = [f"{len(entries)} LabelMe files; smaller objects lie over larger ones."]
    if naming.ignored:
        notes.append(f"Ignored: {listed(naming.ignored)}.")
    finished = tuple(
        replace(
            entry,
            labels=LabelMeLabels(
                entry.labels.paths[0], entry.image, naming.classes, naming.id_of, entry.key
            ),
        )
        for entry in entries
    )
    return Collection(naming.classes, finished, tuple(notes))


def _entry(image: Path, path: Path, root: Path) -> Entry:
    place = image.relative_to(root)
    folders = (*place.parts[:-1], *path.relative_to(root).parts[:-1])
    return Entry(
        key_of(place),
        image,
        Undecided((path,)),
        split_of_parts(folders),
        place.parent.as_posix(),
    )


def _picture_of(path: Path, pictures: Pictures, report: Report) -> Path | None:
    """The picture of a LabelMe file, or None after a report."""
    place = path.relative_to(pictures.root).parts
    named = pictures.by_stem.get(path.stem, ())
    beside = [parts for parts in named if parts[:-1] == place[:-1]]
    parallel = [parts for parts in named if _one_folder_differs(parts[:-1], place[:-1])]
    for found in (beside, parallel):
        if len(found) == 1:
            return pictures.root.joinpath(*found[0])
    try:
        file = read_labelme(path)
    except LabelError as error:
        report(fault_of(error, "unreadable-labels", where=path))
        return None
    meant = parts_of(file.image_path)
    exact = pictures.at(_resolved((*place[:-1], *meant)))
    candidates = [exact] if exact else pictures.nearest(meant)
    if len(candidates) == 1:
        return candidates[0]
    if candidates:
        report(
            Fault(
                "layout",
                f"may belong to any of {listed(candidates)}",
                str(path),
                "Put the file beside its picture and give both the same name",
            )
        )
        return None
    remedy = f"Put the picture beside it, or remove {path.name}"
    if file.holds_picture:
        remedy = "Save the copy of it that the file holds (imageData), as labelme_export_json does"
    report(
        Fault(
            "labels-without-image",
            f"its picture {file.image_path!r:.80} is not below {pictures.root}",
            str(path),
            remedy,
        )
    )
    return None


def _one_folder_differs(parts: tuple[str, ...], others: tuple[str, ...]) -> bool:
    pairs = zip(parts, others, strict=False)
    return len(parts) == len(others) and sum(one != other for one, other in pairs) == 1


def _resolved(parts: tuple[str, ...]) -> tuple[str, ...]:
    """A place below the root without "..", or nothing if it leads out of it."""
    place: list[str] = []
    for part in parts:
        if part != "..":
            place.append(part)
        elif place:
            place.pop()
        else:
            return ()
    return tuple(place)


def _names(entries: tuple[Entry, ...], opening: Opening) -> tuple[list[str], tuple[Entry, ...]]:
    """The names of classes, and the entries whose files can be read as far as they were opened."""
    listing = opening.root / "labels.txt"
    if listing.is_file():
        return list(dict.fromkeys(map(plain_name, read_names(listing) or ()))), entries
    if opening.settings.classes is not None:
        return [], entries
    used: set[str] = set()
    readable: list[Entry] = []
    for entry in entries:
        if entry.split != "test":
            try:
                used |= read_labelme(entry.labels.paths[0]).names
            except LabelError as error:
                path = entry.labels.paths[0]
                opening.report(fault_of(error, "unreadable-labels", where=path, key=entry.key))
                continue
        readable.append(entry)
    return sorted(used), tuple(readable)


def write_labelme(export: Export) -> None:
    """Writes pictures with a LabelMe file beside each, in one folder a split, and labels.txt."""
    used: set[int] = set()
    classes, losses = export.classes, export.losses
    losses.add("colours", lost_colours(classes))
    for picture in export.pictures:
        image = copy_image(picture, export.folder / (picture.split or ""), picture.key)
        losses.add("groups", int(picture.group is not None))
        drawn = plain_objects(picture.labels, losses)
        used |= {one.class_id for one in drawn.objects}
        content = {
            "version": _VERSION,
            "flags": {},
            "shapes": _shapes(drawn, classes, losses),
            "imagePath": image.name,
            "imageData": None,
            "imageHeight": picture.size_hw[0],
            "imageWidth": picture.size_hw[1],
        }
        target = image.with_name(f"{image.name.removesuffix(image.suffix)}.json")
        write_whole(target, json.dumps(content, allow_nan=False), sync=False)
    with storage_errors(export.folder):
        (export.folder / "labels.txt").write_text(_listing(classes, used), encoding="utf-8")


def _listing(classes: Classes, used: set[int]) -> str:
    """labels.txt: what is ignored and the background in LabelMe's own words, then the classes."""
    lines = ["__ignore__"] if classes.ignore_index in used else []
    if classes.background is not None and classes.background in used:
        lines.append(classes.names[classes.background])
    elif classes.background is not None:
        lines.append("_background_")
    return "\n".join([*lines, *object_names(classes, ignored=False), ""])


def _shapes(drawn: Instances, classes: Classes, losses: Losses) -> list[dict[str, Any]]:
    """The records of all objects of a picture; LabelMe draws later ones over earlier ones."""
    objects = [(drawn.objects[i], drawn.regions[i]) for i in drawn.drawing_order()]
    groups = [one.attributes.get("group_id") for one, _ in objects]
    free = count(max((group for group in groups if type(group) is int), default=0) + 1)
    taken: set[tuple[int, int]] = set()
    records: list[dict[str, Any]] = []
    for (one, region), group in zip(objects, groups, strict=True):
        pieces = list(_pieces(one, region, losses))
        if type(group) is not int or (one.class_id, group) in taken:
            lost = group is not None
            group = next(free) if len(pieces) > 1 else None
        else:
            taken.add((one.class_id, group))
            lost = False
        label = class_name(one, classes)
        kept = {
            "label": "__ignore__" if label == IGNORED_NAME else label,
            "group_id": group,
            "description": str(one.attributes.get("description", "")),
            "flags": one.attributes.get("flags", {}),
        }
        losses.add("attributes", int(lost or bool(one.attributes.keys() - set(_KEPT))))
        records += [kept | piece for piece in pieces]
    return records


def _pieces(one: Instance, region: RunLengths, losses: Losses) -> Iterator[dict[str, Any]]:
    """An object as a rectangle, as a polygon for each of its pieces, or as a mask."""
    shape = one.shape
    if isinstance(shape, Box):
        corners = [[shape.left, shape.top], [shape.right, shape.bottom]]
        yield {"shape_type": "rectangle", "points": corners, "mask": None}
    elif isinstance(shape, Polygons) and shape.parts and not shape.num_holes:
        for part in shape.parts:
            points = part.exterior.tolist()
            yield {"shape_type": "polygon", "points": points, "mask": None}
    else:
        losses.add("vertices", int(isinstance(shape, Polygons)))
        yield _mask(region)


def _mask(region: RunLengths) -> dict[str, Any]:
    """A mask as a picture of its box, with the first and the last pixel as corners."""
    # Pillow takes 50 ms to import.
    from PIL import Image as PillowImage

    cropped = Cropped.of(region)
    buffer = io.BytesIO()
    PillowImage.fromarray(cropped.mask.astype(np.uint8)).save(buffer, format="PNG")
    rows, columns = cropped.mask.shape
    last = [cropped.left + columns - 1, cropped.top + rows - 1]
    text = base64.b64encode(buffer.getvalue()).decode("ascii")
    return {"shape_type": "mask", "points": [[cropped.left, cropped.top], last], "mask": text}


LABELME = Format(
    title="LabelMe",
    layout="NAME.jpg + NAME.json beside it or in a parallel folder, below SPLIT/ or not",
    found_in=has_labelme_files,
    open=open_labelme,
    write=write_labelme,
    loses={
        "vertices": "objects with holes are written as masks of their pixels",
        "crowds": "crowds are written as ignored regions where no object lies on them",
        "scores": "left out",
        "layers": "smaller objects lie over larger ones",
        "attributes": "all but group_id, flags and description are left out",
        "groups": "left out",
        "colours": "left out",
    },
    source="https://github.com/wkentaro/labelme (what it documents and writes)",
)
