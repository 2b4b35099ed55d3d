"""Datasets in the layout of Cityscapes.

    DATA/leftImg8bit/SPLIT/CITY/CITY_SEQUENCE_FRAME_leftImg8bit.png
    DATA/gtFine/SPLIT/CITY/CITY_SEQUENCE_FRAME_gtFine_labelIds.png       labels, and beside them
                                              _gtFine_instanceIds.png    objects, if told apart
                                              _gtFine_polygons.json      read if there are no masks

gtCoarse is read where there is no gtFine. Frames of one sequence of a city are one group.
"""

from __future__ import annotations

import re
from collections import defaultdict
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from segwright.errors import DataError
from segwright.formats.cityscapes.classes import Meaning, decide_meaning
from segwright.formats.cityscapes.labels import CityscapesLabels, CityscapesPolygons
from segwright.formats.cityscapes.writing import (
    CITYSCAPES_LOSSES,
    UNGROUPED,
    key_of_name,
    write_cityscapes,
)
from segwright.formats.entry import (
    Collection,
    Entry,
    LabelSource,
    Undecided,
    split_of_name,
    with_unique_keys,
)
from segwright.formats.faults import Fault, Report
from segwright.formats.format import Format, Opening
from segwright.formats.masks.values import MaskFile, MaskScheme
from segwright.formats.references import files_below, in_order
from segwright.images import IMAGE_SUFFIXES

_PICTURES = "leftImg8bit"
_TRUTHS = ("gtFine", "gtCoarse")
_LABELS = re.compile(
    r"(?P<core>.+)_gt(?:Fine|Coarse)_(?P<kind>labelIds|labelTrainIds|instanceIds|polygons)"
    r"\.(?P<suffix>[a-z]+)"
)
_FRAME = re.compile(r"(?P<city>[^_]+)_(?P<sequence>\d{6})_\d{6}")

_Place = tuple[str, str]
"""Folder below leftImg8bit or gtFine, and what stands before "_leftImg8bit" or "_gtFine"."""


def has_cityscapes(root: Path) -> bool:
    """Whether a folder holds leftImg8bit and gtFine or gtCoarse."""
    return (root / _PICTURES).is_dir() and any((root / truth).is_dir() for truth in _TRUTHS)


@dataclass(frozen=True)
class _Kinds:
    """How labels of each kind are read."""

    meaning: Meaning
    labels: MaskScheme
    trained: MaskScheme

    @classmethod
    def of(cls, meaning: Meaning) -> _Kinds:
        return cls(
            meaning,
            MaskScheme(meaning.classes, meaning.id_of, meaning.description),
            MaskScheme(meaning.classes, meaning.trained_ids(), meaning.description),
        )

    def source(self, entry: Entry) -> LabelSource:
        """The labels of a picture from the best kind of file that it has."""
        paths = dict(zip(map(_kind, entry.labels.paths), entry.labels.paths, strict=True))
        for kind, scheme in (("labelIds", self.labels), ("labelTrainIds", self.trained)):
            if kind in paths:
                mask = MaskFile(paths[kind], scheme, key=entry.key)
                objects = paths.get("instanceIds") if kind == "labelIds" else None
                return CityscapesLabels(mask, objects, self.meaning, entry.key)
        meaning = self.meaning
        return CityscapesPolygons(
            paths["polygons"],
            entry.image,
            meaning.classes,
            {name: meaning.id_of[number] for number, name in meaning.name_of.items()},
            entry.key,
            frozenset(meaning.name_of[number] for number in meaning.groups),
        )


def open_cityscapes(opening: Opening) -> Collection:
    """Pairs pictures with labels; nothing is looked into.

    Raises:
        DataError: No picture with labels, or what `opening.report` raises.
    """
    root, report = opening.root, opening.report
    kinds = _Kinds.of(decide_meaning(opening.settings, where=root))
    truths = [truth for truth in _TRUTHS if (root / truth).is_dir()]
    notes = [kinds.meaning.description]
    if len(truths) > 1:
        notes.append(f"{truths[1]} is left out, because its labels are not those of {truths[0]}.")
    labels = _labels_below(root / truths[0], report)
    entries = _entries(root, labels, report, notes)
    if not entries:
        raise DataError(
            "no picture with labels was found",
            where=root / _PICTURES,
            remedy="Lay them out as leftImg8bit/train/CITY/NAME_leftImg8bit.png and "
            "gtFine/train/CITY/NAME_gtFine_labelIds.png",
        )
    entries = opening.assign(with_unique_keys(in_order(entries)))
    if number := sum(_kind(e.labels.paths[0]) == "polygons" for e in entries):
        notes.append(f"{number} pictures have no masks: their polygons are drawn.")
    groups = {entry.group for entry in entries} - {None}
    if groups and opening.settings.groups is None:
        notes.append(f"Frames of a sequence are one group; there are {len(groups)}.")
    labelled = tuple(
        Entry(e.key, e.image, kinds.source(e), e.split, e.folder, e.group) for e in entries
    )
    return Collection(kinds.meaning.classes, labelled, tuple(notes))


