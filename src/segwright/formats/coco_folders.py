"""Datasets that are folders of pictures and COCO JSON.

Accepted layouts, where SPLIT is train, val or test, alone or as in `instances_train2017`:

    DATA/SPLIT.json                          DATA/SPLIT/        (or DATA/images/SPLIT/)
    DATA/ANY.json                            DATA/images/
    DATA/annotations/instances_SPLIT.json    DATA/SPLIT/        (or DATA/images/, images/SPLIT/)
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from pathlib import Path

from segwright.errors import DataError, LabelError, UnknownNameError
from segwright.formats.coco import CocoFile, CocoLabels, read_coco
from segwright.formats.entry import Collection, Entry, listed, split_of_name, with_unique_keys
from segwright.formats.format import Format, Opening
from segwright.formats.objects import name_objects
from segwright.formats.pairing import pictures_in
from segwright.formats.settings import DatasetSettings
from segwright.labels.classes import Classes


def coco_files_in(root: Path) -> list[Path]:
    """The JSON files of a dataset: those in `annotations`, or else those beside the pictures."""
    inner = sorted((root / "annotations").glob("*.json"))
    instances = [path for path in inner if path.name.startswith("instances_")]
    return instances or inner or sorted(root.glob("*.json"))


def open_coco_folders(opening: Opening) -> Collection:
    """Reads the COCO files of a dataset and finds their pictures.

    Raises:
        DataError: Pictures that are missing, or that no file mentions; several files of which it
            is unclear which split they are.
        LabelError: A file that is no COCO, or files with different categories.
    """
    root, settings = opening.root, opening.settings
    paths = coco_files_in(root)
    splits = [_split_of_file(path) for path in paths]
    if len(paths) > 1 and (None in splits or len(set(splits)) < len(splits)):
        raise DataError(
            f"several COCO files, and it is unclear which split each is: "
            f"{listed(path.name for path in paths)}",
            where=root,
            remedy="Call them train.json, val.json and test.json, and move others away",
        )
    files = [read_coco(path) for path in paths]
    classes, id_of, text = _classes_of(files, settings, root=root)
    entries: list[Entry] = []
    used: dict[Path, set[Path]] = {}
    for file, split in zip(files, splits, strict=True):
        folder = _folder_of(file, split, root=root)
        found = _entries(file, folder, split, root=root, classes=classes, id_of=id_of)
        used.setdefault(folder, set()).update(entry.image for entry in found)
        entries += found
    for folder, images in used.items():
        _refuse_unmentioned(folder, images, used)
    order = {"train": 0, "val": 1, "test": 2, None: 3}
    entries.sort(key=lambda entry: (order[entry.split], entry.key))
    empty = sum(not one.annotations for file in files for one in file.pictures)
    notes = [text]
    if empty:
        notes.append(f"{empty} pictures have no annotation and are background throughout.")
    return Collection(classes, opening.assign(with_unique_keys(entries)), tuple(notes))


def _classes_of(
    files: Sequence[CocoFile], settings: DatasetSettings, *, root: Path
) -> tuple[Classes, dict[int, int], str]:
    """The classes, category id → class id, and what to say about them."""
    first = files[0]
    for file in files[1:]:
        if file.categories != first.categories:
            raise LabelError(
                f"has other categories than {first.path.name}",
                where=file.path,
                remedy="Give all files of a dataset the same category ids and names",
            )
    if not first.categories:
        raise LabelError("names no category", where=first.path, remedy="Add 'categories'")
    names = list(first.categories.values())
    ignore = tuple(_name_of(one, first) for one in settings.ignore)
    settings = settings.model_copy(update={"ignore": ignore})
    naming = name_objects(names, settings, where=first.path)
    id_of = {category: naming.id_of[name] for category, name in first.categories.items()}
    num_objects = sum(len(one.annotations) for file in files for one in file.pictures)
    text = f"{num_objects} COCO objects drawn into class numbers, smaller ones over larger ones."
    if naming.ignored:
        text += f" Ignored: {listed(naming.ignored)}."
    return naming.classes, id_of, text


def _name_of(ignored: int | str, file: CocoFile) -> str:
    if isinstance(ignored, str):
        return ignored
    if ignored not in file.categories:
        raise UnknownNameError(
            "category id under 'ignore'", str(ignored), map(str, file.categories), where=file.path
        )
    return file.categories[ignored]


def _split_of_file(path: Path) -> str | None:
    return split_of_name(_bare_name(path, keep_year=False))


def _bare_name(path: Path, *, keep_year: bool) -> str:
    """`instances_train2017.json` → train2017 or train."""
    name = path.stem.removeprefix("instances_")
    return name if keep_year else re.sub(r"\d+$", "", name)


def _folder_of(file: CocoFile, split: str | None, *, root: Path) -> Path:
    """The folder below which the pictures of a file lie: the first that has one of them."""
    names = [_bare_name(file.path, keep_year=True), _bare_name(file.path, keep_year=False)]
    names = [*names, split] if split and split not in names else names
    bases = (root, root / "images")
    folders = [base / name for name in names for base in bases] + [root / "images", root]
    for folder in folders:
        if any((folder / picture.file_name).is_file() for picture in file.pictures):
            return folder
    if not file.pictures:
        raise DataError("holds no picture", where=file.path, remedy="Remove the file, or fill it")
    raise DataError(
        f"none of its {len(file.pictures)} pictures was found, such as "
        f"{file.pictures[0].file_name}",
        where=file.path,
        remedy=f"Put them into {folders[0]} or {root / 'images'}",
    )


def _entries(
    file: CocoFile,
    folder: Path,
    split: str | None,
    *,
    root: Path,
    classes: Classes,
    id_of: dict[int, int],
) -> list[Entry]:
    entries, missing = [], []
    for picture in file.pictures:
        image = folder / picture.file_name
        if not image.is_file():
            missing.append(picture.file_name)
        labels = CocoLabels(file.path, picture, image, classes, id_of)
        key = Path(picture.file_name).with_suffix("").as_posix()
        place = image.parent.relative_to(root).as_posix()
        entries.append(Entry(key, image, labels, split, place))
    if missing:
        raise DataError(
            f"{len(missing)} of {len(entries)} pictures are missing in {folder}: {listed(missing)}",
            where=file.path,
            remedy="Add the pictures, or remove them from the file",
        )
    return entries


def _refuse_unmentioned(folder: Path, images: set[Path], used: dict[Path, set[Path]]) -> None:
    """Raises for pictures below a folder that no COCO file mentions."""
    mentioned = set().union(*used.values())
    pictures, _ = pictures_in(folder)
    bare = [path.relative_to(folder) for path in pictures.values() if path not in mentioned]
    if bare:
        raise DataError(
            f"{len(bare)} of {len(bare) + len(images)} pictures are in no COCO file: "
            f"{listed(bare)}",
            where=folder,
            remedy="Add them to 'images' of the file (without annotations if nothing is on them), "
            "or move them away",
        )


COCO = Format(
    title="COCO JSON",
    layout="SPLIT.json + SPLIT/, ANY.json + images/, or annotations/instances_SPLIT.json + images/",
    found_in=lambda root: bool(coco_files_in(root)),
    open=open_coco_folders,
    write=None,
    loses={},
    source="https://cocodataset.org/#format-data",
)
