"""Datasets that are folders of pictures and folders of masks.

Accepted layouts, where SPLIT is train, val or test (also training, valid, validation, testing):

    DATA/images            DATA/masks                all in one
    DATA/images/SPLIT      DATA/masks/SPLIT          splits inside
    DATA/SPLIT/images      DATA/SPLIT/masks          splits outside
    DATA/ANY/images        DATA/ANY/masks            parts that are no splits

Beside `masks` there may be a folder `field_of_view` of 0/255 pictures. Folders may hold folders.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path

from segwright.errors import DataError
from segwright.formats.entry import (
    Collection,
    Entry,
    Undecided,
    listed,
    split_of_name,
    with_unique_keys,
)
from segwright.formats.format import Format, Opening
from segwright.formats.mask_kinds import decide_scheme
from segwright.formats.masks import MaskFile, survey
from segwright.formats.pairing import pair, pictures_in


@dataclass(frozen=True)
class _Part:
    """One folder of pictures with its masks."""

    root: Path
    images: Path
    masks: Path
    field_of_view: Path
    split: str | None
    prefix: str = ""


def has_mask_folders(root: Path) -> bool:
    """Whether a folder holds `images` and `masks` in one of the accepted layouts."""
    return bool(_parts(root))


def open_mask_folders(opening: Opening) -> Collection:
    """Pairs pictures with masks and decides what the mask values mean.

    Raises:
        DataError: Pictures without masks, masks without pictures, no picture at all, names that
            occur twice.
        LabelError: Mask values that nothing explains.
    """
    root, settings = opening.root, opening.settings
    pairs: list[tuple[_Part, str, Path, Path, Path | None]] = []
    notes: list[str] = []
    for part in _parts(root):
        found, said = _pairs(part)
        pairs += [(part, *one) for one in found]
        notes += said
    entries = [
        Entry(
            key=part.prefix + name,
            image=image,
            labels=Undecided((mask,) if view is None else (mask, view)),
            split=part.split,
            folder=image.parent.relative_to(root).as_posix(),
        )
        for part, name, image, mask, view in pairs
    ]
    entries = opening.assign(with_unique_keys(entries))
    surveyed = [entry.labels.paths[0] for entry in entries if entry.split != "test"]
    found_values = survey(surveyed or [entry.labels.paths[0] for entry in entries])
    scheme = decide_scheme(found_values, settings, where=root)
    decided = (
        replace(entry, labels=MaskFile(entry.labels.paths[0], scheme, *entry.labels.paths[1:]))
        for entry in entries
    )
    looked = f"{found_values.num_files} of {found_values.num_masks} masks were looked at"
    notes = [f"{scheme.description} ({looked}.)", *dict.fromkeys(notes)]
    return Collection(scheme.classes, tuple(decided), tuple(notes))


def _pairs(part: _Part) -> tuple[list[tuple[str, Path, Path, Path | None]], list[str]]:
    """Name, picture, mask and field of view of everything in a part, and what to say about it."""
    images, other_images = pictures_in(part.images)
    masks, other_masks = pictures_in(part.masks)
    if not images:
        raise DataError(
            "holds no picture", where=part.images, remedy="Put the pictures there, or remove it"
        )
    mask_of, note = pair(images, masks, where=part.root)
    notes = [note] if note else []
    view_of: dict[str, Path] = {}
    if part.field_of_view.is_dir():
        views, other_views = pictures_in(part.field_of_view)
        view_of, note = pair(images, views, where=part.root, what="field of view")
        notes += [note] if note else []
        notes.append("What lies outside the field of view is ignored.")
        other_masks = [*other_masks, *other_views]
    if other_images or other_masks:
        notes.append(
            f"Files that are no pictures were left out: {listed(other_images + other_masks)}."
        )
    found = [(name, images[name], mask_of[name], view_of.get(name)) for name in images]
    return found, notes


def _parts(root: Path) -> list[_Part]:
    """The folders of pictures in a dataset, in the order train, val, test, then by name.

    Raises:
        DataError: Layouts that are mixed, so that it is unclear what belongs together.
    """
    inner = [folder for folder in _folders(root) if _has_both(folder)]
    if not _has_both(root):
        return _parts_outside(root, inner)
    if inner:
        raise DataError(
            f"has 'images' and 'masks' both itself and in {listed(f.name for f in inner)}",
            where=root,
            remedy="Keep one of the two layouts",
        )
    return _parts_inside(root)


def _has_both(folder: Path) -> bool:
    return (folder / "images").is_dir() and (folder / "masks").is_dir()


def _parts_outside(root: Path, folders: list[Path]) -> list[_Part]:
    """DATA/SPLIT/images; or DATA/ANY/images if none of the folders is named like a split."""
    if not folders:
        return []
    bare = [f.name for f in _folders(root) if (f / "images").is_dir() and f not in folders]
    strangers = [folder.name for folder in folders if not split_of_name(folder.name)]
    if bare or (strangers and len(strangers) < len(folders)):
        raise DataError(
            f"{listed(bare)} has 'images' but no 'masks'"
            if bare
            else f"{listed(strangers)} lies beside the splits and is none",
            where=root,
            remedy="Name every folder of a split train, val or test, give it both 'images' and "
            "'masks', and move others away",
        )
    parts = []
    for folder in folders:
        split = split_of_name(folder.name)
        prefix = "" if split else f"{folder.name}/"
        images, masks, view = (folder / name for name in ("images", "masks", "field_of_view"))
        parts.append(_Part(folder, images, masks, view, split, prefix))
    return _ordered(parts)


def _parts_inside(root: Path) -> list[_Part]:
    """DATA/images/SPLIT if `images` holds folders named like splits; otherwise DATA/images."""
    images, masks, view = (root / name for name in ("images", "masks", "field_of_view"))
    names = [folder.name for folder in _folders(images) if split_of_name(folder.name)]
    if not names:
        return [_Part(root, images, masks, view, None)]
    for folder in (images, masks):
        inside = [path.name for path in folder.iterdir() if path.name[0] != "."]
        odd = sorted(set(inside) ^ set(names))
        if odd:
            raise DataError(
                f"the splits are {listed(names)}, but this folder differs in {listed(odd)}",
                where=folder,
                remedy="Give images and masks the same split folders and put every file into one",
            )
    return _ordered([_Part(root, images / n, masks / n, view / n, split_of_name(n)) for n in names])


def _ordered(parts: list[_Part]) -> list[_Part]:
    order = {"train": 0, "val": 1, "test": 2, None: 3}
    return sorted(parts, key=lambda part: (order[part.split], part.images.as_posix()))


def _folders(root: Path) -> list[Path]:
    return sorted(path for path in root.iterdir() if path.is_dir() and path.name[0] != ".")


MASK_FOLDERS = Format(
    title="folders of pictures and masks",
    layout="images/ + masks/, also SPLIT/images + SPLIT/masks or images/SPLIT + masks/SPLIT",
    found_in=has_mask_folders,
    open=open_mask_folders,
    write=None,
    loses={},
    source="the layouts and kinds of masks that this module and `formats.masks` describe",
)
