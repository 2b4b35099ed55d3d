"""Datasets that are folders of pictures and COCO JSON.

Accepted layouts, where SPLIT is train, val or test, alone or as in `instances_train2017`:

    DATA/SPLIT.json                          DATA/SPLIT/        (or DATA/images/SPLIT/)
    DATA/ANY.json                            DATA/images/       (or DATA/data/, DATA/)
    DATA/annotations/instances_SPLIT.json    DATA/SPLIT/        (or DATA/images/, images/SPLIT/)
    DATA/SPLIT/_annotations.coco.json        DATA/SPLIT/        (Roboflow; or any one JSON there)

The annotations in a file of a test split are not looked at before somebody reads its labels.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, cast

from segwright.errors import DataError, LabelError, UnknownNameError
from segwright.formats.coco.file import CocoLabels
from segwright.formats.coco.records import CocoFile, CocoPicture, read_coco
from segwright.formats.coco.writing import COCO_LOSSES, write_coco
from segwright.formats.entry import (
    UNDIVIDED,
    Collection,
    Entry,
    LabelSource,
    listed,
    split_of_name,
    with_unique_keys,
)
from segwright.formats.faults import Fault, Report, fault_of
from segwright.formats.format import Format, Opening
from segwright.formats.json_head import first_keys
from segwright.formats.masks.pairing import pictures_in
from segwright.formats.naming import Naming
from segwright.formats.objects import name_objects
from segwright.formats.references import in_order
from segwright.formats.settings import DatasetSettings

_MOST_FILES = 100  # of whole splits; each is looked into


@dataclass(frozen=True)
class Found:
    """A COCO file of a dataset.

    Attributes:
        path: The file.
        split: The split it is named after, or its folder is; None if neither says.
        names: What its folder of pictures may be called.
        home: The folder of a split that the file lies in, together with its pictures.
    """

    path: Path
    split: str | None
    names: tuple[str, ...]
    home: Path | None = None


def coco_files_in(root: Path) -> list[Found]:
    """The COCO files of a dataset: in `annotations`, or beside the folders of pictures, or in
    those of the splits."""
    inner = [path for path in _jsons(root / "annotations") if _is_coco(path)]
    named = [path for path in inner if path.name.startswith("instances_")]
    beside = named or inner or [path for path in _jsons(root) if _is_coco(path)]
    if beside:
        return [found_file(path, "instances_") for path in beside]
    homes = [folder for folder in sorted(root.iterdir()) if split_of_name(folder.name)]
    return [
        Found(path, split_of_name(home.name), (), home)
        for home in homes
        for path in _jsons(home)
        if _is_coco(path)
    ]


def _jsons(folder: Path) -> list[Path]:
    """The JSON files of a folder; none if there is one for every picture, as in other formats."""
    found = sorted(path for path in folder.glob("*.json") if path.name[0] != ".")
    return found if len(found) <= _MOST_FILES else []


def _is_coco(path: Path) -> bool:
    keys = first_keys(path)
    is_other = path.name.startswith("panoptic_") or keys.keys() & {"shapes", "features"}
    return bool(keys.keys() & {"images", "annotations", "categories"}) and not is_other


def found_file(path: Path, prefix: str) -> Found:
    """Reads a file's name: `instances_train2017.json`, whose prefix is "instances_", is of the
    split train, and the folder of its pictures is train2017 or train. The split may be any word
    of the name."""
    name = path.stem.removeprefix(prefix)
    words = re.split(r"[\W_]+", name)
    splits = {word: split_of_name(word.rstrip("0123456789")) for word in words}
    telling = [word for word, split in splits.items() if split]
    split = splits[telling[0]] if len(telling) == 1 else None
    folders = (name, *telling, *(word.rstrip("0123456789") for word in telling), split)
    return Found(path, split, tuple(dict.fromkeys(filter(None, folders))))


def open_coco_folders(opening: Opening) -> Collection:
    """Reads the COCO files of a dataset and finds their pictures.

    Raises:
        DataError: Several files of which it is unclear which split they are; no picture at all.
        LabelError: A file that is no COCO, or what `opening.report` raises.
    """
    root = opening.root
    founds = coco_files_in(root)
    refuse_unclear(founds, root=root)
    files = read_files(founds, report=opening.report, root=root)
    naming, notes = _naming(files, opening)
    entries: list[Entry] = []
    used: dict[Path, set[Path]] = {}
    for found, file in files:
        folder = folder_of(found, file, root=root)
        images = images_of(file, folder, report=opening.report)
        used.setdefault(folder, set()).update(images.values())
        for picture in file.pictures:
            if image := images.get(picture.image_id):
                labels = CocoLabels(
                    file.path, image, naming.classes, naming.id_of, "", file, picture
                )
                place = image.relative_to(folder)
                entries.append(entry_of(place, image, labels, found.split, root=root))
    if not entries:
        raise DataError("no picture is left", where=root, remedy="Add the pictures")
    for folder in used:
        _report_unmentioned(folder, set().union(*used.values()), opening.report)
    return Collection(naming.classes, opening.assign(told_their_keys(entries)), notes)


def refuse_unclear(founds: Sequence[Found], *, root: Path) -> None:
    """Raises if there are several files and it is unclear which split they are."""
    if not founds:
        raise DataError("holds no COCO file", where=root, remedy="Add one, such as train.json")
    splits = [found.split for found in founds if UNDIVIDED not in found.names]
    if len(splits) > 1 and (None in splits or len(set(splits)) < len(splits)):
        raise DataError(
            f"several COCO files, and it is unclear which split each is: "
            f"{listed(found.path.relative_to(root) for found in founds)}",
            where=root,
            remedy="Call them train.json, val.json and test.json, and move others away",
        )


def read_files(
    founds: Sequence[Found], *, report: Report, root: Path
) -> list[tuple[Found, CocoFile]]:
    """Reads all files; one that cannot be read, or has no picture, is reported and left out.

    Raises:
        DataError: None is left.
    """
    files = []
    for found in founds:
        try:
            file = read_coco(found.path, report=report)
        except LabelError as error:
            report(fault_of(error, "unreadable-labels", where=found.path))
            continue
        try:
            folder_of(found, file, root=root)
        except DataError as error:
            report(fault_of(error, "labels-without-image", where=found.path))
            continue
        files.append((found, file))
    if not files:
        raise DataError("none of the COCO files can be used", where=root, remedy="Correct one")
    return files


def _naming(
    files: Sequence[tuple[Found, CocoFile]], opening: Opening
) -> tuple[Naming, tuple[str, ...]]:
    """What the categories mean, and notes on what was found."""
    naming = name_categories(files, opening.settings, report=opening.report)
    looked_at = [file for found, file in files if found.split != "test"]
    counts = Counter(
        min(len(annotations), 1)
        for file in looked_at
        for annotations in file.annotations(opening.report).values()
        for _ in (annotations or (None,))
    )
    notes = [f"{counts[1]} COCO objects drawn into class numbers, smaller ones over larger ones."]
    if naming.ignored:
        notes[0] += f" Ignored: {listed(naming.ignored)}."
    if counts[0]:
        notes.append(f"{counts[0]} pictures have no annotation and are background throughout.")
    return naming, tuple(notes)


def name_categories(
    files: Sequence[tuple[Found, CocoFile]], settings: DatasetSettings, *, report: Report
) -> Naming:
    """Gives the categories of all files one class for each name; ids may differ between files.

    Categories that a test split alone has are not looked at.

    Raises:
        LabelError: No category.
        UnknownNameError: As `name_objects`, or a number under `ignore` that is no category id.
    """
    known = [file for found, file in files if found.split != "test"] or [f for _, f in files]
    first = known[0]
    if not any(file.categories for file in known):
        raise LabelError("names no category", where=first.path, remedy="Add 'categories'")
    names = list(dict.fromkeys(name for file in known for name in file.categories.values()))
    for file in known[1:]:
        odd = set(file.categories.values()) ^ set(first.categories.values())
        if odd and settings.classes is None:
            problem = f"has other categories than {first.path.name}: {listed(sorted(odd))}"
            remedy = "Are they the same under another name? Then rename them"
            report(Fault("unknown-class", problem, str(file.path), remedy, severity="warning"))
    ignore = tuple(_name_of(one, first) for one in settings.ignore)
    settings = settings.model_copy(update={"ignore": ignore})
    return name_objects(names, settings, where=first.path)


def _name_of(ignored: int | str, file: CocoFile) -> str:
    if isinstance(ignored, str):
        return ignored
    if ignored not in file.categories:
        raise UnknownNameError(
            "category id under 'ignore'", str(ignored), map(str, file.categories), where=file.path
        )
    return file.categories[ignored]


def folder_of(found: Found, file: CocoFile, *, root: Path) -> Path:
    """The folder below which the pictures of a file lie: the first that has one of them."""
    if not file.pictures:
        raise DataError("holds no picture", where=file.path, remedy="Remove the file, or fill it")
    bases = (root, root / "images")
    folders = [base / name for name in found.names for base in bases]
    folders += [root / "images", root / "data", root]
    if found.home:
        folders = [found.home, found.home / "images"]
    for folder in folders:
        if any(picture.below(folder) for picture in file.pictures):
            return folder
    raise DataError(
        f"none of its {len(file.pictures)} pictures was found, such as "
        f"{file.pictures[0].file_name}",
        where=file.path,
        remedy=f"Put them into {folders[0]} or {root / 'images'}",
    )


def images_of(file: CocoFile, folder: Path, *, report: Report) -> Mapping[int, Path]:
    """Image id → the picture's file; reports those that are missing."""
    found: dict[Path, CocoPicture] = {}
    missing: list[CocoPicture] = []
    for one in file.pictures:
        image = one.below(folder)
        if image is None:
            missing.append(one)
        elif (other := found.setdefault(image, one)) is not one:
            text = f"{one.file_name} and {other.file_name} both mean {image}"
            report(Fault("name-twice", text, str(file.path), "Keep one of them"))
    if missing:
        problem = (
            f"{len(missing)} of {len(file.pictures)} pictures are missing in {folder}: "
            f"{listed(one.file_name for one in missing)}"
        )
        remedy = "Add the pictures, or remove them from the file"
        report(Fault("labels-without-image", problem, str(file.path), remedy))
    return {one.image_id: image for image, one in found.items()}


