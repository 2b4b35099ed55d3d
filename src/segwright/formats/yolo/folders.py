"""Datasets in YOLO's layout: pictures, and beside each a text file of polygons or boxes.

Accepted layouts, where SPLIT is train, val or test (also train2017, valid …):

    DATA/data.yaml           names; train, val, test as folders, lists of folders, or .txt lists
    DATA/images/SPLIT        DATA/labels/SPLIT          splits inside
    DATA/SPLIT/images        DATA/SPLIT/labels          splits outside
    DATA/images              DATA/labels                all in one
    DATA/ANY/a.jpg           DATA/ANY/a.txt             labels beside the pictures

Without data.yaml the names come from classes.txt. A picture without a text file is background, as
it is for everybody who reads YOLO.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from segwright.errors import DataError
from segwright.formats.entry import Collection, Entry, Undecided, listed, with_unique_keys
from segwright.formats.faults import Fault, Report
from segwright.formats.format import Format, Opening
from segwright.formats.objects import name_objects
from segwright.formats.references import in_order
from segwright.formats.text import read_lines
from segwright.formats.yolo.labels import YoloLabels
from segwright.formats.yolo.places import Places, declaration_in, mirror
from segwright.formats.yolo.writing import LOSES, write_yolo

_NO_LABELS = frozenset({"classes.txt", "readme.txt", "notes.txt"})
_Numbered = Mapping[int, str]


def has_yolo(root: Path) -> bool:
    """Whether a folder holds a data.yaml that names classes, or folders of text files as labels."""
    if declaration_in(root) is not None:
        return True
    folders = [root / "labels", *root.glob("*/labels"), *root.glob("labels/*/")]
    return any(next(folder.glob("*.txt"), None) is not None for folder in folders)


def open_yolo(opening: Opening) -> Collection:
    """Finds pictures, text files and names.

    Raises:
        DataError: No names, no picture, or what `opening.report` raises.
    """
    root, report = opening.root, opening.report
    places = Places(root, report)
    path = declaration_in(root)
    declared = None if path is None else places.read(path)
    if declared is not None and declared.places:
        pictures = places.listed_pictures(declared)
    else:
        pictures = places.undeclared_pictures()
    names, path = _names(opening, path, None if declared is None else declared.names)
    naming = name_objects(list(names.values()), opening.settings, where=path)
    id_of = {number: naming.id_of[name] for number, name in names.items()}
    entries = _entries(places, pictures, report)
    if not entries:
        raise DataError(
            "no pictures were found", where=root, remedy="Put them into images/train and images/val"
        )
    _report_strays(root, entries, report)
    kept = _without_bare_splits(opening.assign(with_unique_keys(entries)), report)
    labelled = (
        replace(
            one,
            labels=YoloLabels(
                next(iter(one.labels.paths), None), one.image, naming.classes, id_of, path, one.key
            ),
        )
        for one in kept
    )
    notes = [f"YOLO labels of {len(names)} classes, drawn smaller ones over larger ones."]
    if naming.ignored:
        notes.append(f"Ignored: {listed(naming.ignored)}.")
    _report_bare(kept, report)
    return Collection(naming.classes, tuple(labelled), (*notes, *places.notes))


def _names(
    opening: Opening, path: Path | None, declared: _Numbered | None
) -> tuple[_Numbered, Path]:
    """Number → name, and the file that says so."""
    root = opening.root
    if declared is not None and path is not None:
        return declared, path
    if opening.settings.classes is not None:
        said = next((p for n in ("dataset.yaml", "classes.txt") if (p := root / n).is_file()), root)
        return dict(enumerate(one.name for one in opening.settings.classes)), said
    for inner in sorted((*root.glob("labels/classes.txt"), *root.glob("*/labels/classes.txt"))):
        return dict(enumerate(read_lines(inner))), inner
    raise DataError(
        "the classes have no names",
        where=path or root,
        remedy="Write data.yaml with 'names: [apple, pear]', or classes.txt with one name a line",
    )


def _entries(
    places: Places, pictures: Sequence[tuple[str | None, Path]], report: Report
) -> list[Entry]:
    """The pictures in the order of split and key, no two of one split with the same key."""
    entries: dict[tuple[str | None, str], Entry] = {}
    splits_of: dict[Path, str | None] = {}
    for split, image in dict.fromkeys(pictures):
        label = places.label_of(image)
        folder = image.parent.relative_to(places.root).as_posix()
        labels = Undecided(() if label is None else (label,))
        entry = Entry(places.key(image), image, labels, split, folder)
        other = entries.setdefault((split, entry.key), entry)
        if other is not entry:
            text = f"two pictures have the same name {entry.key!r}: {other.image} and {image}"
            report(Fault("name-twice", text, str(image), "Rename or remove one", entry.key))
        elif splits_of.setdefault(image, split) != split:
            text = f"is in two splits, {splits_of[image]} and {split}"
            remedy = "Keep it in one of them: scores on pictures that were learned say nothing"
            report(Fault("name-twice", text, str(image), remedy, entry.key, severity="warning"))
    return in_order(entries.values())


def _report_strays(root: Path, entries: Sequence[Entry], report: Report) -> None:
    """Reports text files that belong to no picture, or to one that no list names."""
    used = {path for entry in entries for path in entry.labels.paths}
    folders = {folder: mirror(root, folder) for folder in {one.image.parent for one in entries}}
    found = {
        (path, images / path.parent.relative_to(labels))
        for images, labels in folders.items()
        if labels != images
        for path in labels.rglob("*.txt")
        if path not in used and path.name.lower() not in _NO_LABELS
    }
    stems: dict[Path, set[str]] = {}
    for path, images in sorted(found):
        if images not in stems:
            stems[images] = (
                {one.stem for one in images.iterdir() if one.suffix.lower() != ".txt"}
                if images.is_dir()
                else set()
            )
        if path.stem in stems[images]:
            text, remedy = "its picture is in none of the splits", "Add it to a list, or remove it"
            report(Fault("not-listed", text, str(path), remedy))
        else:
            text = f"there is no picture {path.stem} in {images}"
            remedy = "Add the picture, or remove the text file"
            report(Fault("labels-without-image", text, str(path), remedy))


def _without_bare_splits(entries: Sequence[Entry], report: Report) -> tuple[Entry, ...]:
    """Leaves out splits without any text file: their pictures are not labelled, not empty."""
    labelled = {entry.split for entry in entries if entry.labels.paths}
    bare = sorted({str(entry.split) for entry in entries if entry.split not in labelled})
    for split in bare:
        first = next(entry for entry in entries if str(entry.split) == split)
        report(
            Fault(
                "image-without-labels",
                f"no picture of {'the dataset' if first.split is None else split} has a text file",
                str(first.image.parent),
                "Put the text files into a folder 'labels' beside 'images'",
                severity="warning" if first.split == "test" and labelled else "error",
            )
        )
    return tuple(entry for entry in entries if entry.split in labelled)


def _report_bare(entries: Sequence[Entry], report: Report) -> None:
    """Reports pictures without a text file where others of their split have one.

    YOLO takes them for background, which a file that was lost looks like too.
    """
    by_split: defaultdict[str | None, list[Entry]] = defaultdict(list)
    for entry in entries:
        by_split[entry.split].append(entry)
    for split, ours in by_split.items():
        if bare := [entry for entry in ours if not entry.labels.paths]:
            report(
                Fault(
                    "image-without-labels",
                    f"{len(bare)} of {len(ours)} pictures{f' of {split}' if split else ''} have no "
                    f"text file and are background throughout: {listed(e.key for e in bare)}",
                    str(bare[0].image.parent),
                    "Look that nothing is on them, and give them an empty text file",
                    severity="warning",
                )
            )


YOLO = Format(
    title="YOLO",
    layout="data.yaml + images/SPLIT + labels/SPLIT, also SPLIT/images + SPLIT/labels",
    found_in=has_yolo,
    open=open_yolo,
    write=write_yolo,
    loses=LOSES,
    source="https://docs.ultralytics.com/datasets/segment/",
)
