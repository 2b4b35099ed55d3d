"""Folders of pictures and masks that lie beside each other: which belong together, as what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from segwright.formats.entry import UNDIVIDED, listed
from segwright.formats.faults import Fault
from segwright.formats.masks.roles import Name, Role, read_name
from segwright.formats.masks.side_by_side import side_by_side
from segwright.formats.masks.sources import (
    Folders,
    Layout,
    Part,
    folders_in,
    may_hold_pictures,
    pictures_directly_in,
)


def parts_beside(folder: Path, children: Sequence[Path]) -> Layout:
    """The parts whose folders or files lie directly in a folder."""
    names = {child: read_name(child.name) for child in children}
    masks = [
        c for c, n in names.items() if n.role in ("masks", "instances") and may_hold_pictures(c)
    ]
    if not masks:
        beside = side_by_side(folder)
        return Layout((Part(folder, beside),)) if beside else Layout()
    parts: list[Part] = []
    faults: list[Fault] = []
    for split in sorted({names[mask].split or "" for mask in masks}):
        mine = [mask for mask in masks if (names[mask].split or "") == split]
        images = _images_for(folder, mine, names, split or None)
        if images:
            found, fault = _matched(folder, images, mine, names, split or None)
            parts += found
            faults += fault
    return Layout(tuple(parts), tuple(faults))


def parts_of_roles(folder: Path, declared: Mapping[Role, Path]) -> Layout:
    """The parts of a folder in which some roles are declared; the others are told by name."""
    names = {
        child: read_name(child.name)
        for child in folders_in(folder)
        if not any(child == one or child in one.parents for one in declared.values())
    }
    chosen: dict[Role, Path] = {**declared}
    for role in ("images", "masks", "instances", "field_of_view", "ignore_masks"):
        found = [c for c, n in names.items() if n.role == role and n.split is None]
        if role in chosen or not found:
            continue
        if role in ("masks", "instances") and {"masks", "instances"} & declared.keys():
            continue  # whoever names one kind of mask wants no other
        if len(found) > 1:
            groups = (found, []) if role == "images" else ([], found)
            return Layout((), (ambiguous(folder, *groups),))
        chosen[role] = found[0]
    if "images" not in chosen and any(pictures_directly_in(folder)):
        chosen["images"] = folder
    if "images" not in chosen or not {"masks", "instances"} & chosen.keys():
        bare = (folder,) if "images" in chosen else ()
        return Layout((), (), bare)
    parts, faults = _inside(folder, chosen, None)
    return Layout(tuple(parts), tuple(faults))


def _images_for(
    folder: Path, masks: Sequence[Path], names: dict[Path, Name], split: str | None
) -> list[Path]:
    """The folders of pictures that masks of one split may belong to."""
    images = [c for c, n in names.items() if n.role == "images" and n.split == split]
    if images:
        return images
    if split:  # train beside trainannot
        images = [c for c, n in names.items() if n.is_split and n.split == split and not n.role]
    rests = {names[mask].rest for mask in masks} - {""}
    if not images:  # 01 beside 01_GT
        images = [c for c, n in names.items() if n.role is None and n.rest in rests]
    if not images and any(pictures_directly_in(folder)):
        images = [folder]
    return [one for one in images if one == folder or may_hold_pictures(one)]


def _matched(
    folder: Path,
    images: list[Path],
    masks: list[Path],
    names: dict[Path, Name],
    split: str | None,
) -> tuple[list[Part], list[Fault]]:
    """Parts of the given folders: one, or one for each further word in the names (left, right)."""
    if len(images) == 1:
        chosen, fault = _roles_of(folder, images[0], masks, names, split)
        return _inside(folder, chosen, split) if not fault else ([], [fault])
    parts, faults = [], []
    for one in images:
        mine = [mask for mask in masks if names[mask].rest == names[one].rest]
        if not mine:
            return [], [ambiguous(folder, images, masks)]
        chosen, fault = _roles_of(folder, one, mine, names, split)
        if fault:
            return [], [fault]
        found, more = _inside(folder, chosen, split)
        parts += [replace(part, prefix=f"{names[one].rest}/") for part in found]
        faults += more
    return parts, faults


def _roles_of(
    folder: Path, images: Path, masks: list[Path], names: dict[Path, Name], split: str | None
) -> tuple[dict[Role, Path], Fault | None]:
    """Role → folder, for one folder of pictures."""
    chosen: dict[Role, Path] = {"images": images}
    for role in ("masks", "instances", "field_of_view", "ignore_masks"):
        candidates = masks if role in ("masks", "instances") else list(names)
        mine = [one for one in candidates if names[one].role == role and names[one].split == split]
        if len(mine) > 1:
            return chosen, ambiguous(folder, [images], mine)
        if mine:
            chosen[role] = mine[0]
    return chosen, None


def _inside(
    folder: Path, chosen: dict[Role, Path], split: str | None
) -> tuple[list[Part], list[Fault]]:
    """One part, or one for each split if the folder of pictures holds folders named like splits."""
    flat = chosen["images"] == folder
    divided = (
        [] if flat else [c for c in folders_in(chosen["images"]) if read_name(c.name).is_split]
    )
    if not divided or split:
        return [Part(folder, Folders(chosen, flat), split)], []
    within = {role: {_place(c): c for c in folders_in(one)} for role, one in chosen.items()}
    common = set.intersection(*(set(within[r]) for r in within if r not in _OPTIONAL))
    faults = []
    for role, one in chosen.items():
        if role in _OPTIONAL:
            continue
        odd = sorted(p.name for p in one.iterdir() if p.name[0] != "." and _place(p) not in common)
        odd += sorted(name for name in within["images"] if name not in within[role])
        if odd:
            names = listed(c.name for c in divided)
            problem = f"the splits are {names}, but this folder differs in {listed(odd)}"
            remedy = "Give images and masks the same split folders and put every file into one"
            faults.append(Fault("layout", problem, str(one), remedy))
    parts = []
    for place in sorted(common):
        folders: dict[Role, Path] = {
            role: within[role][place] for role in chosen if place in within[role]
        }
        split, is_undivided = read_name(place).split, place == UNDIVIDED
        parts.append(Part(folder, Folders(folders), split, is_undivided=is_undivided))
    return parts, faults


_OPTIONAL = ("field_of_view", "ignore_masks")


def _place(folder: Path) -> str:
    """What folders of the same split are known by: the split, or else their name."""
    name = read_name(folder.name)
    return name.split if name.is_split and name.split else folder.name


def ambiguous(folder: Path, images: Sequence[Path], masks: Sequence[Path]) -> Fault:
    """The fault that several folders fit, with what to write to choose one.

    Args:
        folder: Where they lie.
        images: Candidates for the pictures.
        masks: Candidates for the masks.
    """
    fits, lines = [], []
    for role, candidates in (("images", images), ("masks", masks)):
        if candidates:
            fits.append(f"{listed(repr(path.name) for path in candidates)} for the {role}")
        if len(candidates) > 1 or (candidates and read_name(candidates[0].name).role is None):
            lines.append(f"'{role}: {candidates[0].name}'")
    return Fault(
        "layout",
        f"it is not clear which folder is what: {', '.join(fits)}",
        str(folder),
        f"Write into dataset.yaml which one counts, for example {' and '.join(lines)}; there "
        "'instances', 'field_of_view' and 'ignore_masks' may name others",
    )