def entry_of(
    place: Path, image: Path, labels: LabelSource, split: str | None, *, root: Path
) -> Entry:
    """The entry of a picture; its key is its place in its folder without suffix."""
    key = place.with_suffix("").as_posix()
    return Entry(key, image, labels, split, image.parent.relative_to(root).as_posix())


def told_their_keys(entries: Iterable[Entry]) -> tuple[Entry, ...]:
    """The entries of all splits in order, with unique keys, which their labels are told."""
    return tuple(
        replace(entry, labels=replace(cast("Any", entry.labels), key=entry.key))
        for entry in with_unique_keys(in_order(entries))
    )


def _report_unmentioned(folder: Path, mentioned: Iterable[Path], report: Report) -> None:
    """Reports pictures below a folder that no COCO file mentions."""
    pictures, _ = pictures_in(folder)
    mentioned = set(mentioned)
    bare = [path.relative_to(folder) for path in pictures.values() if path not in mentioned]
    if bare:
        problem = f"{len(bare)} of {len(pictures)} pictures are in no COCO file: {listed(bare)}"
        remedy = (
            "Add them to 'images' of the file (without annotations if nothing is on them), or "
            "move them away"
        )
        report(Fault("image-without-labels", problem, str(folder), remedy))


COCO = Format(
    title="COCO JSON",
    layout="SPLIT.json + SPLIT/, ANY.json + images/, annotations/instances_SPLIT.json + images/, "
    "or SPLIT/_annotations.coco.json",
    found_in=lambda root: bool(coco_files_in(root)),
    open=open_coco_folders,
    write=write_coco,
    loses=COCO_LOSSES,
    source="https://cocodataset.org/#format-data",
)