def _labels_below(folder: Path, report: Report) -> dict[_Place, list[Path]]:
    """The label files of every picture, masks before polygons."""
    found: defaultdict[_Place, dict[str, Path]] = defaultdict(dict)
    for path in files_below(folder):
        match = _LABELS.fullmatch(path.name)
        if match is None or (match["suffix"] == "json") != (match["kind"] == "polygons"):
            continue
        place = (path.parent.relative_to(folder).as_posix(), match["core"])
        other = found[place].setdefault(match["kind"], path)
        if other is not path:
            text = f"{other.name} and {path.name} are labels of the same picture"
            report(Fault("name-twice", text, str(path.parent), "Keep one of them"))
    order = ("labelIds", "instanceIds", "labelTrainIds", "polygons")
    return {place: [of[kind] for kind in order if kind in of] for place, of in found.items()}


def _entries(
    root: Path, labels: Mapping[_Place, Sequence[Path]], report: Report, notes: list[str]
) -> list[Entry]:
    """The pictures with their labels; those of a test split may have none."""
    entries: dict[_Place, Entry] = {}
    bare: list[Entry] = []
    for image in files_below(root / _PICTURES):
        if image.suffix.lower() not in IMAGE_SUFFIXES:
            continue
        place = folder, core = _place(image, root)
        split = split_of_name(folder.split("/")[0].removesuffix("_extra"))
        paths = tuple(labels.get(place, ()))
        inside = image.parent.relative_to(root).as_posix()
        group = _group(folder.rpartition("/")[2], core)
        entry = Entry(key_of_name(core), image, Undecided(paths), split, inside, group)
        readable = any(_kind(path) != "instanceIds" for path in paths)
        if not readable:
            bare.append(entry)
        elif entries.setdefault(place, entry) is not entry:
            text = f"{entries[place].image.name} and {image.name} differ in the suffix alone"
            remedy = "Keep one of them, or rename it"
            report(Fault("name-twice", text, str(image.parent), remedy, core))
    _report_bare(entries, bare, report, notes)
    named = entries.keys() | {_place(one.image, root) for one in bare}
    for place, paths in labels.items():
        if place not in named:
            text, remedy = "there is no picture of this name", f"Add it to {_PICTURES}"
            report(Fault("labels-without-image", text, str(paths[0]), remedy, place[1]))
    return _told_apart(entries)


def _told_apart(entries: Mapping[_Place, Entry]) -> list[Entry]:
    """The entries, with their folders before their keys if names come back in other cities."""
    if len({(one.split, one.key) for one in entries.values()}) == len(entries):
        return list(entries.values())
    return [
        replace(one, key="/".join((*folder.split("/")[1:], one.key)))
        for (folder, _), one in entries.items()
    ]


def _report_bare(
    entries: Mapping[_Place, Entry], bare: Sequence[Entry], report: Report, notes: list[str]
) -> None:
    """Reports pictures without labels, but for those of a test split that has none at all."""
    is_closed = "test" not in {entry.split for entry in entries.values()}
    closed = [one for one in bare if one.split == "test" and is_closed]
    if closed:
        notes.append(f"{len(closed)} pictures of the test split have no labels and are left out.")
    for one in bare:
        if one not in closed:
            text, remedy = "has no labelIds and no polygons", "Add them, or move the picture away"
            report(Fault("image-without-labels", text, str(one.image), remedy, one.key))


def _place(image: Path, root: Path) -> _Place:
    folder = image.parent.relative_to(root / _PICTURES).as_posix()
    return folder, image.stem.removesuffix(f"_{_PICTURES}")


def _kind(path: Path) -> str:
    match = _LABELS.fullmatch(path.name)
    assert match is not None  # only such files are listed
    return match["kind"]


def _group(city: str, core: str) -> str | None:
    """The sequence of a frame; of other names the folder, which should be that of a city."""
    frame = _FRAME.fullmatch(core)
    if frame is not None and frame["city"] == city:
        return f"{city}_{frame['sequence']}"
    return None if city in (UNGROUPED, "") or split_of_name(city) else city


CITYSCAPES = Format(
    title="Cityscapes",
    layout="leftImg8bit/SPLIT/CITY/NAME_leftImg8bit.png + gtFine/SPLIT/CITY/NAME_gtFine_*",
    found_in=has_cityscapes,
    open=open_cityscapes,
    write=write_cityscapes,
    loses=CITYSCAPES_LOSSES,
    source="https://github.com/mcordts/cityscapesScripts",
)
