"""Datasets that are folders of pictures and folders of masks.

Which folder holds what is told by names; what the values of masks mean by looking at many of them.
Everything that is guessed on the way is said in the notes, and `dataset.yaml` can settle it:
`images`, `masks`, `instances`, `field_of_view` and `ignore_masks` name folders, `classes`,
`values`, `threshold` and `ignore` say what values mean.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import get_args

from segwright.errors import DataError
from segwright.formats.entry import (
    Collection,
    Entry,
    Undecided,
    listed,
    with_unique_keys,
)
from segwright.formats.faults import Fault, Report
from segwright.formats.format import Format, Opening
from segwright.formats.masks.layouts import find_layout, unused_folders
from segwright.formats.masks.meaning import PictureMasks, understand
from segwright.formats.masks.pairing import pair, pair_many
from segwright.formats.masks.roles import Role
from segwright.formats.masks.sources import Listing, Part
from segwright.formats.masks.writing import write_colour_masks, write_masks, write_object_masks
from segwright.formats.settings import DatasetSettings

_ROLE_TITLES: Mapping[Role, str] = {
    "images": "pictures",
    "masks": "masks",
    "instances": "masks of single objects",
    "field_of_view": "fields of view",
    "ignore_masks": "masks of what is ignored",
}


@dataclass
class _Found:
    """What all parts hold together."""

    entries: list[Entry] = field(default_factory=list)
    masks: dict[Path, PictureMasks] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)


def has_mask_folders(root: Path) -> bool:
    """Whether a folder holds pictures and masks in one of the accepted layouts."""
    return bool(find_layout(root))


def open_mask_folders(opening: Opening) -> Collection:
    """Pairs pictures with masks and decides what the mask values mean.

    Raises:
        DataError: No picture with a mask at all, or what the report raises.
        LabelError: Mask values that nothing explains.
    """
    root, settings, report = opening.root, opening.settings, opening.report
    declared = _declared(settings)
    layout = find_layout(root, declared)
    for fault in layout.faults:
        report(fault)
    found = _Found()
    for part in layout.parts:
        _add_part(found, part, root=root, report=report)
    if not found.entries:
        raise DataError(
            "no picture has a mask",
            where=root,
            remedy="Put pictures into a folder 'images' and masks of the same names into 'masks', "
            "or name the folders in dataset.yaml as 'images: FOLDER' and 'masks: FOLDER'",
        )
    entries = opening.assign(with_unique_keys(found.entries))
    meaning = understand(found.masks, entries, opening)
    decided: list[Entry] = []
    for entry in entries:
        if entry.key in meaning.sources:
            decided.append(replace(entry, labels=meaning.sources[entry.key]))
        else:
            where, remedy = str(entry.image), "Add its mask, or move the picture away"
            report(Fault("image-without-labels", "has no mask", where, remedy, entry.key))
    notes = [*meaning.notes, *_placed(root, layout.parts), *dict.fromkeys(found.notes)]
    return Collection(meaning.classes, tuple(decided), tuple(notes))


def _declared(settings: DatasetSettings) -> dict[Role, str]:
    """The folders that dataset.yaml names."""
    places = {role: getattr(settings, role) for role in get_args(Role)}
    return {role: place.rstrip("/") for role, place in places.items() if place}


def _add_part(found: _Found, part: Part, *, root: Path, report: Report) -> None:
    """Pairs the pictures of a part with their masks."""
    listing = part.source.listed(report)
    images = listing.files["images"]
    if not images:
        remedy = "Put the pictures there, or remove it"
        where = part.source.places()["images"]
        report(Fault("layout", "holds no picture", where, remedy))
        return
    one = {
        role: _one_each(listing, role, part, found, report)
        for role in ("instances", "field_of_view", "ignore_masks")
    }
    if "masks" in listing.files:
        masks = listing.files["masks"]
        pairs = pair_many(images, masks, report=report, may_lack=listing.may_lack)
        found.notes += [pairs.note] if pairs.note else []
        of_image = {
            name: (pairs.masks_of.get(name, ()))
            for name in images
            if listing.may_lack or name in pairs.masks_of
        }
    else:
        masks, of_image = {}, dict.fromkeys(one["instances"], ())
        pairs = None
    for name, mine in of_image.items():
        image = images[name]
        found.masks[image] = PictureMasks(
            image,
            tuple(masks[mask] for mask in mine),
            tuple(pairs.rest_of[mask] for mask in mine) if pairs else (),
            one["instances"].get(name),
            (one["field_of_view"].get(name), one["ignore_masks"].get(name)),
        )
        paths = found.masks[image].paths or (image,)
        folder = image.parent.relative_to(root).as_posix()
        found.entries.append(Entry(part.prefix + name, image, Undecided(paths), part.split, folder))
    if listing.others:
        found.notes.append(f"Files that are no pictures were left out: {listed(listing.others)}.")


def _one_each(
    listing: Listing, role: Role, part: Part, found: _Found, report: Report
) -> dict[str, Path]:
    """Picture → its one file of a role; empty if the part has none of this role."""
    files = listing.files.get(role)
    if not files:
        return {}
    what = {"instances": "mask", "field_of_view": "field of view"}.get(role, "ignore mask")
    images = listing.files["images"]
    pairs, note = pair(images, files, where=part.where, what=what, report=report)
    found.notes += [note] if note else []
    if role == "field_of_view":
        found.notes.append("What lies outside the field of view is ignored.")
    elif role == "ignore_masks":
        found.notes.append("What is not 0 in the ignore masks is ignored.")
    return pairs


def _placed(root: Path, parts: Sequence[Part]) -> list[str]:
    """Which folders were taken as what, and which were not taken."""
    places: dict[Role, list[str]] = {}
    for part in parts:
        for role, place in part.source.places().items():
            places.setdefault(role, []).append(_relative(place, root))
    taken = "; ".join(
        f"{_ROLE_TITLES[role]} from {listed(dict.fromkeys(names))}"
        for role, names in places.items()
    )
    notes = [f"{taken[:1].upper()}{taken[1:]}."]
    prefixes = sorted({part.prefix.rstrip("/") for part in parts})
    if len(prefixes) > 1:
        notes.append(f"{listed(prefixes)} are parts of one dataset; they are not taken as classes.")
    free = [folder.relative_to(root).as_posix() for folder in unused_folders(root, parts)]
    if free:
        notes.append(f"Folders with pictures that were not used: {listed(free)}.")
    return notes


def _relative(place: str, root: Path) -> str:
    return place.removeprefix(str(root)).lstrip("/") or "."


_SOURCE = "no standard: the folders, names and kinds of masks that public datasets use"
_OF_SHAPES: Mapping[str, str] = {
    "vertices": "polygons become pixels",
    "boxes": "boxes are filled",
    "scores": "are left out",
    "attributes": "are left out",
    "hidden": "objects without a pixel of their own are left out",
    "groups": "are not told, unless dataset.yaml says how names tell them",
}
_OF_OBJECTS: Mapping[str, str] = {
    **_OF_SHAPES,
    "identity": "objects of one class become one",
    "overlap": "the object on top keeps the pixels",
    "crowds": "are ignored like in a label map",
}

MASK_FOLDERS = Format(
    title="folders of pictures and masks",
    layout="images/ + masks/ or folders with such names, in SPLIT/ or with SPLIT/ in them; "
    "pictures beside masks such as a.jpg + a_mask.png; a folder for each picture; or any folders "
    "that dataset.yaml names as 'images: FOLDER' and 'masks: FOLDER'",
    found_in=has_mask_folders,
    open=open_mask_folders,
    write=write_masks,
    loses=_OF_OBJECTS,
    source=_SOURCE,
)

COLOUR_MASKS = Format(
    title="pictures and masks in the colours of the classes",
    layout="images/ + masks/ of RGB pictures, read as 'masks'",
    found_in=lambda root: False,
    open=open_mask_folders,
    write=write_colour_masks,
    loses={**_OF_OBJECTS, "colours": "a colour that two classes share is changed for one of them"},
    source=_SOURCE,
)

OBJECT_MASKS = Format(
    title="pictures and a mask for each object",
    layout="images/a.jpg + masks/a/CLASS_1.png, read as 'masks'",
    found_in=lambda root: False,
    open=open_mask_folders,
    write=write_object_masks,
    loses={
        **_OF_SHAPES,
        "crowds": "crowds are written as ignored regions where no object lies on them",
        "layers": "the smaller object lies on top",
    },
    source=_SOURCE,
)
