"""Datasets in Pascal VOC's layout.

    DATA/JPEGImages/            pictures, of any format
    DATA/SegmentationClass/     masks of classes: palette or grey values, or colours; 255 is ignored
    DATA/SegmentationObject/    masks of objects, if objects are told apart
    DATA/Annotations/           XML files with boxes and names, if there are any
    DATA/ImageSets/Segmentation/{train,val,trainval,test}.txt       the splits, if there are any
    DATA/labelmap.txt           names and colours as CVAT writes them; also classes.txt

DATA may hold these folders as VOCdevkit/VOC2012/ or VOC2012/ too. Without SegmentationClass the
boxes of the XML files are read.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from segwright.errors import DataError, LabelError
from segwright.formats.entry import (
    Collection,
    Entry,
    Undecided,
    listed,
    split_of_name,
    with_unique_keys,
)
from segwright.formats.faults import Fault, Report, fault_of
from segwright.formats.format import Format, Opening
from segwright.formats.masks.survey import MaskSurvey, survey
from segwright.formats.masks.values import MaskFile
from segwright.formats.objects import name_objects
from segwright.formats.pascal_voc.classes import decide_voc_scheme, declared_names
from segwright.formats.pascal_voc.labels import VocBoxes, VocLabels, names_in
from segwright.formats.pascal_voc.writing import VOC_LOSSES, write_voc
from segwright.formats.references import files_below, in_order
from segwright.formats.text import read_lines
from segwright.images import IMAGE_SUFFIXES

_SURVEYED = 64


@dataclass(frozen=True)
class _Home:
    """One folder of JPEGImages with what belongs to it, by names without suffix.

    Attributes:
        folder: The folder.
        images: The pictures.
        masks: The masks of classes.
        objects: The masks of objects.
        annotations: The XML files.
        splits: Listed names → the split, in the order of the lists; empty without lists.
    """

    folder: Path
    images: Mapping[str, Path]
    masks: Mapping[str, Path]
    objects: Mapping[str, Path]
    annotations: Mapping[str, Path]
    splits: Mapping[str, str | None]

    @property
    def labels(self) -> Mapping[str, Path]:
        """The masks, or the boxes where there are none."""
        return self.masks or self.annotations


def homes_in(root: Path) -> list[Path]:
    """The folders that hold JPEGImages and labels: the root itself, or folders in it."""
    places = [root, *sorted(root.glob("*/")), *sorted(root.glob("VOCdevkit/*/"))]
    return [
        place
        for place in places
        if (place / "JPEGImages").is_dir()
        and ((place / "SegmentationClass").is_dir() or (place / "Annotations").is_dir())
    ]


def open_voc(opening: Opening) -> Collection:
    """Pairs pictures with masks and decides what the mask values mean.

    Raises:
        DataError: No picture with labels, or what `opening.report` raises.
    """
    root, report = opening.root, opening.report
    homes = [_home(folder, report) for folder in homes_in(root)]
    if not any(home.masks for home in homes):
        return _open_boxes(opening, homes)
    notes: list[str] = []
    entries: list[Entry] = []
    for home in homes:
        found = _entries(home, root, report, notes)
        prefix = f"{home.folder.name}/" if len(homes) > 1 else ""
        entries += [replace(entry, key=prefix + entry.key) for entry in found]
    _require(entries, root)
    entries = list(opening.assign(with_unique_keys(in_order(entries))))
    found = _surveyed(entries)
    for fault in found.unreadable:
        report(fault)
    home = homes[0].folder
    scheme = decide_voc_scheme(found, opening.settings, home=home, root=root, report=report)
    labelled = (
        replace(one, labels=_labels(one, MaskFile(one.labels.paths[0], scheme, key=one.key)))
        for one in entries
    )
    if bare := sum(not _is_below(e.labels.paths, "SegmentationObject") for e in entries):
        notes.append(f"{bare} pictures have no mask of objects: their classes are all.")
    return Collection(scheme.classes, tuple(labelled), (scheme.description, *notes))


def _labels(entry: Entry, mask: MaskFile) -> VocLabels:
    further = entry.labels.paths[1:]
    objects = next((path for path in further if path.suffix.lower() != ".xml"), None)
    annotation = next((path for path in further if path.suffix.lower() == ".xml"), None)
    return VocLabels(mask, objects, annotation, entry.key)


def _is_below(paths: Iterable[Path], folder: str) -> bool:
    return any(folder in path.parts for path in paths)


def _surveyed(entries: Sequence[Entry]) -> MaskSurvey:
    """What masks hold that are spread over the dataset; those of a test split stay closed."""
    masks = [entry.labels.paths[0] for entry in entries if entry.split != "test"]
    masks = masks or [entry.labels.paths[0] for entry in entries]
    count = min(_SURVEYED, len(masks))
    return survey([masks[i * len(masks) // count] for i in range(count)])


def _require(entries: Sequence[Entry], root: Path) -> None:
    if not entries:
        raise DataError(
            "no picture with labels was found",
            where=root,
            remedy="Put pictures into JPEGImages and masks of the same names into "
            "SegmentationClass",
        )


def _open_boxes(opening: Opening, homes: Sequence[_Home]) -> Collection:
    """The boxes of XML files, where there are no masks."""
    root, report = opening.root, opening.report
    notes = ["There are no masks: boxes are read, and taken as full."]
    entries = [entry for home in homes for entry in _entries(home, root, report, notes)]
    _require(entries, root)
    entries = opening.assign(with_unique_keys(in_order(entries)))
    declared = declared_names(opening.settings, homes[0].folder, root)
    names = [] if declared is None else list(declared.names)
    if declared is None:
        for entry in entries:
            if entry.split != "test":
                try:
                    names += names_in(entry.labels.paths[0])
                except LabelError as error:
                    report(fault_of(error, "unreadable-labels", key=entry.key))
        names = sorted(set(names))
    naming = name_objects(names, opening.settings, where=root)
    boxes = (
        replace(
            one,
            labels=VocBoxes(one.labels.paths[0], one.image, naming.classes, naming.id_of, one.key),
        )
        for one in entries
    )
    return Collection(naming.classes, tuple(boxes), tuple(notes))


def _home(folder: Path, report: Report) -> _Home:
    images, masks, objects, annotations = (
        _by_name(folder / name, suffixes, report)
        for name, suffixes in (
            ("JPEGImages", IMAGE_SUFFIXES),
            ("SegmentationClass", IMAGE_SUFFIXES),
            ("SegmentationObject", IMAGE_SUFFIXES),
            ("Annotations", frozenset((".xml",))),
        )
    )
    splits = _splits(folder / "ImageSets" / ("Segmentation" if masks else "Main"), report)
    return _Home(folder, images, masks, objects, annotations, splits)


def _by_name(folder: Path, suffixes: frozenset[str], report: Report) -> dict[str, Path]:
    """Place in the folder without suffix → file."""
    found: dict[str, Path] = {}
    for path in files_below(folder) if folder.is_dir() else ():
        if path.suffix.lower() in suffixes:
            name = path.relative_to(folder).with_suffix("").as_posix()
            other = found.setdefault(name, path)
            if other is not path:
                text = f"{other.name} and {path.name} differ in the suffix alone"
                report(Fault("name-twice", text, str(folder), "Keep one of them, or rename it"))
    return found


def _splits(folder: Path, report: Report) -> dict[str, str | None]:
    """Listed names and their splits; trainval and lists of other names give none."""
    split_of: dict[str, str | None] = {}
    lists = sorted(folder.glob("*.txt")) if folder.is_dir() else []
    known = [path for path in lists if split_of_name(path.stem)]
    others = [path for path in lists if path not in known]
    if folder.name == "Main":  # there are lists for every class too
        others = [path for path in others if path.stem in ("trainval", "default")]
    for path in (*known, *others):
        split = split_of_name(path.stem)
        for name in read_lines(path):
            other = split_of.setdefault(name, split)
            if None not in (other, split) and other != split:
                text = f"{name!r:.100} is in the lists of {other} and {split}"
                remedy = "Keep it in one: scores on pictures that were learned say nothing"
                report(Fault("name-twice", text, str(path), remedy, name, severity="warning"))
    return split_of


def _entries(home: _Home, root: Path, report: Report, notes: list[str]) -> list[Entry]:
    """The pictures that are listed, or, without lists, all that have labels."""
    names = home.splits or dict.fromkeys(home.labels)
    has_test = any(name in home.labels for name, split in names.items() if split == "test")
    entries, missing, closed = [], [], 0
    for name, split in names.items():
        image, label = home.images.get(name), home.labels.get(name)
        if image is None and label is None:
            missing.append(name)
        elif image is None:
            text, remedy = "there is no picture of this name", "Add it to JPEGImages"
            report(Fault("labels-without-image", text, str(label), remedy, name))
        elif label is None and split == "test" and not has_test:
            closed += 1
        elif label is None:
            text, remedy = "has no mask in SegmentationClass", "Add it, or take it off the lists"
            report(Fault("image-without-labels", text, str(image), remedy, name))
        else:
            further = (home.objects.get(name), home.annotations.get(name)) if home.masks else ()
            paths = (label, *(path for path in further if path is not None))
            folder = image.parent.relative_to(root).as_posix()
            entries.append(Entry(name, image, Undecided(paths), split, folder))
    if missing:
        text = f"lists {len(missing)} of {len(names)} names that are no pictures: {listed(missing)}"
        remedy = "Add the pictures to JPEGImages, or take them off the lists"
        report(Fault("listed-missing", text, str(home.folder / "ImageSets"), remedy))
    _report_rest(home, names, report, notes)
    if closed:
        notes.append(f"{closed} pictures of the test split have no masks and are left out.")
    return entries


def _report_rest(
    home: _Home, names: Mapping[str, object], report: Report, notes: list[str]
) -> None:
    """Reports labels of pictures that are not listed, and masks of objects without classes."""
    unlisted = [name for name in home.labels if name not in names]
    for name in unlisted:
        if name not in home.images:
            text, remedy = "there is no picture of this name", "Add it to JPEGImages, or remove it"
            report(Fault("labels-without-image", text, str(home.labels[name]), remedy, name))
    left = [name for name in unlisted if name in home.images]
    if left and home.masks:
        text = f"{len(left)} pictures have masks but are on no list: {listed(left)}"
        report(Fault("not-listed", text, str(home.folder), "List them in ImageSets/Segmentation"))
    for name in sorted(home.objects.keys() - home.masks.keys()):
        text, remedy = "there is no mask of classes of this name", "Add it to SegmentationClass"
        report(Fault("labels-without-image", text, str(home.objects[name]), remedy, name))
    if bare := len(home.images.keys() - names.keys() - home.labels.keys()):
        notes.append(f"{bare} pictures in JPEGImages have no masks and are on no list.")


PASCAL_VOC = Format(
    title="Pascal VOC",
    layout="JPEGImages/ + SegmentationClass/, with SegmentationObject/ and ImageSets/Segmentation/",
    found_in=lambda root: bool(homes_in(root)),
    open=open_voc,
    write=write_voc,
    loses=VOC_LOSSES,
    source="http://host.robots.ox.ac.uk/pascal/VOC/voc2012/",
)
